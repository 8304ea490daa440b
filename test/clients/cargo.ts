/** Where clients in Rust come from: a program with a lock file of its own, compiled where the other clients are kept. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { cache, mustRun } from "./environment.ts";

/** Of cargo 1: the oldest that compiles the crates that our clients need. */
const leastMinor = 91;

/** Why the Rust program of a folder cannot be built here, or the empty string. */
export function cargoObstacle(folder: string): string {
  const cargo = (...args: readonly string[]) =>
    execFileSync("cargo", args, { encoding: "utf8", stdio: "pipe", timeout: 120_000 });
  try {
    const [major = 0, minor = 0] = (/\d+\.\d+/.exec(cargo("--version"))?.[0] ?? "").split(".").map(Number);
    if (major < 1 || (major === 1 && minor < leastMinor)) return ` (skipped: cargo is older than 1.${leastMinor})`;
  } catch {
    return " (skipped: there is no cargo)";
  }
  try {
    cargo("fetch", "--locked", "--manifest-path", join(folder, "Cargo.toml"));
    return "";
  } catch {
    return " (skipped: Rust's package registry cannot be reached)";
  }
}

/** A Rust program, compiled with exactly the crates of its lock file. */
export async function cargoProgram(folder: string, name: string): Promise<string> {
  const target = join(cache, "cargo");
  const manifest = join(folder, "Cargo.toml");
  await mustRun("cargo", ["build", "--locked", "--quiet", "--manifest-path", manifest, "--target-dir", target]);
  return join(target, "debug", process.platform === "win32" ? `${name}.exe` : name);
}
