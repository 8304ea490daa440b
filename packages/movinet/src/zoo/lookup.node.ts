import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, extname, join } from "node:path";
import { ModelError, type Refuse } from "../common/errors.ts";
import { irregularity, readUserFile, unreadable } from "../common/read.node.ts";
import { formatOf } from "../formats/file-kind.ts";
import { readModel } from "../formats/model-file.ts";
import type { Told } from "../formats/weights/infer.ts";
import { labelsBeside, withOpenedLabels } from "./label-files.node.ts";
import { mostModelBytes, type OpenedModel, withKnownLabels, withLabels } from "./labelled.ts";

/** The model that is used where none is named. */
export const defaultModelName = "a0-stream";

/** Folder of the models that a name finds: `$MOVINET_CACHE`, else the platform's cache folder for `movinet`. */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  if (env["MOVINET_CACHE"]) return env["MOVINET_CACHE"];
  if (platform === "win32") return join(env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "movinet");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "movinet");
  return join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "movinet");
}

export interface FindOptions {
  /** Files of models that come with a program, by name; a file of the path that is asked for goes before. */
  readonly embedded?: Readonly<Record<string, string>> | undefined;
}

export interface ModelOptions extends FindOptions {
  /** A file of class names, one a line, or the data set whose classes they are: `kinetics-600`. A file of that name wins. */
  readonly labels?: string | undefined;
  /** What the weights of other programs cannot tell of their network; default: what their origin does, with a warning. */
  readonly told?: Told | undefined;
  /** Ends the reading: the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a model: a file of any format that we read, else a name that the cache folder holds as `.safetensors`, `.tflite` or
 * `.onnx`. Labels come from `labels` (a text file, one name a line, in output order, or `kinetics-600`), else from the
 * file: its card, or the labels that are packed into a TFLite file; else they are those of a file that we know; else they
 * come from a label file beside the model: the `.txt` with `label` in its name that has one line for each class.
 * Throws {@link ModelError}: `E_MODEL_NOT_FOUND`, `E_MODEL_UNREADABLE`, `E_MODEL_FORMAT`, `E_MODEL_SIGNATURE`,
 * `E_MODEL_TENSORS`, `E_MODEL_LABELS`.
 */
export async function openModel(nameOrFile?: string, options: ModelOptions = {}): Promise<OpenedModel> {
  const { file: _, ...model } = await openModelFile(nameOrFile, options);
  return model;
}

/** The same with the file that the model was read from. */
export async function openModelFile(
  nameOrFile: string | undefined,
  { labels, signal, embedded, told }: ModelOptions = {},
) {
  const path = await findModel(nameOrFile, { embedded });
  signal?.throwIfAborted();
  const bytes = await readModelFile(path, signal);
  signal?.throwIfAborted();
  const model = readModel(bytes, path, basename(path, extname(path)), told);
  const file = { bytes, subject: path, format: model.format };
  if (labels !== undefined) return { ...(await withOpenedLabels(model, labels)), file };
  const known = await withKnownLabels(model, bytes);
  if (known.card.labels !== null) return { ...known, file };
  return { ...withLabels(model, await labelsBeside(path, model.spec.classes)), file };
}

/** The bytes of a model file. Throws {@link ModelError}: `E_MODEL_UNREADABLE`, or `E_MODEL_FORMAT` for what is no model. */
export async function readModelFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  const look = (head: Uint8Array, size: number) => void formatOf(head, size, path);
  return readUserFile(path, { most: mostModelBytes, refuse: refusal(path), look, signal });
}

/**
 * The file of a model: a path, else an `embedded` name, else a name in the cache folder; without any, the default name. Throws {@link ModelError}:
 * `E_MODEL_NOT_FOUND`, and `E_MODEL_UNREADABLE` for a path to what is no file.
 */
export async function findModel(nameOrFile: string | undefined, { embedded = {} }: FindOptions = {}): Promise<string> {
  const name = nameOrFile ?? defaultModelName;
  const candidates = [".safetensors", ".tflite", ".onnx"].map((extension) => join(cacheFolder(), name + extension));
  if (Object.hasOwn(embedded, name)) candidates.unshift(embedded[name] as string);
  if (nameOrFile !== undefined) candidates.unshift(nameOrFile);
  let other: Error | null = null;
  for (const path of candidates) {
    const found = await lookFor(path);
    if (found === "file") return path;
    if (found !== null) other ??= found;
  }
  if (other !== null) throw other;
  const problem =
    nameOrFile === undefined ? "no model was given, and the cache holds none" : "there is no such model file or name";
  throw new ModelError({
    code: "E_MODEL_NOT_FOUND",
    subject: name,
    problem,
    remedy: `Give a .tflite, .safetensors, .onnx or .pt file, or put one at ${join(cacheFolder(), `${basename(name).replace(/\.(tflite|safetensors|onnx|pt)$/, "")}.tflite`)}`,
  });
}

/** Whether a path is that of a file; null: there is nothing; else what is wrong with it. */
async function lookFor(path: string): Promise<"file" | Error | null> {
  try {
    const facts = await stat(path);
    const problem = irregularity(facts);
    if (problem === null) return "file";
    const refuse = refusal(path);
    if (!facts.isDirectory()) return refuse(problem, "Give a regular file");
    const isThere = async (name: string) => (await stat(join(path, name)).catch(() => null))?.isFile() ?? false;
    if (await isThere("saved_model.pb")) {
      return refuse("it is the folder of a TensorFlow SavedModel", "Export it as a MoViNet .tflite file, and use that");
    }
    const inside = (await isThere("model.safetensors"))
      ? join(path, "model.safetensors")
      : "the model file that is in it";
    return refuse("it is a folder", `Name ${inside}`);
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    return ["EACCES", "EPERM", "ELOOP", "EIO"].includes(code) ? unreadable(cause, refusal(path)) : null;
  }
}

function refusal(subject: string): Refuse {
  return (problem, remedy, cause) => new ModelError({ code: "E_MODEL_UNREADABLE", subject, problem, remedy, cause });
}
