import { existsSync } from "node:fs";
import nodeModule from "node:module";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DependencyError, missingPeer, type peers } from "./errors.ts";

/** Where this code is: in a bundle, the bundle. Where a bundler makes CommonJS, `import.meta` is empty. */
const here = import.meta.url ?? pathToFileURL(__filename).href;
/** Of this package; a bundle is never run with another version's files. */
export const version = "0.1.0";

/** Node's `require`, which finds packages from where this code is. */
export const requireHere: NodeJS.Require = nodeModule.createRequire(here);

/**
 * An optional package with machine code, which a bundler cannot take in: it must not see the import, and the package is found
 * where it is installed. Throws {@link DependencyError} where it is not.
 */
export function requirePeer<Package>(name: keyof typeof peers): Package {
  try {
    return requireHere(name) as Package;
  } catch (cause) {
    throw missingPeer(name, cause);
  }
}

/** Path of a file of an optional package. Throws {@link DependencyError} where that is missing. */
export function resolvePeer(name: keyof typeof peers, file: string = name): string {
  try {
    return requireHere.resolve(file);
  } catch (cause) {
    throw missingPeer(name, cause);
  }
}

/**
 * The module at a path below the sources, such as `video/decoder-child.node`: TypeScript in the repository, JavaScript in the
 * package. What runs in a thread or a process of its own is a file, and a bundle has only itself: beside a bundle the
 * package is looked for. Throws {@link DependencyError} where it is not installed there, or another version is.
 */
export function ownModule(path: string): URL {
  const beside = new URL(`../${path}${extname(fileURLToPath(here))}`, here);
  if (existsSync(beside)) return beside;
  const entry = installed();
  return new URL(`./${path}${extname(entry)}`, pathToFileURL(entry));
}

/** Path of the entry of the package that is installed beside a bundle. */
function installed(): string {
  const refuse = (problem: string, cause?: unknown) =>
    new DependencyError({
      code: "E_DEPENDENCY_MISSING",
      subject: "movinet",
      problem: `this program is a bundle, and what runs in processes and threads of their own is not in it, but in the package, ${problem}`,
      remedy: `Run npm i movinet@${version} where the bundle is`,
      cause,
    });
  let entry: string;
  try {
    entry = requireHere.resolve("movinet");
  } catch (cause) {
    throw refuse("which is not installed beside it", cause);
  }
  const { version: found } = requireHere(fileURLToPath(new URL("../package.json", pathToFileURL(entry)))) as {
    readonly version: string;
  };
  if (found !== version) throw refuse(`of which another version is installed beside it (${found}, not ${version})`);
  return entry;
}
