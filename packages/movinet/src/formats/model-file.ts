import { ModelError } from "../common/errors.ts";
import { listed } from "../common/printable.ts";
import { metadataTexts } from "../model/metadata.ts";
import type { Model } from "../model/model.ts";
import { unpackArchive } from "./archive.ts";
import { formatOf, headBytes } from "./file-kind.ts";
import { readOwnOnnx } from "./onnx/read.ts";
import { type ReadModel, readOwnFile } from "./own-file.ts";
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
 * Reads a model from the bytes of a file of any format that we know: ours (`.safetensors`), TFLite, PyTorch, or ONNX that we wrote;
 * or from several files by their names, among which is one model: a SavedModel, a TensorFlow checkpoint, or a file.
 * `subject` names them in errors, `name` becomes the card's name where the file carries no card; `told` is what its
 * weights cannot tell.
 * Throws {@link ModelError} (`E_MODEL_FORMAT`, `E_MODEL_TENSORS`, `E_MODEL_SIGNATURE`).
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
  if (format === "onnx") return { ...readOwnOnnx(bytes, subject), format, warnings: [] };
  return { ...readPytorch(bytes, subject, { name, told }), format };
}

/** The model that is among some files: of a checkpoint, else the one file that is a model. */
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
        ? "no model is in it"
        : `it holds ${models.length} models (${listed(models.map(([file]) => file))})`,
    remedy: "Give the files of one model, such as a SavedModel",
  });
}

const basename = (name: string) => name.slice(name.lastIndexOf("/") + 1);

function isModelFile(name: string): boolean {
  return /\.(safetensors|tflite|onnx|pt|pth)$/.test(name);
}

/** Reads the model that is in an archive, `.tar.gz` or `.tar`. Throws what {@link readModel} and the archive's reader throw. */
export async function readArchive(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  subject: string,
  name?: string,
  told?: Told,
): Promise<ReadModel> {
  const isWanted = (file: string) => isCheckpointFile(file) || isModelFile(file) || basename(file) === graphFile;
  return readAmong(await unpackArchive(source, subject, isWanted), subject, name, told);
}

/** How {@link writeModel} writes. */
interface WriteOptions {
  /**
   * `safetensors` (the default): our own format. `pt`: a PyTorch state dict with the names of the public port. `checkpoint`: a TensorFlow
   * checkpoint for the official code, which is two files.
   */
  readonly format?: "safetensors" | "pt" | "checkpoint" | undefined;
  /** JSON that is kept in the file as `movinet.receipt`: what was found when the file was compared. */
  readonly receipt?: string | undefined;
}

/**
 * The bytes of a file with the weights of a model, and its spec and card as JSON: in our own format in the metadata, in a PyTorch
 * file (`format: "pt"`, a state dict with the names of the public port) as records of the archive, which PyTorch passes over; of a
 * TensorFlow checkpoint its files by their endings, `.index` and `.data-00000-of-00001`, of which no object of Python sees them. The
 * same model gives the same bytes.
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
