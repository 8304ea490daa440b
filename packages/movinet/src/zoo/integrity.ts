/** Verifies bytes by their SHA-256, by git's blob ID, or against the first download. */
import { ModelError } from "../common/errors.ts";
import { strangerToText } from "../common/text.ts";
import type { Content } from "./registry.ts";

/** The SHA-256 of bytes, in hexadecimal. */
export function sha256Of(bytes: Uint8Array): Promise<string> {
  return digest("SHA-256", bytes);
}

/** Git's blob ID of these bytes: the SHA-1 of a header with their length, and the bytes. */
async function blobOf(bytes: Uint8Array): Promise<string> {
  const head = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return digest("SHA-1", whole);
}

/**
 * One SHA-256 for the files of an archive: that of the lines `sha256  path`, sorted by path. It is the same if the
 * files are packed again, while an archive's own bytes change with the time and program of packing.
 */
export async function sha256OfFiles(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const lines: string[] = [];
  for (const path of [...files.keys()].sort())
    lines.push(`${await sha256Of(files.get(path) as Uint8Array)}  ${path}\n`);
  return sha256Of(new TextEncoder().encode(lines.join("")));
}

async function digest(algorithm: "SHA-1" | "SHA-256", bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest(algorithm, bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Throws {@link ModelError} (`E_MODEL_INTEGRITY`) if bytes differ from the published ones. */
export async function checkContent(bytes: Uint8Array, content: Content, subject: string): Promise<void> {
  const [wanted, found] =
    "blob" in content
      ? ([`git blob ${content.blob}`, `git blob ${await blobOf(bytes)}`] as const)
      : ([`SHA-256 ${content.sha256}`, `SHA-256 ${await sha256Of(bytes)}`] as const);
  if (found === wanted) return;
  const stranger = strangerToText(bytes.subarray(0, 4096));
  const what = stranger === null ? "its content differs from the published file" : stranger.what;
  throw integrityError(subject, `${what} (${found} instead of ${wanted})`, "Download it from another source");
}

export function integrityError(subject: string, problem: string, remedy: string, cause?: unknown): ModelError {
  return new ModelError({ code: "E_MODEL_INTEGRITY", subject, problem, remedy, cause });
}
