// Plain JavaScript, like what imports it: no type is stripped before the cache is on.
import { existsSync, lstatSync, mkdirSync, realpathSync } from "node:fs";
import nodeModule from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

/**
 * Keeps what Node compiled (and stripped of its types, in the repository) in `compile` of our cache folder, for this process
 * and those that it starts. What lies there is run as it is, so nobody else may be able to write there; where somebody may,
 * nothing is kept. `NODE_COMPILE_CACHE` and `NODE_DISABLE_COMPILE_CACHE` are the user's choice and win.
 */
export function keepCompiled() {
  const { NODE_COMPILE_CACHE: own, NODE_DISABLE_COMPILE_CACHE: off } = process.env;
  if (own || off || !nodeModule.enableCompileCache) return;
  try {
    const folder = privateFolder(join(cacheFolder(), "compile"));
    if (folder === null) return;
    nodeModule.enableCompileCache(folder);
    process.env["NODE_COMPILE_CACHE"] = folder;
  } catch {
    // It is only about speed: a folder that cannot be made is done without.
  }
}

/** As in the library, which is not loaded yet; a test holds the two together. */
export function cacheFolder(env = process.env, platform = process.platform) {
  if (env["MOVINET_CACHE"]) return env["MOVINET_CACHE"];
  if (platform === "win32") return join(env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "movinet");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "movinet");
  return join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "movinet");
}

/**
 * Makes a folder in a folder. Returns its path without links; null where others may write in one of the two, or exchange
 * them, or where one is a link itself. Windows keeps a user's folders for him by its own lists, which are not looked at.
 *
 * @param {string} path
 */
function privateFolder(path) {
  makeFolder(path);
  const user = process.getuid?.();
  if (user === undefined) return resolve(path);
  const outer = resolve(dirname(path));
  const parent = join(realpathSync(dirname(outer)), basename(outer));
  const folder = join(parent, basename(path));
  for (const own of [folder, parent]) {
    const { mode, uid } = lstatSync(own);
    if ((mode & 0o170000) !== 0o040000 || uid !== user || (mode & 0o022) !== 0) return null;
  }
  for (let above = dirname(parent); ; above = dirname(above)) {
    const { mode, uid } = lstatSync(above);
    const sticky = (mode & 0o1000) !== 0;
    if ((uid !== user && uid !== 0) || ((mode & 0o022) !== 0 && !sticky)) return null;
    if (above === dirname(above)) return folder;
  }
}

/**
 * Makes a folder and those around it. Node's own way to do so never ends in places such as /proc.
 *
 * @param {string} path
 */
function makeFolder(path) {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
