import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { MovinetError } from "./errors.ts";

/**
 * Writes a file beside its place and moves it there, so that nothing half-written is left behind. Throws what
 * {@link writeError} makes.
 */
export async function writeWhole(file: string, content: string | Uint8Array, code = "E_OUTPUT_WRITE"): Promise<void> {
  const aside = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(aside, content);
    await rename(aside, file);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => {});
    throw writeError(file, cause, code);
  }
}

/** That a file or folder cannot be written, as a {@link MovinetError}. */
export function writeError(file: string, cause: unknown, code = "E_OUTPUT_WRITE"): MovinetError {
  return new MovinetError({
    code,
    subject: file,
    problem: `it cannot be written (${(cause as NodeJS.ErrnoException).code ?? cause})`,
    remedy: "Choose a folder that exists, has room and that you may write to",
    cause,
  });
}
