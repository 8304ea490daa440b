/** Where the weights are in what somebody saved: a state dict, one in a checkpoint, one of a wrapped network. */
import { enumerated } from "../../common/printable.ts";
import { isTensor, type Pickled, type PickledTensor } from "./data.ts";

export interface FoundStateDict {
  /** By the port's names; entries that are no tensors are null. */
  readonly tensors: ReadonlyMap<string, PickledTensor | null>;
  readonly warnings: readonly string[];
}

/** The first kernel of a network, behind what names the network in a larger one (`module.`, `model.`). */
const firstKernel = /^(.*\.)?conv1\.conv_1\.conv[23]d\.weight$/;

/** The state dict in what was saved; where none is one of a MoViNet, the dictionary with the most tensors. */
export function findStateDict(saved: Pickled): FoundStateDict {
  const candidates = dictionariesIn(saved).map(([name, entries]) => {
    const tensors = new Map([...entries].map(([key, value]) => [String(key), isTensor(value) ? value : null]));
    const first = [...tensors.keys()].map((key) => firstKernel.exec(key)).find((match) => match !== null);
    const count = [...tensors.values()].filter((tensor) => tensor !== null).length;
    return { name, tensors, count, prefix: first ? (first[1] ?? "") : null };
  });
  const networks = candidates.filter(({ prefix }) => prefix !== null);
  const [chosen] = networks.length > 0 ? networks : candidates.sort((a, b) => b.count - a.count);
  if (!chosen) return { tensors: new Map(), warnings: [] };
  const { name, tensors } = chosen;
  const prefix = chosen.prefix ?? "";
  const named = [...tensors].map(
    ([key, tensor]) => [key.startsWith(prefix) ? key.slice(prefix.length) : key, tensor] as const,
  );
  const others = networks.slice(1).map((other) => other.name);
  const choice = `it holds several networks, of which ${name} is read, and not ${enumerated(others, 3)}`;
  return { tensors: new Map(named), warnings: others.length > 0 ? [choice] : [] };
}

/** What was saved, if it is a dictionary, and the dictionaries in it. */
function dictionariesIn(saved: Pickled): (readonly [name: string, ReadonlyMap<unknown, Pickled>])[] {
  if (!(saved instanceof Map)) return [];
  const inner = [...saved].flatMap(([key, value]) => (value instanceof Map ? [[String(key), value] as const] : []));
  return [["the whole file", saved], ...inner];
}
