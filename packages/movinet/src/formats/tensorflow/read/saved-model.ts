import { ModelError } from "../../../common/errors.ts";
import { listed } from "../../../common/printable.ts";
import type { BundleFiles } from "./bundle.ts";

const ofIndex = /\.index$/;
const ofShard = /\.data-\d{5}-of-\d{5}$/;
/** Where a SavedModel keeps its checkpoint. */
const inSavedModel = /(^|\/)variables\/variables$/;

/** The file beside the folder of a checkpoint that holds the graph of a SavedModel. */
export const graphFile = "saved_model.pb";

/** Whether a file belongs to a checkpoint, by its name. */
export function isCheckpointFile(name: string): boolean {
  return ofIndex.test(name) || ofShard.test(name);
}

/** The graph of a SavedModel, by the prefix of its checkpoint; null where a checkpoint is in none. */
export function graphOf(prefix: string): string | null {
  return inSavedModel.test(prefix) ? prefix.replace(inSavedModel, `$1${graphFile}`) : null;
}

/** The name that the files of a checkpoint have before their endings. */
export function prefixOf(name: string): string {
  return name.replace(ofIndex, "").replace(ofShard, "");
}

/**
 * The prefix of the one checkpoint that is among files of these names, as in `variables/variables`; null: there is none. Throws
 * {@link ModelError} (`E_MODEL_FORMAT`) where there are several.
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
    problem: `it holds ${prefixes.length} checkpoints (${listed(prefixes)})`,
    remedy: "Name the files of one of them, without their endings",
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
