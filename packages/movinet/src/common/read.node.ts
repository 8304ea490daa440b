import { isUtf8 } from "node:buffer";
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { Refuse } from "./errors.ts";
import { formatBytes } from "./printable.ts";

export interface ReadOptions {
  /** The size limit in bytes; a larger file is refused before anything is loaded. */
  readonly most: number;
  /** Creates the error for whatever is wrong with the file. */
  readonly refuse: Refuse;
  /** Receives the first 4 kB and the size before the rest is read, and throws for unwanted files. */
  readonly look?: (head: Uint8Array, size: number) => void;
  /** Aborts reading: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Flags for opening a file to read: opening a pipe does not wait for its other end. */
export const toRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const headBytes = 4096;
const chunkBytes = 2 ** 24;
const pieceBytes = 2 ** 18;

/**
 * Reads a file named by a user: a regular file of at most `most` bytes. For pipes, devices, folders, and files that
 * are too large or unreadable, throws what `refuse` returns.
 */
export async function readUserFile(path: string, options: ReadOptions): Promise<Uint8Array> {
  const { look, signal } = options;
  const { handle, size, failed } = await openUserFile(path, options);
  try {
    const bytes = new Uint8Array(size);
    let length = await fill(handle, bytes.subarray(0, headBytes), 0).catch(failed);
    look?.(bytes.subarray(0, length), size);
    while (length < bytes.length) {
      signal?.throwIfAborted();
      const read = await fill(handle, bytes.subarray(length, length + chunkBytes), length).catch(failed);
      if (read === 0) break;
      length += read;
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}

/** The same in chunks, on demand: only the current part of a large file is in memory. `look` receives the first one. */
export async function* userFilePieces(path: string, options: ReadOptions): AsyncGenerator<Uint8Array> {
  const { look, signal } = options;
  const { handle, size, failed } = await openUserFile(path, options);
  try {
    for (let at = 0; at < size; ) {
      signal?.throwIfAborted();
      const piece = new Uint8Array(Math.min(pieceBytes, size - at));
      const read = await fill(handle, piece, at).catch(failed);
      if (at === 0) look?.(piece.subarray(0, Math.min(headBytes, read)), size);
      if (read === 0) break;
      at += read;
      yield piece.subarray(0, read);
    }
  } finally {
    await handle.close();
  }
}

async function openUserFile(path: string, { most, refuse }: ReadOptions) {
  const failed = (cause: unknown): never => {
    throw unreadable(cause, refuse);
  };
  refuseIrregular(await stat(path).catch(failed), refuse);
  const handle = await open(path, toRead).catch(failed);
  try {
    const facts = await handle.stat().catch(failed);
    refuseIrregular(facts, refuse);
    if (facts.size > most) {
      throw refuse(
        `the file is too large (${formatBytes(facts.size)}, limit ${formatBytes(most)})`,
        "Check that this is the right file",
      );
    }
    return { handle, size: facts.size, failed };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function fill(handle: FileHandle, bytes: Uint8Array, at: number): Promise<number> {
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, at + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

/** Throws unless this is a regular file. */
function refuseIrregular(facts: Stats, refuse: Refuse): void {
  const problem = irregularity(facts);
  if (problem !== null) throw refuse(problem, "Pass a regular file");
}

/** What it is if not a regular file, as in "it is a folder"; null for regular files. */
export function irregularity(facts: Stats): string | null {
  if (facts.isFile()) return null;
  return facts.isDirectory() ? "it is a folder" : `it is ${oddKind(facts)}, not a file`;
}

/** What it is if neither a file nor a folder. */
export function oddKind(facts: Stats): string {
  if (facts.isFIFO()) return "a pipe";
  return facts.isSocket() ? "a socket" : "a device";
}

/** A file system failure as the caller's error. */
export function unreadable(cause: unknown, refuse: Refuse): Error {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return refuse("no such file", "Check the path", cause);
  if (code === "EACCES" || code === "EPERM") {
    return refuse(`permission denied (${code})`, "Make the file readable, or pass another one", cause);
  }
  return refuse(`cannot read it (${code ?? (cause as Error).message})`, "Check the disk, or pass another file", cause);
}

/**
 * A file name as text. File names on Linux are bytes, and not always UTF-8. Each byte 0x80–0xFF that is not part of a
 * valid UTF-8 character becomes the lone surrogate U+DC80–U+DCFF (like Python's "surrogateescape"), so that
 * {@link bytesOfPath} can restore it. JSON writes such a character as `\udcNN`, a terminal shows U+FFFD.
 */
export function pathOf(name: Buffer): string {
  if (isUtf8(name)) return name.toString("utf8");
  const characters: string[] = [];
  for (let at = 0; at < name.length; ) {
    const length = characterAt(name, at);
    characters.push(
      length === 0 ? String.fromCharCode(0xdc00 + name.readUInt8(at)) : name.toString("utf8", at, at + length),
    );
    at += Math.max(length, 1);
  }
  return characters.join("");
}

/** The bytes of a path from {@link pathOf}; UTF-8 for any other path. All functions of `node:fs` accept them. */
export function bytesOfPath(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path, "utf8");
  // With the `u` flag, surrogates of a pair do not match: only lone ones stand for bytes.
  const parts = path.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 1 ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part, "utf8"))),
  );
}

/** Number of bytes in the valid UTF-8 character at this position; 0 if there is none. Overlong forms are invalid. */
function characterAt(name: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= name.length; length++) {
    if (isUtf8(name.subarray(at, at + length))) return length;
  }
  return 0;
}
