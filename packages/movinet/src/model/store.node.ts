import { readdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { ModelError } from "../errors.ts";
import type { Spec } from "./arch/spec.ts";
import { checkLabels, type Model, type ReadModel, readModel } from "./model.ts";

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

export interface ModelOptions {
  /** A file of class names, one a line. */
  readonly labels?: string | undefined;
  /** Ends the reading: the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A model, and what is to be known before its answers are trusted: each in one line. */
export type OpenedModel = Model & Pick<ReadModel, "warnings">;

/**
 * Opens a model: a file of any format that we read, else a name that the cache folder holds as `.safetensors` or
 * `.tflite`. Labels come from `labels` (a text file, one name a line, in output order), else from the model's card,
 * else from a label file beside the model: a `.txt` with `label` in its name and one line for each class.
 * Throws {@link ModelError}: `E_MODEL_NOT_FOUND`, `E_MODEL_FORMAT`, `E_MODEL_TENSORS`, `E_MODEL_LABELS`.
 */
export async function openModel(nameOrFile?: string, options: ModelOptions = {}): Promise<OpenedModel> {
  const path = await findModel(nameOrFile);
  options.signal?.throwIfAborted();
  const bytes = await readFile(path);
  options.signal?.throwIfAborted();
  const { spec, weights, card, warnings } = readModel(bytes, path, basename(path, extname(path)));
  let labels = card.labels ?? (await labelsBeside(path, spec));
  if (options.labels !== undefined) {
    labels = await readLabels(options.labels);
    checkLabels(labels, spec, options.labels);
  }
  const renamed = card.labels !== null && labels?.join("\n") !== card.labels.join("\n");
  return { spec, weights, card: { ...card, labels, accuracy: renamed ? null : card.accuracy }, warnings };
}

/**
 * The file of a model: a path, else a name in the cache folder, else the default name. Throws {@link ModelError}
 * (`E_MODEL_NOT_FOUND`).
 */
export async function findModel(nameOrFile: string | undefined): Promise<string> {
  const name = nameOrFile ?? defaultModelName;
  const candidates = [".safetensors", ".tflite"].map((extension) => join(cacheFolder(), name + extension));
  if (nameOrFile !== undefined) candidates.unshift(nameOrFile);
  for (const path of candidates) {
    if ((await stat(path).catch(() => null))?.isFile()) return path;
  }
  const problem =
    nameOrFile === undefined ? "no model was given, and the cache holds none" : "there is no such model file or name";
  throw new ModelError({
    code: "E_MODEL_NOT_FOUND",
    subject: nameOrFile ?? "--model",
    problem,
    remedy: `Name a .tflite or .safetensors file with --model, or put one at ${join(cacheFolder(), `${name.replace(/\.(tflite|safetensors)$/, "")}.tflite`)}`,
  });
}

/** Reads class names, one a line. Throws {@link ModelError} (`E_MODEL_LABELS`). */
export async function readLabels(path: string): Promise<readonly string[]> {
  try {
    return linesOf(await readFile(path, "utf8"));
  } catch (cause) {
    throw new ModelError({
      code: "E_MODEL_LABELS",
      subject: path,
      problem: "the label file cannot be read",
      remedy: "Give a text file with one class name a line",
      cause,
    });
  }
}

function linesOf(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, "")
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trim().normalize("NFC"));
}

/** The label file in the model's folder that has a line for each class, if there is exactly one. */
async function labelsBeside(path: string, { classes }: Spec): Promise<readonly string[] | null> {
  const folder = dirname(path);
  const names = (await readdir(folder)).filter((name) => /label.*\.txt$/i.test(name));
  const files = await Promise.all(names.map((name) => readLabels(join(folder, name))));
  const fitting = files.filter((labels) => labels.length === classes);
  return fitting.length === 1 ? (fitting[0] as readonly string[]) : null;
}
