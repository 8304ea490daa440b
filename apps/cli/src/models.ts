import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ModelError } from "movinet";
import { findModel, type ModelOptions, type OpenedModel, openModel } from "movinet/files";
import { buildGraph, defaultCard, isSpecName, randomWeights, specOf } from "movinet/graph";
import { writeError } from "./terminal.ts";

/** Models that come with the command line, by name. */
const embedded: Readonly<Record<string, string>> = {
  "camera-motion": fileURLToPath(new URL("../models/camera-motion.safetensors", import.meta.url)),
};

/** How a command takes its model: by an option, or (null) as an argument of its own. */
export type ModelOption = "--model" | "--from" | null;

/**
 * The file of an argument: a path, else a model that comes with the command line, else one in the cache. Throws
 * {@link ModelError} (`E_MODEL_NOT_FOUND`), which says by which `option` of the command a model is named, and what works without
 * any file.
 */
export async function findNamedModel(name: string | undefined, option: ModelOption = null): Promise<string> {
  return findModel(name, { embedded }).catch((error: unknown) => {
    if (!(error instanceof ModelError && error.code === "E_MODEL_NOT_FOUND")) throw error;
    const { code, subject, problem } = error;
    const named = option === null ? error.remedy : error.remedy.replace(" file, or", ` file with ${option}, or`);
    const known = Object.keys(embedded).find((model) => existsSync(embedded[model] as string));
    const given = option === null ? known : `${option} ${known}`;
    const remedy = known === undefined ? named : `${named}. ${given} needs no file: it names what the camera does`;
    throw new ModelError({ code, subject: name ?? option ?? subject, problem, remedy, cause: error });
  });
}

export interface NamedModelOptions extends ModelOptions {
  /** Default: null. */
  readonly option?: ModelOption;
}

/**
 * Opens the model of an argument for use. Warns on standard error, whatever else is silent, of a file whose answers are not
 * to be trusted as they are. Throws what {@link findNamedModel} and {@link openModel} throw.
 */
export async function openNamedModel(
  name: string | undefined,
  { option = null, ...options }: NamedModelOptions = {},
): Promise<OpenedModel> {
  const path = await findNamedModel(name, option);
  const model = await openModel(path, options);
  if (!warned.has(path)) for (const warning of model.warnings) writeError(`movinet: ${path}: warning: ${warning}.`);
  warned.add(path);
  return model;
}

/** Files that were warned of. */
const warned = new Set<string>();

/**
 * A model to time: a file or a name that the cache holds, else the architecture of that name with random weights, whose
 * times are the same.
 */
export async function openBenchModel(name: string): Promise<OpenedModel> {
  try {
    return await openNamedModel(name);
  } catch (error) {
    if (!(error instanceof ModelError && error.code === "E_MODEL_NOT_FOUND" && isSpecName(name))) throw error;
    const spec = specOf(name);
    const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
    return { spec, weights, card: defaultCard(spec), warnings: [] };
  }
}
