import { createHash, randomUUID } from "node:crypto";
import { constants, existsSync, realpathSync, type Stats } from "node:fs";
import { access, chmod, lstat, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { MovinetError } from "./errors.ts";

/** Where output goes: the file a path names, links followed, and what exists there now (null: nothing). */
export interface OutputFile {
  readonly path: string;
  readonly facts: Stats | null;
}

/**
 * Writes a file under a temporary name and renames it, so that it is complete or absent. An existing file keeps its
 * permissions, and a link followed by {@link findOutput} stays a link. Throws what {@link findOutput} and
 * {@link writeError} return, and what `content` throws.
 */
export async function writeWhole(
  file: string,
  content: string | Uint8Array | AsyncIterable<string>,
  code = "E_OUTPUT_WRITE",
): Promise<void> {
  const { path, facts } = await findOutput(file, code);
  const aside = asideOf(path);
  try {
    const output = await open(aside, "wx");
    try {
      if (facts) await output.chmod(facts.mode & 0o777);
      await output.writeFile(content);
    } finally {
      await output.close();
    }
    await rename(aside, path);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => {});
    throw isSystemError(cause) ? writeError(file, cause, code) : cause;
  }
}

/**
 * A temporary file next to `file`, for writers that need more than {@link writeWhole}: {@link FileAside.keep} renames it to
 * `file`, and disposal before that removes it.
 */
export class FileAside implements AsyncDisposable {
  /** Where to write. */
  readonly path: string;
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.path = asideOf(existsSync(file) ? realpathSync(file) : file);
  }

  /** Throws what {@link findOutput} throws and {@link writeError} returns. */
  async keep(): Promise<void> {
    const { path, facts } = await findOutput(this.#file);
    try {
      if (facts) await chmod(this.path, facts.mode & 0o777);
      await rename(this.path, path);
    } catch (cause) {
      throw writeError(this.#file, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { force: true }).catch(() => {});
  }
}

/** A name for a temporary file next to `path`. */
function asideOf(path: string): string {
  return join(dirname(path), `${asidePrefix(path)}${randomUUID()}.tmp`);
}

/** Names may be as long as a file system allows, so that nothing can be added to them. */
function asidePrefix(path: string): string {
  return `.${createHash("sha256").update(basename(path)).digest("hex").slice(0, 16)}-`;
}

/** Removes temporary files of `path` that killed processes have left. Only for who knows that nobody writes it now. */
export async function removeAsides(path: string): Promise<void> {
  const prefix = asidePrefix(path);
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    const isAside = name.startsWith(prefix) && name.endsWith(".tmp");
    if (isAside) await rm(join(dirname(path), name), { force: true });
  }
}

/** Creates a folder and its parents. Throws what {@link writeError} returns. */
export async function makeFolder(folder: string): Promise<void> {
  await makeFolders(folder, 0o777).catch((cause: unknown) => {
    throw writeError(folder, cause);
  });
}

/**
 * Creates a folder and its parents with these permissions. Node's own function loops forever if the system reports a
 * missing folder although its parent exists, as in /proc. Throws the system's error.
 */
export async function makeFolders(folder: string, mode: number): Promise<void> {
  const isFolder = async (path: string) => (await stat(path).catch(() => null))?.isDirectory() ?? false;
  if (await isFolder(folder)) return;
  const around = dirname(resolve(folder));
  const isThere = await stat(around).catch(nullIfAbsent);
  if (!isThere && around !== resolve(folder)) await makeFolders(around, mode);
  await mkdir(folder, { mode }).catch(async (cause: unknown) => {
    // Another process may have created it meanwhile.
    if (!(await isFolder(folder))) throw cause;
  });
}

/**
 * Finds out where writing to a path would go, and that it is possible: a new or replaceable file in a writable folder.
 * Follows a symbolic link to its file, unless another user (other than root) created it. Throws a {@link MovinetError}
 * with `code` for a folder, a device, a pipe, such a link, or a broken link.
 */
export async function findOutput(file: string, code = "E_OUTPUT_WRITE"): Promise<OutputFile> {
  const refuse = (problem: string, remedy: string) => new MovinetError({ code, subject: file, problem, remedy });
  if (file === "" || file.endsWith("/") || file.endsWith(sep))
    throw refuse("this is not a file name", "Pass the path of a file");
  try {
    const own = await lstat(file).catch(nullIfAbsent);
    const link = own?.isSymbolicLink() ?? false;
    if (own && link && !isTrusted(own)) {
      throw refuse("it is a symbolic link owned by another user", "Pass the path of the file itself, or another path");
    }
    const facts = link ? await stat(file).catch(nullIfAbsent) : own;
    if (link && !facts)
      throw refuse("it is a broken symbolic link", "Pass the path of the file itself, or delete the link");
    const path = link ? await realpath(file) : file;
    if (facts && !facts.isFile()) {
      const what = facts.isDirectory() ? "a folder" : "a device or a pipe";
      throw refuse(`it is ${what}, not a regular file`, "Pass the path of a file");
    }
    if (facts) await access(path, constants.W_OK);
    await access(dirname(path), constants.W_OK | constants.X_OK);
    return { path, facts };
  } catch (cause) {
    throw isSystemError(cause) ? writeError(file, cause, code) : cause;
  }
}

/** Whether this user made it, or root; true where there are no such users (Windows). */
function isTrusted({ uid }: Stats): boolean {
  const user = process.getuid?.();
  return user === undefined || uid === user || uid === 0;
}

function nullIfAbsent(cause: NodeJS.ErrnoException): null {
  if (cause.code === "ENOENT") return null;
  throw cause;
}

function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return cause instanceof Error && "syscall" in cause;
}

const full = new Set(["ENOSPC", "EDQUOT"]);

/** That a file or folder cannot be written, as a {@link MovinetError}. */
export function writeError(file: string, cause: unknown, code = "E_OUTPUT_WRITE"): MovinetError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new MovinetError({
    code,
    subject: file,
    problem: `cannot write${full.has(reason) ? ": the disk is full" : ""} (${reason})`,
    remedy: full.has(reason)
      ? "Free up space, or choose a folder on another disk"
      : "Choose an existing, writable folder with enough free space",
    cause,
  });
}
