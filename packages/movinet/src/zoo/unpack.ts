/** From what an address gives to the file that is kept: archives are opened, weights of others converted. */
import { nameOf } from "../arch/spec.ts";
import { formatOf } from "../formats/file-kind.ts";
import { readModel, writeModel } from "../formats/model-file.ts";
import { defaultCard } from "../model/card.ts";
import type { Model } from "../model/model.ts";
import { checkContent, integrityError, sha256Of } from "./integrity.ts";
import { labelsNamed } from "./known-labels.ts";
import type { Source, ZooModel } from "./registry.ts";

/** A model file, ready to be kept. */
export interface Unpacked {
  readonly ending: ZooModel["ending"];
  readonly content: Uint8Array;
  /** The SHA-256 of what the address gave: of the file, or of the files of an archive. */
  readonly sha256: string;
}

/**
 * Makes the file that is kept of a model from the bytes that a source gave. Throws {@link ModelError}: `E_MODEL_INTEGRITY` where they are
 * not those that were published, and what readers throw.
 */
export async function unpack(bytes: Uint8Array, model: ZooModel, source: Source): Promise<Unpacked> {
  const { url, content } = source;
  if (content !== null) await checkContent(bytes, content, url);
  return keptOf(bytes, await sha256Of(bytes), model, source);
}

async function keptOf(bytes: Uint8Array, sha256: string, model: ZooModel, source: Source): Promise<Unpacked> {
  const format = formatOf(bytes.subarray(0, 4096), bytes.length, source.url);
  const read = readModel(bytes, source.url, model.name);
  if (nameOf(read.spec) !== model.spec) {
    throw integrityError(source.url, `it holds ${nameOf(read.spec)}, not ${model.spec}`, "Fetch it from another place");
  }
  if (format === "tflite") {
    if (model.file !== null) await checkContent(bytes, { sha256: model.file.sha256 }, source.url);
    return { ending: "tflite", content: bytes, sha256 };
  }
  if (format === "safetensors") return { ending: "safetensors", content: bytes, sha256 };
  return { ending: "safetensors", content: writeModel(await described(read, model, source, sha256)), sha256 };
}

/** A model of others with what the zoo knows of it. */
async function described({ spec, weights }: Model, model: ZooModel, source: Source, sha256: string): Promise<Model> {
  const labels = model.labels === null ? null : await labelsNamed(model.labels);
  const { url, licence } = source;
  const { accuracy } = model;
  const card = { ...defaultCard(spec, model.name), labels, source: `${url} (SHA-256 ${sha256})`, licence, accuracy };
  return { spec, weights, card };
}
