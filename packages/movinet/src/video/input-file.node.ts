import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { oddKind, toRead } from "../common/read.node.ts";
import { Fail } from "./decoder-fail.node.ts";
import { bytesOf } from "./path-bytes.node.ts";

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
    return openSync(bytesOf(path), toRead);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw new Fail("notFound", "there is no such file");
    if (code === "ENXIO") throw new Fail("notFile", "a socket or a device");
    throw new Fail("denied", `the file cannot be opened (${code})`);
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
