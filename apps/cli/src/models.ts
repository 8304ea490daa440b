import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { findModel, ModelError, type ModelOptions, type OpenedModel, openModel } from "movinet";
import { writeError } from "./terminal.ts";

/** Models that come with the command line, by name. */
const embedded: Readonly<Record<string, URL>> = {
  "camera-motion": new URL("../models/camera-motion.safetensors", import.meta.url),
};

/**
 * The file of an argument: a path, else a model that comes with the command line, else one in the cache. Throws
 * {@link ModelError} (`E_MODEL_NOT_FOUND`), which also says what works without any file.
 */
export async function findNamedModel(name: string | undefined): Promise<string> {
  const own = name === undefined ? undefined : embedded[name];
  const isFile = name !== undefined && Boolean((await stat(name).catch(() => null))?.isFile());
  if (own && !isFile) return fileURLToPath(own);
  try {
    return await findModel(name);
  } catch (error) {
    if (!(error instanceof ModelError && error.code === "E_MODEL_NOT_FOUND")) throw error;
    const known = Object.keys(embedded).find((model) => existsSync(embedded[model] as URL));
    if (known === undefined) throw error;
    const { code, subject, problem } = error;
    const remedy = `${error.remedy}. --model ${known} needs no file: it names what the camera does`;
    throw new ModelError({ code, subject, problem, remedy, cause: error });
  }
}

/**
 * Opens the model of an argument for use. Warns on standard error, whatever else is silent, of a file whose answers are not
 * to be trusted as they are. Throws what {@link findNamedModel} and {@link openModel} throw.
 */
export async function openNamedModel(name: string | undefined, options: ModelOptions = {}): Promise<OpenedModel> {
  const path = await findNamedModel(name);
  const model = await openModel(path, options);
  if (!warned.has(path)) for (const warning of model.warnings) writeError(`movinet: ${path}: warning: ${warning}.`);
  warned.add(path);
  return model;
}

/** Files that were warned of. */
const warned = new Set<string>();
