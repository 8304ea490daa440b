import { ModelError } from "../../../common/errors.ts";
import { listed } from "../../../common/printable.ts";
import type { BundleFiles } from "./bundle.ts";

const ofIndex = /\.index$/;
const ofShard = /\.data-\d{5}-of-\d{5}$/;
/** The place of the checkpoint in a SavedModel. */
const inSavedModel = /(^|\/)variables\/variables$/;

/** The file next to a checkpoint's folder with the graph of a SavedModel. */
export const graphFile = "saved_model.pb";

/** Whether a file belongs to a checkpoint, by its name. */
export function isCheckpointFile(name: string): boolean {
  return ofIndex.test(name) || ofShard.test(name);
}

/** The graph file of a SavedModel, from the prefix of its checkpoint; null if the checkpoint is not in one. */
export function graphOf(prefix: string): string | null {
  return inSavedModel.test(prefix) ? prefix.replace(inSavedModel, `$1${graphFile}`) : null;
}

/** The common name of a checkpoint's files, before their extensions. */
export function prefixOf(name: string): string {
  return name.replace(ofIndex, "").replace(ofShard, "");
}

/**
 * The prefix of the only checkpoint among these file names, such as `variables/variables`; null: there is none. Throws
 * {@link ModelError} (`E_MODEL_FORMAT`) if there are several.
 */
export function checkpointAmong(names: readonly string[], subject: string): string | null {
  const values = new Set(names.filter((name) => ofShard.test(name)).map(prefixOf));
  const indexed = names.filter((name) => ofIndex.test(name)).map(prefixOf);
  const whole = indexed.filter((prefix) => values.has(prefix));
  const prefixes = whole.length > 0 ? whole : indexed;
  const [first = null, second] = prefixes;
  const ofModel = prefixes.filter((prefix) => inSavedModel.test(prefix));
  if (ofModel.length === 1) return ofModel[0] as string;
  if (second === undefined) return first;
  throw new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem: `it contains ${prefixes.length} checkpoints (${listed(prefixes)})`,
    remedy: "Pass the path of one of them, without the file extension",
  });
}

/** The files of a checkpoint among others. */
export function checkpointFiles(files: ReadonlyMap<string, Uint8Array>, prefix: string): BundleFiles {
  const shards = [...files].filter(([name]) => name.startsWith(`${prefix}.data-`));
  return {
    index: files.get(`${prefix}.index`) ?? new Uint8Array(),
    shards: new Map(shards.map(([name, bytes]) => [name.slice(prefix.length), bytes])),
  };
}
