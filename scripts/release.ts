/**
 * `npm run release:check`: what stands between this checkout and a release (docs/releasing.md). Prints a line for each check
 * and exits with 1 where one fails.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildNotices, noticesFile } from "./notices.ts";

/**
 * The public repository as `owner/name` on GitHub. Null until there is one: packages are then packed as `private`, which npm
 * does not publish.
 */
export const repository: string | null = null;

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const manifestOf = (folder: string) => JSON.parse(read(`${folder}/package.json`)) as Manifest;

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  private?: boolean;
  exports?: unknown;
}

/** A package's manifest with what the registry shows, for the folder that holds it in the repository. */
export function publicManifest(manifest: Manifest, folder: string, home = repository): object {
  const { private: _, ...rest } = manifest;
  if (home === null) return { ...rest, private: true };
  const url = `https://github.com/${home}`;
  return {
    ...rest,
    homepage: `${url}#readme`,
    bugs: `${url}/issues`,
    repository: { type: "git", url: `git+${url}.git`, directory: folder },
    publishConfig: { access: "public", provenance: true },
  };
}

export interface Check {
  readonly what: string;
  /** What is wrong and what to do; null where all is well. */
  readonly problem: string | null;
}

/** The checks that need neither network nor git. */
export function checkFiles(home = repository): readonly Check[] {
  const { name, version } = manifestOf("packages/movinet");
  const cli = manifestOf("apps/cli");
  const versions = {
    "apps/cli/package.json": cli.version,
    "apps/cli/package.json, its dependency on movinet": cli.dependencies[name],
    "apps/cli/src/version.ts": versionIn("apps/cli/src/version.ts"),
    "packages/movinet/src/common/modules.node.ts": versionIn("packages/movinet/src/common/modules.node.ts"),
  };
  const others = Object.entries(versions).filter(([, found]) => found !== version);
  const heading = /^## (.*)$/m.exec(read("CHANGELOG.md"))?.[1] ?? "";
  const dated = new RegExp(`^${version.replaceAll(".", "\\.")} \\(\\d{4}-\\d{2}-\\d{2}\\)$`).test(heading);
  return [
    {
      what: "the repository's public address is set",
      problem: home === null ? "set `repository` in scripts/release.ts to owner/name" : null,
    },
    {
      what: `every version is ${version}`,
      problem: others.length === 0 ? null : others.map(([where, found]) => `${where} says ${found}`).join("; "),
    },
    {
      what: "CHANGELOG.md begins with this version and its date",
      problem: dated ? null : `its first heading is "${heading}": write ${version} (YYYY-MM-DD)`,
    },
    {
      what: "the notices are up to date",
      problem: read(noticesFile) === buildNotices() ? null : "run npm run notices",
    },
  ];
}

function versionIn(path: string): string | undefined {
  return /^export const version = "(.*)";$/m.exec(read(path))?.[1];
}

function checkGit(): Check {
  const changed = execFileSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" }).trim();
  return { what: "everything is committed", problem: changed === "" ? null : "commit or undo your changes" };
}

/** A version can be published once; npm answers 404 for one that is not there. */
function checkRegistry(folder: string): Check {
  const { name, version } = manifestOf(folder);
  const what = `${name}@${version} is not published yet`;
  const options = { encoding: "utf8", stdio: "pipe", shell: process.platform === "win32" } as const;
  try {
    const found = execFileSync("npm", ["view", `${name}@${version}`, "version"], options).trim();
    return { what, problem: found === "" ? null : "raise the version" };
  } catch (error) {
    const text = String((error as { stderr?: unknown }).stderr);
    return { what, problem: text.includes("E404") ? null : "the registry cannot be reached" };
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folders = ["packages/movinet", "apps/cli"];
  const checks = [...checkFiles(), checkGit(), ...folders.map(checkRegistry)];
  for (const { what, problem } of checks) console.log(problem === null ? `ok    ${what}` : `NOT   ${what}: ${problem}`);
  if (checks.some(({ problem }) => problem !== null)) process.exitCode = 1;
}
