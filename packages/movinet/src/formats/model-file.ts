import { defaultCard } from "../model/card.ts";
import { checkWeights } from "../model/check-weights.ts";
import { checkCard, checkSize } from "../model/limits.ts";
import { metadataTexts, readMetadata } from "../model/metadata.ts";
import type { Model } from "../model/model.ts";
import { formatOf, type ModelFormat } from "./file-kind.ts";
import { readOwnOnnx } from "./onnx/read.ts";
import { readPytorch } from "./pytorch/read.ts";
import { writePytorch } from "./pytorch/write.ts";
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

/** How {@link writeModel} writes. */
interface WriteOptions {
  /** `safetensors` (the default): our own format. `pt`: a PyTorch state dict with the names of the public port. */
  readonly format?: "safetensors" | "pt" | undefined;
  /** JSON that is kept in the file as `movinet.receipt`: what was found when the file was compared. */
  readonly receipt?: string | undefined;
}

/**
 * The bytes of a file with the weights of a model, and its spec and card as JSON: in our own format in the metadata, in a PyTorch
 * file (`format: "pt"`, a state dict with the names of the public port) as records of the archive, which PyTorch passes over. The same
 * model gives the same bytes.
 */
export function writeModel(model: Model, { format = "safetensors", receipt }: WriteOptions = {}): Uint8Array {
  if (format === "pt") return writePytorch(model, receipt);
  return writeSafetensors(model.weights, metadataTexts(model, null, receipt));
}
