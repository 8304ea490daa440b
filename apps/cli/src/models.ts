import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ModelError } from "movinet";
import { findModel, type ModelOptions, ModelSource, type OpenedModel, openModel } from "movinet/files";
import { writeModel } from "movinet/formats";
import { buildGraph, defaultCard, isSpecName, randomWeights, specOf } from "movinet/graph";
import type { Context } from "./command.ts";
import { nearest } from "./nearest.ts";
import { writeError } from "./terminal.ts";
import { PullProgress } from "./zoo/pull-progress.ts";

/** Models that come with the command line, by name. */
const embedded: Readonly<Record<string, string>> = {
  "camera-motion": fileURLToPath(new URL("../models/camera-motion.safetensors", import.meta.url)),
};

/** How a command takes its model: by an option, or (null) as an argument of its own. */
export type ModelOption = "--model" | "--from" | null;

/** What finding a model takes from the command that it is for. */
export interface Naming extends Pick<Context, "terminal" | "signal" | "offline"> {
  /** Default: null. */
  readonly option?: ModelOption;
}

/**
 * The file of an argument: a path, else a model that comes with the command line, else one in the cache, else one of the zoo, which is
 * fetched. Throws {@link ModelError}; where there is none, the error names the `option` that takes a model, and what
 * works without any file.
 */
export async function findNamedModel(
  name: string | undefined,
  { terminal, signal, offline, option = null }: Naming,
): Promise<string> {
  const progress = new PullProgress(terminal);
  try {
    return await findModel(name, { embedded, signal, offline: offline || undefined, onProgress: progress.tell });
  } catch (error) {
    throw error instanceof ModelError && /^E_MODEL_(NOT_FOUND|DOWNLOAD|INTEGRITY)$/.test(error.code)
      ? withWayOut(error, name, option)
      : error;
  } finally {
    progress.stop();
  }
}

function withWayOut(error: ModelError, name: string | undefined, option: ModelOption): ModelError {
  const { code, subject } = error;
  const meant =
    name === undefined || error.remedy.startsWith("Did you mean") ? null : nearest(name, Object.keys(embedded));
  const hint = meant === null ? "" : `Did you mean ${meant}? `;
  const remedy = option === null ? error.remedy : error.remedy.replace(" file, or", ` file with ${option}, or`);
  const known = Object.keys(embedded).find((model) => existsSync(embedded[model] as string));
  const given = option === null ? known : `${option} ${known}`;
  const way = known === undefined || meant !== null ? "" : `. ${given} needs no download: it recognizes camera motion`;
  const unnamed = name === undefined && code === "E_MODEL_NOT_FOUND";
  return new ModelError({
    code,
    subject: unnamed && option !== null ? option : subject,
    problem: unnamed ? `no model given, and ${error.problem}` : error.problem,
    remedy: `${hint}${remedy}${way}`,
    cause: error,
  });
}

export interface NamedModelOptions extends Naming {
  /** A file of class names, or the data set whose classes they are. */
  readonly labels?: string | undefined;
  /** What a file of weights does not describe of its network. */
  readonly told?: ModelOptions["told"];
}

/**
 * Opens the model of an argument for use. Warns on standard error, whatever else is silent, of a file whose answers are not
 * to be trusted as they are. Throws what {@link findNamedModel} and {@link openModel} throw.
 */
export async function openNamedModel(
  name: string | undefined,
  { labels, told, ...naming }: NamedModelOptions,
): Promise<OpenedModel> {
  const path = await findNamedModel(name, naming);
  const model = await openModel(path, { labels, told, signal: naming.signal });
  if (!warned.has(path)) for (const warning of model.warnings) writeError(`movinet: ${path}: warning: ${warning}.`);
  warned.add(path);
  return model;
}

/** Files that were warned of. */
const warned = new Set<string>();

/** The bytes that identify a model: its file, or what a model in several files would be written as. */
export async function modelBytes(path: string): Promise<Uint8Array> {
  const source = await (await ModelSource.at(path)).read();
  return source instanceof Uint8Array ? source : writeModel(source);
}

/**
 * A model to time: a file or a name in the cache, else the architecture of that name with random weights, whose
 * times are the same.
 */
export async function openBenchModel(name: string): Promise<OpenedModel> {
  try {
    return await openModel(await findModel(name, { embedded, offline: true }));
  } catch (error) {
    if (!(error instanceof ModelError && error.code === "E_MODEL_NOT_FOUND" && isSpecName(name))) throw error;
    const spec = specOf(name);
    const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
    return { spec, weights, card: defaultCard(spec), warnings: [] };
  }
}
