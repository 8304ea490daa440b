import { existsSync } from "node:fs";
import nodeModule from "node:module";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DependencyError, missingPeer, type peers } from "./errors.ts";

/** The location of this code, or of the bundle that contains it. In CommonJS bundles `import.meta` is empty. */
const here = import.meta.url ?? pathToFileURL(__filename).href;
/** Version of this package; a bundle never runs with files of another version. */
export const version = "0.1.0";

/** Node's `require`, resolving packages from the location of this code. */
export const requireHere: NodeJS.Require = nodeModule.createRequire(here);

/**
 * Loads an optional package with native code. Bundlers must not see the import, because they cannot bundle it; it is
 * resolved where it is installed. Throws {@link DependencyError} if it is missing.
 */
export function requirePeer<Package>(name: keyof typeof peers): Package {
  try {
    return requireHere(name) as Package;
  } catch (cause) {
    throw missingPeer(name, cause);
  }
}

/** Path of a file of an optional package. Throws {@link DependencyError} if the package is missing. */
export function resolvePeer(name: keyof typeof peers, file: string = name): string {
  try {
    return requireHere.resolve(file);
  } catch (cause) {
    throw missingPeer(name, cause);
  }
}

/**
 * The module at a path below the sources, such as `video/decoder-child.node`: TypeScript in the repository, JavaScript
 * in the package. Code for a separate thread or process must be a file, so a bundle uses the package installed next to
 * it. Throws {@link DependencyError} if that is missing or another version.
 */
export function ownModule(path: string): URL {
  const beside = new URL(`../${path}${extname(fileURLToPath(here))}`, here);
  if (existsSync(beside)) return beside;
  const entry = installed();
  return new URL(`./${path}${extname(entry)}`, pathToFileURL(entry));
}

/** Path of the entry of the package installed next to a bundle. */
function installed(): string {
  const refuse = (problem: string, cause?: unknown) =>
    new DependencyError({
      code: "E_DEPENDENCY_MISSING",
      subject: "movinet",
      problem: `a bundled program loads its worker threads and processes from the movinet package, ${problem}`,
      remedy: `Run npm i movinet@${version} next to the bundle`,
      cause,
    });
  let entry: string;
  try {
    entry = requireHere.resolve("movinet");
  } catch (cause) {
    throw refuse("which is not installed next to the bundle", cause);
  }
  const { version: found } = requireHere(fileURLToPath(new URL("../package.json", pathToFileURL(entry)))) as {
    readonly version: string;
  };
  if (found !== version) throw refuse(`but the version installed next to the bundle is ${found}, not ${version}`);
  return entry;
}
