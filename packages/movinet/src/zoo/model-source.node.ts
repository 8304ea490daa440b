/** Models on disk: one file, an archive, or the files of a TensorFlow checkpoint. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { ModelError, type Refuse } from "../common/errors.ts";
import { type ReadOptions, readUserFile, userFilePieces } from "../common/read.node.ts";
import { isArchive, isGzip } from "../formats/archive.ts";
import { formatOf } from "../formats/file-kind.ts";
import { gunzipInNode } from "../formats/gunzip.node.ts";
import { readArchive, readModel } from "../formats/model-file.ts";
import type { ReadModel } from "../formats/own-file.ts";
import { checkpointAmong, graphFile, isCheckpointFile, prefixOf } from "../formats/tensorflow/read/saved-model.ts";
import type { Told } from "../formats/weights/infer.ts";
import { mostModelBytes } from "./labelled.ts";

/** Where a model is stored: one file, an archive, or the files of a TensorFlow checkpoint. */
export class ModelSource {
  /** As given by the caller. */
  readonly path: string;
  /** The files to read. */
  readonly files: readonly string[];
  /** For a checkpoint, its files by their names in a SavedModel; null: one file. */
  readonly #named: ReadonlyMap<string, string> | null;

  private constructor(path: string, named: ReadonlyMap<string, string> | null) {
    this.path = path;
    this.files = named === null ? [path] : [...named.values()];
    this.#named = named;
  }

  /**
   * The source at a path ({@link checkpointAt}). Throws {@link ModelError} (`E_MODEL_FORMAT`) for a folder with
   * several checkpoints.
   */
  static async at(path: string): Promise<ModelSource> {
    const prefix = await checkpointAt(path);
    if (prefix === null) return new ModelSource(path, null);
    const folder = dirname(prefix);
    const ofPrefix = (name: string) => isCheckpointFile(name) && prefixOf(name) === basename(prefix);
    const names = (await namesIn(folder)).filter(ofPrefix);
    const named = new Map(names.map((name) => [`${variables}/${name}`, join(folder, name)]));
    const graph = join(folder, "..", graphFile);
    const isSavedModel = basename(folder) === variables && (await stat(graph).catch(() => null))?.isFile();
    return new ModelSource(path, isSavedModel ? named.set(graphFile, graph) : named);
  }

  /**
   * The bytes of a model file; or the model, if it is in an archive or in several files. Throws {@link ModelError}:
   * `E_MODEL_UNREADABLE`, `E_MODEL_FORMAT`, and what the readers throw.
   */
  async read({ signal, told }: SourceOptions = {}): Promise<Uint8Array | ReadModel> {
    const { path } = this;
    const name = modelName(path);
    if (this.#named !== null) return readModel(await this.#readFiles(this.#named, signal), path, name, told);
    const archive = await archiveOf(path, { most: mostModelBytes, refuse: refusal(path), signal });
    return archive === null ? readModelFile(path, signal) : readArchive(archive, path, name, told);
  }

  async #readFiles(named: ReadonlyMap<string, string>, signal: AbortSignal | undefined) {
    const files = new Map<string, Uint8Array>();
    let most = mostModelBytes;
    for (const [name, file] of named) {
      const bytes = await readUserFile(file, { most, refuse: refusal(this.path), signal });
      files.set(name, bytes);
      most -= bytes.length;
    }
    return files;
  }
}

interface SourceOptions {
  /** Aborts reading: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Properties of the network that third-party weights do not reveal. */
  readonly told?: Told | undefined;
}

/**
 * The bytes of a model file. Throws {@link ModelError}: `E_MODEL_UNREADABLE`, or `E_MODEL_FORMAT` if it is not a
 * model.
 */
export async function readModelFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  const look = (head: Uint8Array, size: number) => void formatOf(head, size, path);
  return readUserFile(path, { most: mostModelBytes, refuse: refusal(path), look, signal });
}

/** The name of a model without another one. */
export function modelName(path: string): string {
  return basename(path.replace(/\.tar\.gz$/, ""), extname(path.replace(/\.tar\.gz$/, "")));
}

/**
 * The prefix of the checkpoint at a path: a SavedModel folder, or another folder with one checkpoint; a prefix; or one
 * of a checkpoint's files. Null if it is none of these. Throws {@link ModelError} (`E_MODEL_FORMAT`) for a folder with
 * several.
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

/** Files next to a checkpoint that describe it: naming one means their folder. */
const besides: ReadonlySet<string> = new Set([graphFile, "checkpoint"]);

/** The folder of the checkpoint in a SavedModel. */
const variables = "variables";

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** The content of a tar archive, unpacked while reading; null if a file is not one. */
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
