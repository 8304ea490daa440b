import { defaultCard } from "../model/card.ts";
import { checkWeights } from "../model/check-weights.ts";
import { checkCard, checkSize } from "../model/limits.ts";
import { metadataTexts, readMetadata } from "../model/metadata.ts";
import type { Model } from "../model/model.ts";
import { formatOf, type ModelFormat } from "./file-kind.ts";
import { readOwnOnnx } from "./onnx/read.ts";
import { readPytorch } from "./pytorch/read.ts";
import { openSafetensors, writeSafetensors } from "./safetensors.ts";
import { embeddedLabels } from "./tflite/read/embedded-labels.ts";
import { readTflite } from "./tflite/read/import.ts";
import { readOwnTflite } from "./tflite/read/own.ts";
import { readModel as readTfliteFile } from "./tflite/read/schema.ts";
import { unprovenInt8 } from "./unproven.ts";
import type { Told } from "./weights/infer.ts";

/** A model as it was read from a file. */
export interface ReadModel extends Model {
  readonly format: ModelFormat;
  /** What is to be known before its answers are trusted, each in one line. */
  readonly warnings: readonly string[];
}

/**
 * Reads a model from the bytes of a file of any format that we know: ours (`.safetensors`), TFLite, PyTorch, or ONNX that we wrote.
 * `subject` names the file in errors, `name` becomes the card's name where the file carries no card; `told` is what its
 * weights cannot tell.
 * Throws {@link ModelError} (`E_MODEL_FORMAT`, `E_MODEL_TENSORS`, `E_MODEL_SIGNATURE`).
 */
export function readModel(bytes: Uint8Array, subject: string, name?: string, told?: Told): ReadModel {
  const format = formatOf(bytes.subarray(0, headBytes), bytes.length, subject);
  if (format === "tflite") return { ...readAnyTflite(bytes, subject, name), format };
  if (format === "onnx") return { ...readOwnOnnx(bytes, subject), format, warnings: [] };
  if (format === "pt") return { ...readPytorch(bytes, subject, { name, told }), format };
  const { shapes, metadata, tensors } = openSafetensors(bytes, subject);
  const { spec, card } = readMetadata(metadata, subject);
  const graph = checkSize(spec, card.frames ?? 1, subject);
  checkCard(card, spec, subject);
  checkWeights(graph, shapes, subject);
  return { spec, weights: tensors(), card, format, warnings: [] };
}

/** How much of a file tells its format. */
const headBytes = 4096;

function readAnyTflite(bytes: Uint8Array, subject: string, name: string | undefined): Omit<ReadModel, "format"> {
  const own = readOwnTflite(bytes, subject);
  if (own) return { ...own, warnings: [] };
  const { spec, weights, output, dtype } = readTflite(bytes, subject);
  const file = readTfliteFile(bytes, subject);
  const unproven = unprovenInt8(spec, dtype, file.metadata["movinet.receipt"]);
  const { names, warnings } = embeddedLabels(bytes, file, spec.classes);
  const card = { ...defaultCard(spec, name), labels: names };
  return {
    spec,
    weights,
    card: output === "sigmoid" ? { ...card, output } : card,
    warnings: [...(unproven === null ? [] : [unproven]), ...warnings],
  };
}

/**
 * The bytes of our own format: one `.safetensors` file with spec and card as JSON in its metadata, and `receipt`, JSON of
 * what was found when the file was compared.
 */
export function writeModel(model: Model, receipt?: string): Uint8Array {
  return writeSafetensors(model.weights, metadataTexts(model, null, receipt));
}
