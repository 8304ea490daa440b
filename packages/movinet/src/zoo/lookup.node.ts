import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ModelError } from "../common/errors.ts";
import { irregularity, unreadable } from "../common/read.node.ts";
import { readModel } from "../formats/model-file.ts";
import type { Told } from "../formats/weights/infer.ts";
import { cacheFolder } from "./cache-folder.node.ts";
import { withOrigin, withZooLabels } from "./facts.ts";
import { labelsBeside, withOpenedLabels } from "./label-files.node.ts";
import { type OpenedFile, type OpenedModel, withKnownLabels, withLabels } from "./labelled.ts";
import { checkpointAt, ModelSource, modelName, refusal } from "./model-source.node.ts";
import { type PullModelOptions, pullModel } from "./pull.node.ts";
import { cacheEndings } from "./pull.ts";
import { defaultModelName, meantName, type ZooModel, zooModel } from "./registry.ts";
import { NodeStore } from "./store.node.ts";

export interface FindOptions extends PullModelOptions {
  /** Model files that come with a program, by name; a file at the given path takes precedence. */
  readonly embedded?: Readonly<Record<string, string>> | undefined;
}

export interface ModelOptions extends FindOptions {
  /** A file of class names, one per line, or a label set: `kinetics-600`. A file of that name takes precedence. */
  readonly labels?: string | undefined;
  /** Properties of the network that third-party weights do not reveal; default: as in their origin, with a warning. */
  readonly told?: Told | undefined;
}

/**
 * Opens a model: a file in any supported format, else a name in the cache folder with the extension `.safetensors`,
 * `.tflite`, `.onnx`, `.pt` or `.tar.gz`, else a name of the zoo, which is downloaded into the cache folder. Labels
 * come from the first of these: `labels` (a text file with one name per line, in output order, or `kinetics-600`); the
 * file's card or embedded labels; the content of a known file; a label file next to the model (the only `.txt` with
 * `label` in its name and one line per class); the zoo name.
 *
 * Throws {@link ModelError}: `E_MODEL_NOT_FOUND`, `E_MODEL_UNREADABLE`, `E_MODEL_FORMAT`, `E_MODEL_SIGNATURE`,
 * `E_MODEL_TENSORS`, `E_MODEL_LABELS`, `E_MODEL_DOWNLOAD`, `E_MODEL_INTEGRITY`.
 */
export async function openModel(nameOrFile?: string, options: ModelOptions = {}): Promise<OpenedModel> {
  const { file: _, ...model } = await openModelFile(nameOrFile, options);
  return model;
}

/** The same, with the file that the model was read from. */
export async function openModelFile(
  nameOrFile: string | undefined,
  { labels, told, ...options }: ModelOptions = {},
): Promise<OpenedFile> {
  const { signal } = options;
  const path = await findModel(nameOrFile, options);
  signal?.throwIfAborted();
  const named = zooNamed(path);
  const known = { ...named?.told, ...given(told) };
  const source = await (await ModelSource.at(path)).read({ signal, told: known });
  signal?.throwIfAborted();
  if (!(source instanceof Uint8Array)) return withNames(source, path, labels, named);
  const model = readModel(source, path, modelName(path), known);
  const described = await withZooFacts(path, await withKnownLabels(model, source), source.length);
  const file = { bytes: source, subject: path, format: model.format };
  return { ...(await withNames(described, path, labels, named)), file };
}

/** The options that are set. */
function given(told: Told = {}): Told {
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}

/** A model with the requested class names, else its own, else those next to it, else those of its name. */
async function withNames(
  model: OpenedModel,
  path: string,
  labels: string | undefined,
  named: ZooModel | null,
): Promise<OpenedModel> {
  if (labels !== undefined) return withOpenedLabels(model, labels);
  if (model.card.labels !== null) return model;
  const beside = withLabels(model, await labelsBeside(path, model.spec.classes));
  return named === null ? beside : withZooLabels(beside, named);
}

/** The zoo model that a file in the cache folder is named after, or null. */
function zooNamed(path: string): ZooModel | null {
  return dirname(path) === cacheFolder() ? zooModel(modelName(path)) : null;
}

/** A downloaded model, with the zoo's facts about it; a file that somebody put in its place is used as it is. */
async function withZooFacts(path: string, opened: OpenedModel, size: number): Promise<OpenedModel> {
  const named = zooNamed(path);
  if (named === null) return opened;
  const kept = (await new NodeStore(cacheFolder()).ledger()).models[basename(path)];
  return kept?.bytes === size ? withOrigin(await withZooLabels(opened, named), named, kept) : opened;
}

/**
 * The file of a model: a path, else an `embedded` name, else a name in the cache folder, else one of the zoo, which is
 * downloaded; without an argument, the default name. Throws {@link ModelError}: `E_MODEL_NOT_FOUND`,
 * `E_MODEL_DOWNLOAD`, `E_MODEL_INTEGRITY`, and `E_MODEL_UNREADABLE` for a path that is not a file.
 */
export async function findModel(
  nameOrFile: string | undefined,
  { embedded = {}, ...pulling }: FindOptions = {},
): Promise<string> {
  const name = nameOrFile ?? defaultModelName;
  const candidates = cacheEndings.map((ending) => join(cacheFolder(), name + ending));
  if (Object.hasOwn(embedded, name)) candidates.unshift(embedded[name] as string);
  if (nameOrFile !== undefined) candidates.unshift(nameOrFile);
  let other: Error | null = null;
  for (const path of candidates) {
    const found = await lookFor(path);
    if (found === "file") {
      await endOfPull(path, pulling);
      return path;
    }
    if (found !== null) other ??= found;
  }
  if (other !== null) throw other;
  const known = zooModel(name);
  if (known !== null) return pullModel(known, pulling);
  throw new ModelError({
    code: "E_MODEL_NOT_FOUND",
    subject: name,
    problem: "no model file or model name matches",
    remedy: `${meantName(name)}Pass a SavedModel or a .tflite, .safetensors, .onnx or .pt file, or put one at ${join(cacheFolder(), `${basename(name).replace(/\.(tflite|safetensors|onnx|pt)$/, "")}.tflite`)}`,
  });
}

/** Removes what an interrupted download of this model left, and reports that the model is ready. */
async function endOfPull(path: string, { onProgress }: PullModelOptions): Promise<void> {
  const named = zooNamed(path);
  if (named === null) return;
  // A read-only folder is no reason not to use its content.
  await new NodeStore(dirname(path)).sweep(named.name).catch(() => {});
  onProgress?.({ status: "ready", name: named.name });
}

/** Whether a path is a file; null: nothing there; otherwise what is wrong with it. */
async function lookFor(path: string): Promise<"file" | Error | null> {
  try {
    if ((await checkpointAt(path)) !== null) return "file";
    const facts = await stat(path);
    const problem = irregularity(facts);
    if (problem === null) return "file";
    const refuse = refusal(path);
    if (!facts.isDirectory()) return refuse(problem, "Pass a regular file");
    const isThere = async (name: string) => (await stat(join(path, name)).catch(() => null))?.isFile() ?? false;
    if (await isThere("saved_model.pb")) {
      return refuse("this SavedModel folder has no weights", "Copy its variables folder too");
    }
    const inside = (await isThere("model.safetensors")) ? join(path, "model.safetensors") : "the model file inside it";
    return refuse("it is a folder", `Pass ${inside}`);
  } catch (cause) {
    if (cause instanceof ModelError) return cause;
    const { code = "" } = cause as NodeJS.ErrnoException;
    return ["EACCES", "EPERM", "ELOOP", "EIO"].includes(code) ? unreadable(cause, refusal(path)) : null;
  }
}
