/** Turns a download into the cached file: opens archives, converts third-party weights. */
import { nameOf } from "../arch/spec.ts";
import { isArchive, isGzip, unpackArchive } from "../formats/archive.ts";
import { formatOf } from "../formats/file-kind.ts";
import { readModel } from "../formats/model-file.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { isCheckpointFile } from "../formats/tensorflow/read/saved-model.ts";
import { defaultCard } from "../model/card.ts";
import { metadataTexts } from "../model/metadata.ts";
import type { Model } from "../model/model.ts";
import { checkContent, integrityError, sha256Of, sha256OfFiles } from "./integrity.ts";
import { labelsNamed } from "./known-labels.ts";
import type { Source, ZooModel } from "./registry.ts";

/** A model file, ready for the cache. */
export interface Unpacked {
  readonly ending: ZooModel["ending"];
  readonly content: Uint8Array;
  /** The SHA-256 of the download: of the file, or of the files of an archive. */
  readonly sha256: string;
}

/**
 * Creates the cached file of a model from a source's bytes. Throws {@link ModelError}: `E_MODEL_INTEGRITY` if they
 * differ from the published ones, and what the readers throw.
 */
export async function unpack(
  bytes: Uint8Array,
  model: ZooModel,
  source: Source,
  gunzip: Gunzip = (packed) => packed,
): Promise<Unpacked> {
  const { url, content } = source;
  if (content !== null) await checkContent(bytes, content, url);
  const head = bytes.subarray(0, headBytes);
  if (!isArchive(head)) return unpackFile(bytes, await sha256Of(bytes), model, source);
  return unpackArchived(isGzip(head) ? gunzip(pieces(bytes), url) : bytes, model, source);
}

/** The platform's own gzip decompression; anything packed inside is unpacked portably. */
export type Gunzip = (packed: AsyncIterable<Uint8Array>, subject: string) => AsyncIterable<Uint8Array>;

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

const pieceBytes = 2 ** 18;

const headBytes = 4096;

/** An archive with a TFLite file, or with a SavedModel. */
async function unpackArchived(
  archive: Uint8Array | AsyncIterable<Uint8Array>,
  model: ZooModel,
  source: Source,
): Promise<Unpacked> {
  const { url } = source;
  const isWanted = (name: string) => name.endsWith(".tflite") || isCheckpointFile(name);
  const files = await unpackArchive(archive, url, isWanted);
  const sha256 = await sha256OfFiles(files);
  const [file, ...others] = [...files].filter(([name]) => name.endsWith(".tflite"));
  if (file !== undefined && others.length === 0) return unpackFile(file[1], sha256, model, source);
  return converted(readModel(files, url, model.name, model.told), sha256, model, source);
}

async function unpackFile(bytes: Uint8Array, sha256: string, model: ZooModel, source: Source): Promise<Unpacked> {
  const { url } = source;
  const format = formatOf(bytes.subarray(0, headBytes), bytes.length, url);
  // Before anything reads it.
  if (format === "tflite" && model.file !== null) await checkContent(bytes, { sha256: model.file.sha256 }, url);
  const read = readModel(bytes, url, model.name, model.told);
  if (format === "pt") return converted(read, sha256, model, source);
  checkNetwork(read, model, url);
  if (format === "safetensors") return { ending: "safetensors", content: bytes, sha256 };
  if (format !== "tflite") throw integrityError(url, `unexpected format: ${format}`, "Download it from another source");
  return { ending: "tflite", content: bytes, sha256 };
}

async function converted(read: Model, sha256: string, model: ZooModel, source: Source): Promise<Unpacked> {
  checkNetwork(read, model, source.url);
  const { weights, ...texts } = await described(read, model, source, sha256);
  return { ending: "safetensors", content: writeSafetensors(weights, metadataTexts(texts, null, undefined)), sha256 };
}

function checkNetwork({ spec }: Model, model: ZooModel, url: string): void {
  if (nameOf(spec) === model.spec) return;
  throw integrityError(url, `it contains ${nameOf(spec)}, not ${model.spec}`, "Download it from another source");
}

/** A third-party model with the zoo's facts about it. */
async function described({ spec, weights }: Model, model: ZooModel, source: Source, sha256: string): Promise<Model> {
  const isPublished = spec.classes === model.classes;
  const labels = model.labels !== null && isPublished ? await labelsNamed(model.labels) : null;
  const { url, licence } = source;
  const accuracy = isPublished ? model.accuracy : null;
  const card = { ...defaultCard(spec, model.name), labels, source: `${url} (SHA-256 ${sha256})`, licence, accuracy };
  return { spec, weights, card };
}
