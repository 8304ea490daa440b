import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatBytes } from "../common/printable.ts";
import { bytesOfPath, oddKind, toRead } from "../common/read.node.ts";
import { Fail } from "./decoder-output.node.ts";
import { limits } from "./failures.ts";

/** A file that was opened here: FFmpeg gets its descriptor, and so never looks at its name. */
export interface InputFile {
  readonly descriptor: number;
  /** Bytes. */
  readonly size: number;
  /** The first bytes of the file, at most so many. */
  head(length: number): Buffer;
  close(): void;
}

/** Opens a file by the bytes of its name. Throws {@link Fail} for what is no regular file, or an empty one. */
export function openInputFile(path: string): InputFile {
  const descriptor = openDescriptor(path);
  try {
    return inputFile(descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function openDescriptor(path: string): number {
  try {
    return openSync(bytesOfPath(path), toRead);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw new Fail("notFound", "no such file");
    if (code === "ENXIO") throw new Fail("notFile", "a socket or a device");
    throw new Fail("denied", `cannot open this file (${code})`);
  }
}

/** The file of an open descriptor, which belongs to it. */
export function inputFile(descriptor: number): InputFile {
  const found = fstatSync(descriptor);
  if (found.isDirectory()) throw new Fail("notFound", "it is a folder");
  if (!found.isFile()) throw new Fail("notFile", oddKind(found));
  if (found.size === 0) throw new Fail("empty", "");
  return {
    descriptor,
    size: found.size,
    head(length) {
      const buffer = Buffer.alloc(Math.min(length, found.size));
      return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, 0));
    },
    close: () => closeSync(descriptor),
  };
}

const standardInput = 0;
/** Bytes FFmpeg needs at most to recognize a format. */
const probed = 1 << 20;

/**
 * Copies standard input, as it is, into a file that has no name any more: many files cannot be read without going back,
 * and an MP4 may have its index at the end. `refuse` gets its beginning and throws unless it is a video: endless input
 * would fill the disk before FFmpeg sees it. Throws {@link Fail} for what is longer than the limit, and where the disk is full.
 */
export function spoolStandardInput(refuse: (beginning: InputFile) => void): InputFile {
  const most = keeping(mostBytes);
  const { file, beginning, copy } = keeping(openUnnamed);
  try {
    const buffer = new Uint8Array(1 << 20);
    let total = 0;
    let isKnown = false;
    for (let length = read(buffer); length > 0; length = read(buffer)) {
      total += length;
      if (total > most) {
        const why = most < limits.spool.bytes ? `half the free space in ${tmpdir()}` : "the limit";
        throw new Fail("disk", `standard input is longer than ${formatBytes(most)}, ${why}`);
      }
      keeping(() => {
        for (let at = 0; at < length; ) at += writeSync(file, buffer, at, length - at);
      });
      if (isKnown || total < probed) continue;
      refuse(inputFile(beginning));
      isKnown = true;
    }
    if (total === 0) throw new Fail("input", "standard input is empty");
    return inputFile(copy);
  } catch (error) {
    closeSync(copy);
    throw error;
  } finally {
    closeSync(file);
    closeSync(beginning);
  }
}

function read(buffer: Uint8Array): number {
  try {
    return readStandardInput(buffer);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Fail("input", `standard input ${code === "EISDIR" ? "is a folder" : `cannot be read (${code})`}`);
  }
}

/** A file that no folder names any more: to write, and to read from its start, twice. */
function openUnnamed(): { readonly file: number; readonly beginning: number; readonly copy: number } {
  const folder = mkdtempSync(join(tmpdir(), "movinet-"));
  const file = openSync(join(folder, "input"), "w");
  const beginning = openSync(join(folder, "input"), "r");
  const copy = openSync(join(folder, "input"), "r");
  rmSync(folder, { recursive: true });
  return { file, beginning, copy };
}

/** Runs file operations for saving standard input; their errors become disk failures. */
function keeping<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOSPC" ? "the disk is full" : code;
    throw new Fail("disk", `cannot save standard input in ${tmpdir()} (${why})`);
  }
}

/** Bytes of standard input that are taken. */
function mostBytes(): number {
  const { bavail, bsize } = statfsSync(tmpdir());
  return Math.min(limits.spool.bytes, bavail * bsize * limits.spool.share);
}

/** Waits for bytes and returns how many came; 0 at the end. */
export function readStandardInput(buffer: Uint8Array): number {
  return readBlocking(standardInput, buffer);
}

/** Waits for bytes of a descriptor and returns how many came; 0 at the end. */
export function readBlocking(descriptor: number, buffer: Uint8Array): number {
  for (;;) {
    try {
      return readSync(descriptor, buffer);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
