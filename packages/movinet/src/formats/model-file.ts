import { ModelError } from "../common/errors.ts";
import { listed } from "../common/printable.ts";
import { metadataTexts } from "../model/metadata.ts";
import type { Model } from "../model/model.ts";
import { unpackArchive } from "./archive.ts";
import { formatOf, headBytes } from "./file-kind.ts";
import { readOwnOnnx } from "./onnx/read.ts";
import { doubtsOf, type ReadModel, readOwnFile } from "./own-file.ts";
import { readPytorch } from "./pytorch/read.ts";
import { writePytorch } from "./pytorch/write.ts";
import { writeSafetensors } from "./safetensors.ts";
import { readCheckpoint } from "./tensorflow/read/checkpoint.ts";
import {
  checkpointAmong,
  checkpointFiles,
  graphFile,
  graphOf,
  isCheckpointFile,
} from "./tensorflow/read/saved-model.ts";
import { writeCheckpoint } from "./tensorflow/write/checkpoint.ts";
import { readTfliteModel } from "./tflite/read/model.ts";
import type { Told } from "./weights/infer.ts";

/**
 * Reads a model from the bytes of a file in any supported format: ours (`.safetensors`), TFLite, PyTorch, or our ONNX;
 * or from several files by name, containing one model: a SavedModel, a TensorFlow checkpoint, or a file. `subject`
 * names them in errors; `name` becomes the card's name if the file has no card; `told` supplies what the weights do
 * not reveal. Throws {@link ModelError} (`E_MODEL_FORMAT`, `E_MODEL_TENSORS`, `E_MODEL_SIGNATURE`).
 */
export function readModel(
  source: Uint8Array | ReadonlyMap<string, Uint8Array>,
  subject: string,
  name?: string,
  told?: Told,
): ReadModel {
  return source instanceof Uint8Array ? readFile(source, subject, name, told) : readAmong(source, subject, name, told);
}

function readFile(bytes: Uint8Array, subject: string, name?: string, told?: Told): ReadModel {
  const format = formatOf(bytes.subarray(0, headBytes), bytes.length, subject);
  if (format === "safetensors") return readOwnFile(bytes, subject);
  if (format === "tflite") return readTfliteModel(bytes, subject, name);
  if (format === "onnx") {
    const model = readOwnOnnx(bytes, subject);
    return { ...model, format, warnings: doubtsOf(model.integers) };
  }
  return { ...readPytorch(bytes, subject, { name, told }), format };
}

/** The model among several files: a checkpoint, else the only model file. */
function readAmong(files: ReadonlyMap<string, Uint8Array>, subject: string, name?: string, told?: Told): ReadModel {
  const prefix = checkpointAmong([...files.keys()], subject);
  if (prefix !== null) {
    const graph = files.get(graphOf(prefix) ?? "");
    const read = readCheckpoint(checkpointFiles(files, prefix), subject, { name, told, graph });
    return { ...read, format: "checkpoint" };
  }
  const models = [...files].filter(([file]) => isModelFile(file));
  const [model, another] = models;
  if (model !== undefined && another === undefined) return readFile(model[1], `${subject}/${model[0]}`, name, told);
  throw new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem:
      model === undefined
        ? "it contains no model"
        : `it contains ${models.length} models (${listed(models.map(([file]) => file))})`,
    remedy: "Pass the files of one model, such as a SavedModel",
  });
}

const basename = (name: string) => name.slice(name.lastIndexOf("/") + 1);

function isModelFile(name: string): boolean {
  return /\.(safetensors|tflite|onnx|pt|pth)$/.test(name);
}

/** Reads the model in an archive, `.tar.gz` or `.tar`. Throws what {@link readModel} and the archive reader throw. */
export async function readArchive(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  subject: string,
  name?: string,
  told?: Told,
): Promise<ReadModel> {
  const isWanted = (file: string) => isCheckpointFile(file) || isModelFile(file) || basename(file) === graphFile;
  return readAmong(await unpackArchive(source, subject, isWanted), subject, name, told);
}

/** Options of {@link writeModel}. */
interface WriteOptions {
  /**
   * `safetensors` (default): our own format. `pt`: a PyTorch state dict with the names of the public port.
   * `checkpoint`: a TensorFlow checkpoint for the official code, which is two files.
   */
  readonly format?: "safetensors" | "pt" | "checkpoint" | undefined;
  /** JSON stored in the file as `movinet.receipt`: the result of verifying the file. */
  readonly receipt?: string | undefined;
}

/**
 * The bytes of a file with a model's weights, and its spec and card as JSON: in our own format in the metadata; in a
 * PyTorch file (`format: "pt"`, a state dict with the names of the public port) as records of the archive, which
 * PyTorch ignores; for a TensorFlow checkpoint, its files by extension, `.index` and `.data-00000-of-00001`, where no
 * Python object uses them. The same model gives the same bytes.
 */
export function writeModel(
  model: Model,
  options: WriteOptions & { readonly format: "checkpoint" },
): ReadonlyMap<string, Uint8Array>;
export function writeModel(
  model: Model,
  options?: WriteOptions & { readonly format?: "safetensors" | "pt" | undefined },
): Uint8Array;
export function writeModel(
  model: Model,
  { format = "safetensors", receipt }: WriteOptions = {},
): Uint8Array | ReadonlyMap<string, Uint8Array> {
  if (format === "checkpoint") return writeCheckpoint(model, receipt);
  if (format === "pt") return writePytorch(model, receipt);
  return writeSafetensors(model.weights, metadataTexts(model, null, receipt));
}
