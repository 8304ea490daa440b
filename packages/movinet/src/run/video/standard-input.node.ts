import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const standardInput = 0;

/**
 * Copies standard input, as it is, into a file that has no name any more, and returns its descriptor: many files cannot
 * be read without going back, and an MP4 may have its index at the end.
 */
export function spoolStandardInput(): number {
  const folder = mkdtempSync(join(tmpdir(), "movinet-"));
  const file = openSync(join(folder, "input"), "w");
  const copy = openSync(join(folder, "input"), "r");
  rmSync(folder, { recursive: true });
  const buffer = new Uint8Array(1 << 20);
  for (;;) {
    const length = readStandardInput(buffer);
    if (length === 0) break;
    for (let at = 0; at < length; ) at += writeSync(file, buffer, at, length - at);
  }
  closeSync(file);
  return copy;
}

/** Waits for bytes and returns how many came; 0 at the end. */
export function readStandardInput(buffer: Uint8Array): number {
  for (;;) {
    try {
      return readSync(standardInput, buffer);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
