import { randomUUID } from "node:crypto";
import { constants, existsSync, realpathSync, type Stats } from "node:fs";
import { access, chmod, lstat, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { MovinetError } from "./errors.ts";

/** Where something is written: the file that a path names, links followed, and what is there now (null: nothing). */
export interface OutputFile {
  readonly path: string;
  readonly facts: Stats | null;
}

/**
 * Writes a file beside its place and moves it there, so that nothing half-written is left behind. What is there keeps its
 * permissions, and a link that {@link findOutput} follows stays a link. Throws what {@link findOutput} and
 * {@link writeError} make, and what `content` throws.
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
 * A place beside a file, to be written by whoever needs more than {@link writeWhole}: {@link FileAside.keep} moves what was
 * written there to the file, and disposal before that removes it.
 */
export class FileAside implements AsyncDisposable {
  /** Where to write. */
  readonly path: string;
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.path = asideOf(existsSync(file) ? realpathSync(file) : file);
  }

  /** Throws what {@link findOutput} and {@link writeError} make. */
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

/** A name for what is written beside a file. */
function asideOf(path: string): string {
  return join(dirname(path), `.${randomUUID()}.tmp`);
}

/** Makes a folder, and those around it. Throws what {@link writeError} makes. */
export async function makeFolder(folder: string): Promise<void> {
  await makeFolders(folder, 0o777).catch((cause: unknown) => {
    throw writeError(folder, cause);
  });
}

/**
 * Makes a folder, and those around it, with these permissions. Node's own way to do so never ends where the system says
 * that nothing is there although the folder around it is, as in /proc. Throws the system's error.
 */
export async function makeFolders(folder: string, mode: number): Promise<void> {
  const isFolder = async (path: string) => (await stat(path).catch(() => null))?.isDirectory() ?? false;
  if (await isFolder(folder)) return;
  const around = dirname(resolve(folder));
  const isThere = await stat(around).catch(nullIfAbsent);
  if (!isThere && around !== resolve(folder)) await makeFolders(around, mode);
  await mkdir(folder, { mode }).catch(async (cause: unknown) => {
    // Somebody else may have made it meanwhile.
    if (!(await isFolder(folder))) throw cause;
  });
}

/**
 * Finds where writing to a path would write, and that it can: a new file, or one that may be replaced, in a folder that
 * may be written to. A symbolic link is followed to its file, but not one that another user made (unless that is root).
 * Throws a {@link MovinetError} with `code` for a folder, a device, a pipe, such a link, or a link to nothing.
 */
export async function findOutput(file: string, code = "E_OUTPUT_WRITE"): Promise<OutputFile> {
  const refuse = (problem: string, remedy: string) => new MovinetError({ code, subject: file, problem, remedy });
  if (file === "" || file.endsWith("/") || file.endsWith(sep)) throw refuse("it is no name of a file", "Name a file");
  try {
    const own = await lstat(file).catch(nullIfAbsent);
    const link = own?.isSymbolicLink() ?? false;
    if (own && link && !isTrusted(own)) {
      throw refuse("it is a symbolic link that another user made", "Name the file itself, or another one");
    }
    const facts = link ? await stat(file).catch(nullIfAbsent) : own;
    if (link && !facts) throw refuse("it is a symbolic link to nothing", "Name the file itself, or remove the link");
    const path = link ? await realpath(file) : file;
    if (facts && !facts.isFile()) {
      const what = facts.isDirectory() ? "a folder" : "a device or a pipe";
      throw refuse(`it is ${what}, and this is written as a whole file`, "Name a file");
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
    problem: `it cannot be written${full.has(reason) ? ", the disk is full" : ""} (${reason})`,
    remedy: full.has(reason)
      ? "Free some space, or choose a folder on another disk"
      : "Choose a folder that exists, has room and that you may write to",
    cause,
  });
}
