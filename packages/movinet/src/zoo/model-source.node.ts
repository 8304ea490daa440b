/** Models on a disk: one file, an archive, or the several files of a TensorFlow checkpoint. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { ModelError, type Refuse } from "../common/errors.ts";
import { type ReadOptions, readUserFile, userFilePieces } from "../common/read.node.ts";
import { isArchive, isGzip } from "../formats/archive.ts";
import { formatOf } from "../formats/file-kind.ts";
import { gunzipInNode } from "../formats/gunzip.node.ts";
import type { ReadModel } from "../formats/model-file.ts";
import { readArchive, readModelFiles } from "../formats/model-files.ts";
import { checkpointAmong, isCheckpointFile, prefixOf } from "../formats/tensorflow/read/saved-model.ts";
import type { Told } from "../formats/weights/infer.ts";
import { mostModelBytes } from "./labelled.ts";

/**
 * The bytes of a model file; or the model where it is in an archive, or in several files ({@link checkpointAt}). Throws
 * {@link ModelError}: `E_MODEL_UNREADABLE`, `E_MODEL_FORMAT`, and what readers throw.
 */
export async function readModelSource(
  path: string,
  { signal, told }: { readonly signal?: AbortSignal | undefined; readonly told?: Told | undefined } = {},
): Promise<Uint8Array | ReadModel> {
  const name = modelName(path);
  if ((await checkpointAt(path)) !== null) {
    return readModelFiles(await readCheckpointFiles(path, signal), path, name, told);
  }
  const options = { most: mostModelBytes, refuse: refusal(path), signal };
  const archive = await archiveOf(path, options);
  return archive === null ? readModelFile(path, signal) : readArchive(archive, path, name, told);
}

/** The bytes of a model file. Throws {@link ModelError}: `E_MODEL_UNREADABLE`, or `E_MODEL_FORMAT` for what is none. */
export async function readModelFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  const look = (head: Uint8Array, size: number) => void formatOf(head, size, path);
  return readUserFile(path, { most: mostModelBytes, refuse: refusal(path), look, signal });
}

/** The name of a model that has no other. */
export function modelName(path: string): string {
  return basename(path.replace(/\.tar\.gz$/, ""), extname(path.replace(/\.tar\.gz$/, "")));
}

/**
 * The prefix of the checkpoint that a path names: the folder of a SavedModel, or another with one checkpoint in it; a prefix itself; or
 * one of a checkpoint's files. Null where it is none. Throws {@link ModelError} (`E_MODEL_FORMAT`) for a folder with several.
 */
export async function checkpointAt(path: string): Promise<string | null> {
  const facts = await stat(path).catch(() => null);
  if (facts?.isFile() && besides.has(basename(path))) return checkpointAt(dirname(path));
  if (facts?.isDirectory()) {
    const names = [
      ...(await namesIn(path)),
      ...(await namesIn(join(path, variables))).map((name) => `${variables}/${name}`),
    ];
    const prefix = checkpointAmong(names, path);
    return prefix === null ? null : join(path, prefix);
  }
  const prefix = facts?.isFile() && isCheckpointFile(path) ? prefixOf(path) : path;
  if (facts !== null && prefix === path) return null;
  return (await stat(`${prefix}.index`).catch(() => null))?.isFile() ? prefix : null;
}

/** Files beside a checkpoint that tell of it: those who name one mean their folder. */
const besides: ReadonlySet<string> = new Set(["saved_model.pb", "checkpoint"]);

/** The folder in a SavedModel in which its checkpoint is. */
const variables = "variables";

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** The files that the model at a path is read from. */
export async function modelFilesAt(path: string): Promise<readonly string[]> {
  const prefix = await checkpointAt(path);
  if (prefix === null) return [path];
  const folder = dirname(prefix);
  const names = (await namesIn(folder)).filter((name) => isCheckpointFile(name) && prefixOf(name) === basename(prefix));
  return names.map((name) => join(folder, name));
}

/** The files of a checkpoint by their names. */
async function readCheckpointFiles(path: string, signal: AbortSignal | undefined) {
  const files = new Map<string, Uint8Array>();
  let most = mostModelBytes;
  for (const file of await modelFilesAt(path)) {
    const bytes = await readUserFile(file, { most, refuse: refusal(path), signal });
    files.set(basename(file), bytes);
    most -= bytes.length;
  }
  return files;
}

/** What a tar archive holds, unpacked as it is read; null where a file is none. */
async function archiveOf(path: string, options: ReadOptions): Promise<AsyncIterable<Uint8Array> | null> {
  for await (const piece of userFilePieces(path, options)) {
    if (!isArchive(piece)) return null;
    const pieces = userFilePieces(path, options);
    return isGzip(piece) ? gunzipInNode(pieces, path) : pieces;
  }
  return null;
}

export function refusal(subject: string): Refuse {
  return (problem, remedy, cause) => new ModelError({ code: "E_MODEL_UNREADABLE", subject, problem, remedy, cause });
}
