import { ModelError } from "../common/errors.ts";
import type { Graph } from "../graph/ir.ts";

/** Names and shapes of tensors, with or without their values. */
export type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** The number of tensors listed per kind of problem. */
const mostNamed = 20;

/** Throws one {@link ModelError} (`E_MODEL_TENSORS`) that lists the missing, unused and mis-shaped tensors. */
export function checkWeights(graph: Graph, weights: Shapes, subject: string): void {
  const expected = Object.entries(graph.params).filter(([, param]) => !param.derivation);
  const missing = expected.filter(([name]) => !weights.has(name)).map(([name]) => name);
  const unused = [...weights.keys()].filter((name) => !Object.hasOwn(graph.params, name));
  const misshaped = expected.flatMap(([name, { shape }]) => {
    const tensor = weights.get(name);
    return tensor && String(tensor.shape) !== String(shape) ? [`${name} [${tensor.shape}] instead of [${shape}]`] : [];
  });
  const lists = [
    ["missing", missing],
    ["unused", unused],
    ["with the wrong shape", misshaped],
  ] as const;
  const problems = lists.filter(([, names]) => names.length > 0);
  if (problems.length === 0) return;
  throw new ModelError({
    code: "E_MODEL_TENSORS",
    subject,
    problem: `its tensors do not match ${graph.name}: ${problems.map(([what, names]) => `${names.length} ${what}: ${some(names)}`).join("; ")}`,
    remedy: "Use the weights of this network",
  });
}

function some(names: readonly string[]): string {
  const shown = names
    .slice(0, mostNamed)
    .map((name) => name.slice(0, 200))
    .join(", ");
  return names.length > mostNamed ? `${shown} and ${names.length - mostNamed} more` : shown;
}
