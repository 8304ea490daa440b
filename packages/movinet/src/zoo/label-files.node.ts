import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { MovinetError } from "../common/errors.ts";
import { readUserFile } from "../common/read.node.ts";
import {
  checkLabels,
  chooseLabels,
  type FoundLabels,
  type LabelCandidate,
  type Labels,
  labelError,
  mostLabelBytes,
  parseLabels,
} from "../model/labels.ts";
import { labelsNamed } from "./known-labels.ts";
import { type OpenedModel, withLabels } from "./labelled.ts";

/**
 * Reads class names, one per line, from a text file of at most 1 MB, in UTF-8 or in UTF-16 with a byte order mark.
 * Line numbers before the names are removed. Throws {@link ModelError} (`E_MODEL_LABELS`).
 */
export async function readLabels(path: string): Promise<readonly string[]> {
  return (await readLabelFile(path)).names;
}

/** The class names in a file, or of a label set. Throws {@link ModelError} (`E_MODEL_LABELS`). */
async function openLabels(nameOrFile: string): Promise<Labels> {
  const known = await labelsNamed(nameOrFile);
  if (known === null || (await stat(nameOrFile).catch(() => null))?.isFile()) return readLabelFile(nameOrFile);
  return { names: known, warnings: [] };
}

/** A model with the class names of a file or label set. Throws {@link ModelError} (`E_MODEL_LABELS`). */
export async function withOpenedLabels(model: OpenedModel, nameOrFile: string): Promise<OpenedModel> {
  const labels = await openLabels(nameOrFile);
  checkLabels(labels.names, model.spec, nameOrFile);
  return withLabels(model, labels);
}

async function readLabelFile(path: string): Promise<Labels> {
  const bytes = await readUserFile(path, { most: mostLabelBytes, refuse: labelError(path) });
  return parseLabels(bytes, path);
}

/** More label files next to a model than anybody would put there for it. */
const mostFiles = 32;

/**
 * The class names of the label file in the model's folder with the right number of lines. `NAME.labels.txt`, which
 * `convert` writes next to `NAME.tflite`, is ignored for models of other names.
 */
export async function labelsBeside(path: string, classes: number): Promise<FoundLabels> {
  const folder = dirname(path);
  const all: readonly string[] = await readdir(folder).catch(() => []);
  const isAnothers = (name: string) => {
    const owner = /^(.+)\.labels\.txt$/i.exec(name)?.[1];
    if (owner === undefined || owner === basename(path, extname(path))) return false;
    return all.some((file) => /\.tflite$/i.test(file) && basename(file, extname(file)) === owner);
  };
  const names = all.filter((name) => /label.*\.txt$/i.test(name) && !isAnothers(name)).sort();
  if (names.length > mostFiles) {
    return { names: null, warnings: [`found ${names.length} label files next to it, so none was used`] };
  }
  const candidates: LabelCandidate[] = [];
  for (const name of names) candidates.push(await readCandidate(join(folder, name)));
  return chooseLabels(candidates, classes, "next to it");
}

async function readCandidate(path: string): Promise<LabelCandidate> {
  const name = basename(path);
  try {
    return { name, labels: await readLabelFile(path) };
  } catch (error) {
    if (error instanceof MovinetError) return { name, problem: error.problem };
    throw error;
  }
}
