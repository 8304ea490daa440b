/** Where clients of other makers come from: Python environments and npm projects with pinned packages, kept from run to run. */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const cache = fileURLToPath(new URL("../../node_modules/.cache/clients/", import.meta.url));
const scripts = fileURLToPath(new URL("python/", import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; the code of one that a signal ended is −1. */
export function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<Outcome>((resolve) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 1e8, timeout: 850_000 };
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ code: error ? (typeof error.code === "number" ? error.code : -1) : 0, stdout, stderr });
    });
  });
}

/** The end of what a program wrote, for the message of a failed test. */
export function lastLines({ stdout, stderr }: Outcome): string {
  return `${stdout}\n${stderr}`.trim().split("\n").slice(-15).join("\n");
}

/**
 * A folder that `fill` completes once; another run with the same contents finds it as it is. It is filled aside and renamed, so
 * that an interrupted run leaves no half of it.
 */
export async function kept(name: string, contents: unknown, fill: (folder: string) => Promise<void>): Promise<string> {
  const key = createHash("sha256").update(JSON.stringify(contents)).digest("hex").slice(0, 12);
  const folder = join(cache, `${name}-${key}`);
  const done = join(folder, ".complete");
  if (existsSync(done)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await fill(folder);
  writeFileSync(`${done}.part`, "");
  renameSync(`${done}.part`, done);
  return folder;
}

/** A Python of a version such as "3.11", as the system or pyenv has it; null where there is none. */
export function findPython(version: string): string | null {
  const candidates = [`python${version}`, "python3"];
  try {
    const root = join(execFileSync("pyenv", ["root"], { encoding: "utf8", stdio: "pipe" }).trim(), "versions");
    const own = readdirSync(root).filter((name) => name.startsWith(`${version}.`));
    candidates.push(...own.map((name) => join(root, name, "bin", "python3")));
  } catch {
    // no pyenv here
  }
  const isRight = (program: string) => {
    try {
      const script = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])";
      return execFileSync(program, ["-c", script], { encoding: "utf8", stdio: "pipe" }).trim() === version;
    } catch {
      return false;
    }
  };
  return candidates.find(isRight) ?? null;
}

/** Why no client can be installed from Python's registry, or the empty string. */
export function pythonObstacle(version: string): string {
  const python = findPython(version);
  if (python === null) return ` (skipped: there is no Python ${version} with ensurepip)`;
  try {
    execFileSync(python, ["-m", "pip", "download", "--no-deps", "--quiet", "-d", join(cache, "probe"), "six==1.16.0"], {
      stdio: "pipe",
      timeout: 60_000,
    });
    return "";
  } catch {
    return " (skipped: Python's package registry cannot be reached)";
  }
}

/** The program of a virtual environment with exactly these packages. Packages of `bare` come without what they ask for. */
export async function pythonWith(
  version: string,
  name: string,
  requirements: readonly string[],
  bare: readonly string[] = [],
): Promise<string> {
  const base = findPython(version);
  if (base === null) throw new Error(`there is no Python ${version}`);
  const program = (folder: string) =>
    process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
  const folder = await kept(name, [version, requirements, bare], async (folder) => {
    await mustRun(base, ["-m", "venv", folder]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary"];
    if (requirements.length > 0) await mustRun(program(folder), [...pip, ...requirements]);
    if (bare.length > 0) await mustRun(program(folder), [...pip, "--no-deps", ...bare]);
  });
  return program(folder);
}

/** A folder of Python packages without what they ask for, which a script puts before those of its environment. */
export async function pythonPackages(program: string, name: string, packages: readonly string[]): Promise<string> {
  return kept(name, packages, async (folder) => {
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
    await mustRun(program, [...pip, "--target", folder, ...packages]);
  });
}

/** Why no client can be installed from npm's registry, or the empty string. */
export function npmObstacle(): string {
  try {
    execFileSync("npm", ["view", "onnxruntime-node@1.14.0", "version"], { stdio: "pipe", timeout: 60_000 });
    return "";
  } catch {
    return " (skipped: npm's package registry cannot be reached)";
  }
}

/** A project with these npm packages, installed without their install scripts. */
export async function npmProject(name: string, packages: readonly string[]): Promise<string> {
  return kept(name, packages, async (folder) => {
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
    await mustRun("npm", ["install", "--prefix", folder, ...flags, ...packages]);
  });
}

/** What a Python script of this folder prints as JSON. */
export async function runPython<Result>(program: string, script: string, ...args: readonly string[]): Promise<Result> {
  const outcome = await run(program, [join(scripts, script), ...args], {
    PYTHONPATH: scripts,
    TF_CPP_MIN_LOG_LEVEL: "3",
  });
  if (outcome.code !== 0) throw new Error(`${script} ended with ${outcome.code}:\n${lastLines(outcome)}`);
  return JSON.parse(outcome.stdout.trim().split("\n").at(-1) ?? "") as Result;
}

export async function mustRun(program: string, args: readonly string[]): Promise<void> {
  const outcome = await run(program, args);
  if (outcome.code !== 0) throw new Error(`${program} ${args.join(" ")}:\n${lastLines(outcome)}`);
}
