import { isUtf8 } from "node:buffer";
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { Refuse } from "./errors.ts";
import { formatBytes } from "./printable.ts";

export interface ReadOptions {
  /** The most bytes that are read; a larger file is refused before anything is kept of it. */
  readonly most: number;
  /** Makes the error of whatever is wrong with the file. */
  readonly refuse: Refuse;
  /** Looks at the first 4 kB and at the size before the rest is read, and throws for what is not wanted. */
  readonly look?: (head: Uint8Array, size: number) => void;
  /** Ends the reading: the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How a file is opened to be read: should it be a pipe, opening does not wait for its other end. */
export const toRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const headBytes = 4096;
const chunkBytes = 2 ** 24;
const pieceBytes = 2 ** 18;

/**
 * Reads a file that a user named: a regular file of at most `most` bytes. Pipes and devices, which never end, folders, and
 * files that are too large or that may not be read throw what `refuse` makes.
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

/** The same in pieces, as they are asked for: of a large file no more is in memory than is used. `look` sees the first one. */
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
        `it has ${formatBytes(facts.size)}, and at most ${formatBytes(most)} are read`,
        "Give the right file",
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

/** Throws where this is no file that can be read to its end. */
function refuseIrregular(facts: Stats, refuse: Refuse): void {
  const problem = irregularity(facts);
  if (problem !== null) throw refuse(problem, "Give a regular file");
}

/** What something is that is no regular file, as in "it is a folder"; null where it is one. */
export function irregularity(facts: Stats): string | null {
  if (facts.isFile()) return null;
  return facts.isDirectory() ? "it is a folder" : `it is ${oddKind(facts)}, not a file`;
}

/** What something is that is neither a file nor a folder. */
export function oddKind(facts: Stats): string {
  if (facts.isFIFO()) return "a pipe";
  return facts.isSocket() ? "a socket" : "a device";
}

/** What a failure of the file system says, as a caller's error. */
export function unreadable(cause: unknown, refuse: Refuse): Error {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return refuse("there is no such file", "Correct the path", cause);
  if (code === "EACCES" || code === "EPERM") {
    return refuse(`it may not be read (${code})`, "Give yourself the right to read it, or another file", cause);
  }
  return refuse(
    `it cannot be read (${code ?? (cause as Error).message})`,
    "Check the disk, or give another file",
    cause,
  );
}

/**
 * A name as a file system gives it, as text. Names are bytes on Linux, and not always UTF-8. Each byte 0x80–0xFF that is
 * in no valid UTF-8 character becomes the lone surrogate U+DC80–U+DCFF (Python's "surrogateescape"), so that
 * {@link bytesOfPath} gives the same bytes back. JSON writes such a character as `\udcNN`, a terminal shows U+FFFD.
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

/** The bytes of a path that {@link pathOf} made; the UTF-8 of any other. Every function of `node:fs` takes them. */
export function bytesOfPath(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path, "utf8");
  // With the flag `u` a surrogate of a pair does not match: only the lone ones stand for a byte.
  const parts = path.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part, i) => (i % 2 === 1 ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part, "utf8"))),
  );
}

/** How many bytes the valid UTF-8 character at a place has; 0 where there is none. No character begins with a shorter one. */
function characterAt(name: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= name.length; length++) {
    if (isUtf8(name.subarray(at, at + length))) return length;
  }
  return 0;
}
