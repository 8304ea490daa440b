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

/**
 * Reads a file that a user named: a regular file of at most `most` bytes. Pipes and devices, which never end, folders, and
 * files that are too large or that may not be read throw what `refuse` makes.
 */
export async function readUserFile(path: string, { most, refuse, look, signal }: ReadOptions): Promise<Uint8Array> {
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
    const bytes = new Uint8Array(facts.size);
    let length = await fill(handle, bytes.subarray(0, headBytes), 0).catch(failed);
    look?.(bytes.subarray(0, length), facts.size);
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
