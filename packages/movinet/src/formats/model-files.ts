import { ModelError } from "../common/errors.ts";
import { listed } from "../common/printable.ts";
import { unpackArchive } from "./archive.ts";
import { type ReadModel, readModel } from "./model-file.ts";
import { readCheckpoint } from "./tensorflow/read/checkpoint.ts";
import { checkpointAmong, checkpointFiles, isCheckpointFile } from "./tensorflow/read/saved-model.ts";
import type { Told } from "./weights/infer.ts";

/** Endings of files that are a model alone. */
const whole = /\.(safetensors|tflite|onnx|pt|pth)$/;

/**
 * Reads the model that is among some files, by their names: the checkpoint of a SavedModel or of a training, else the one model file.
 * Throws {@link ModelError}: what its reader throws, and `E_MODEL_FORMAT` where there is none, or more than one.
 */
export function readModelFiles(
  files: ReadonlyMap<string, Uint8Array>,
  subject: string,
  name?: string,
  told?: Told,
): ReadModel {
  const prefix = checkpointAmong([...files.keys()], subject);
  if (prefix !== null) {
    return { ...readCheckpoint(checkpointFiles(files, prefix), subject, { name, told }), format: "checkpoint" };
  }
  const models = [...files].filter(([file]) => whole.test(file));
  const [model, another] = models;
  if (model !== undefined && another === undefined) return readModel(model[1], `${subject}/${model[0]}`, name, told);
  throw new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem:
      model === undefined
        ? "no model is in it"
        : `it holds ${models.length} models (${listed(models.map(([file]) => file))})`,
    remedy: "Give the archive of one model, such as a SavedModel, or a model file",
  });
}

/** The same for the files in an archive: `.tar.gz`, or `.tar`. */
export async function readArchive(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  subject: string,
  name?: string,
  told?: Told,
): Promise<ReadModel> {
  const isWanted = (file: string) => isCheckpointFile(file) || whole.test(file);
  return readModelFiles(await unpackArchive(source, subject, isWanted), subject, name, told);
}
