/** Files of commands: outputs, checked before the work begins, and what earlier runs have left. */
import type { Stats } from "node:fs";
import { access, constants, lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { MovinetError } from "movinet";
import { bytesOfPath, findOutput, readUserFile, writeError } from "movinet/files";
import { UsageError } from "./usage.ts";

/** A file that a command reads, and what it is, in a word. */
export interface Input {
  readonly what: "model" | "video" | "list of labels";
  readonly path: string | undefined;
}

/**
 * Refuses outputs that cannot be written, that are one of the inputs (under whatever name, through links too), or that are
 * the same file twice. Inputs that are not files (URLs, folders, missing names) are not checked; `-` is
 * standard input.
 */
export async function checkOutputFiles(
  outputs: readonly (string | undefined)[],
  inputs: readonly Input[],
): Promise<void> {
  const taken = new Map<string, string>();
  const there = new Map<string, string>();
  for (const output of outputs) {
    if (output === undefined) continue;
    const { path, facts } = await findOutput(output).catch((error: unknown) => {
      throw error instanceof MovinetError ? usageOf(error) : error;
    });
    const around = await realpath(dirname(path)).catch((cause: unknown) => {
      throw usageOf(writeError(output, cause));
    });
    const place = facts ? identityOf(facts) : join(around, basename(path));
    const other = taken.get(place);
    if (other !== undefined) {
      throw new UsageError(output, `is the same file as ${other}, which is also written`, "Give two files");
    }
    taken.set(place, output);
    if (facts) there.set(place, output);
  }
  if (there.size === 0) return;
  for (const { what, path } of inputs) {
    if (path === undefined) continue;
    const facts = await stat(path === "-" ? "/dev/stdin" : bytesOfPath(path)).catch(() => null);
    const output = facts?.isFile() ? there.get(identityOf(facts)) : undefined;
    if (output === undefined) continue;
    const problem = `is also the ${what} to read${path === output ? "" : ` (${path})`}`;
    throw new UsageError(output, problem, "Choose another output file");
  }
}

/**
 * Refuses a folder that cannot be made or written to, or that holds something other than what `isOurs` knows. Makes
 * nothing yet.
 */
export async function checkOutputFolder(folder: string, isOurs: (path: string) => Promise<boolean>): Promise<void> {
  const facts = await stat(folder).catch(() => null);
  if (facts && !facts.isDirectory()) throw new UsageError(folder, "is a file, not a folder", "Choose another folder");
  if (!facts && (await lstat(folder).catch(() => null))) {
    throw new UsageError(folder, "is a broken symbolic link", "Choose a folder, or remove the link");
  }
  let names: readonly string[] = [];
  try {
    await access(facts ? folder : await nearest(folder), constants.W_OK | constants.X_OK);
    if (facts) names = await readdir(folder);
  } catch (cause) {
    throw usageOf(writeError(folder, cause));
  }
  if (names.length === 0 || (await isOurs(folder))) return;
  throw new UsageError(folder, "already contains other files", "Choose a new folder, or empty it");
}

/** Refuses a folder in a dataset that is a folder of folders: it would become a class of it. */
export async function checkOutsideDataset(folder: string, dataset: string): Promise<void> {
  const root = await realpath(dataset).catch(() => null);
  const names = root === null ? null : await readdir(root).catch(() => null);
  if (root === null || names === null || names.some((name) => /^manifest\.(csv|jsonl)$/.test(name))) return;
  const around = await realpath(await nearest(folder)).catch(() => null);
  if (around === null || !`${around}${sep}`.startsWith(`${root}${sep}`)) return;
  throw new UsageError(
    folder,
    `lies inside the dataset ${dataset} and would become one of its classes`,
    "Choose another --out",
  );
}

/** Where a folder is, or would be made: its path without links. */
export async function placeOf(folder: string): Promise<string> {
  const path = resolve(folder);
  const outer = await realpath(path).catch(() => null);
  if (outer !== null || dirname(path) === path) return outer ?? path;
  return join(await placeOf(dirname(path)), basename(path));
}

/** The innermost folder that is there, of those that a path goes through. */
async function nearest(path: string): Promise<string> {
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    // Of a file, this is ENOTDIR.
    const there = await stat(`${folder}/.`).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT" && folder !== dirname(folder)) return null;
      throw cause;
    });
    if (there) return folder;
  }
}

/** What cannot be written is wrong usage. */
function usageOf({ subject, problem, remedy }: MovinetError): UsageError {
  return new UsageError(subject, problem, remedy);
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev} ${ino}`;
}

/** Bytes of a file that a run has left. */
const mostKept = 100_000_000;

/** The text of a file that a run of ours has left, such as its settings; null where it cannot be read. */
export async function keptText(path: string): Promise<string | null> {
  const refuse = (problem: string) => new Error(problem);
  const bytes = await readUserFile(path, { most: mostKept, refuse }).catch(() => null);
  return bytes && new TextDecoder().decode(bytes);
}
