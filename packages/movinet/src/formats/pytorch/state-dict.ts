/** Finds the weights in a saved object: a state dict, one in a checkpoint, one of a wrapped network. */
import { enumerated } from "../../common/printable.ts";
import { isTensor, type Pickled, type PickledTensor } from "./data.ts";

export interface FoundStateDict {
  /** By the port's names; entries that are not tensors are null. */
  readonly tensors: ReadonlyMap<string, PickledTensor | null>;
  readonly warnings: readonly string[];
}

/** The first kernel of a network, after the prefix of a containing network (`module.`, `model.`). */
const firstKernel = /^(.*\.)?conv1\.conv_1\.conv[23]d\.weight$/;

/** The state dict in a saved object; if none is a MoViNet's, the dictionary with the most tensors. */
export function findStateDict(saved: Pickled): FoundStateDict {
  const candidates = dictionariesIn(saved).map(([name, entries]) => {
    const tensors = new Map([...entries].map(([key, value]) => [String(key), isTensor(value) ? value : null]));
    const first = [...tensors.keys()].map((key) => firstKernel.exec(key)).find((match) => match !== null);
    const count = [...tensors.values()].filter((tensor) => tensor !== null).length;
    return { name, tensors, count, prefix: first ? (first[1] ?? "") : null };
  });
  const networks = candidates.filter(({ prefix }) => prefix !== null);
  const [chosen] = networks.length > 0 ? networks : candidates.sort((a, b) => b.count - a.count);
  if (!chosen || chosen.count === 0) return { tensors: new Map(), warnings: [] };
  const { name, tensors } = chosen;
  const prefix = chosen.prefix ?? "";
  const named = [...tensors].map(
    ([key, tensor]) => [key.startsWith(prefix) ? key.slice(prefix.length) : key, tensor] as const,
  );
  const others = networks.slice(1).map((other) => other.name);
  const choice = `it contains several networks; using ${name}, not ${enumerated(others, 3)}`;
  return { tensors: new Map(named), warnings: others.length > 0 ? [choice] : [] };
}

/** Maximum nesting of a state dict: a network in a checkpoint in a list of several. */
const deepest = 4;

type Named = readonly [name: string, dictionary: ReadonlyMap<unknown, Pickled>];

/** The dictionaries in a saved object, outer ones first, without duplicates. */
function dictionariesIn(saved: Pickled): readonly Named[] {
  const found = new Map<ReadonlyMap<unknown, Pickled>, string>();
  let level: (readonly [name: string, value: Pickled])[] = [["", saved]];
  const seen = new Set<Pickled>();
  for (let depth = 0; depth < deepest; depth++) {
    const next: typeof level = [];
    for (const [name, value] of level) {
      if (!(value instanceof Map || Array.isArray(value)) || seen.has(value)) continue;
      seen.add(value);
      if (value instanceof Map) found.set(value, name || "the whole file");
      for (const [key, inner] of value.entries()) next.push([name ? `${name}.${key}` : String(key), inner]);
    }
    level = next;
  }
  return [...found].map(([dictionary, name]) => [name, dictionary]);
}
