import { ModelError } from "../../errors.ts";
import type { Graph } from "../graph/ir.ts";
import type { Weights } from "../graph/tensor.ts";

/** Throws one {@link ModelError} (`E_MODEL_TENSORS`) that names every missing, unused and mis-shaped tensor. */
export function checkWeights(graph: Graph, weights: Weights, subject: string): void {
  const expected = Object.entries(graph.params).filter(([, param]) => !param.derivation);
  const missing = expected.filter(([name]) => !weights.has(name)).map(([name]) => name);
  const unused = [...weights.keys()].filter((name) => !graph.params[name]);
  const misshaped = expected.flatMap(([name, { shape }]) => {
    const tensor = weights.get(name);
    return tensor && String(tensor.shape) !== String(shape) ? [`${name} [${tensor.shape}] instead of [${shape}]`] : [];
  });
  const lists = [
    ["missing", missing],
    ["unused", unused],
    ["of another shape", misshaped],
  ] as const;
  const problems = lists.filter(([, names]) => names.length > 0);
  if (problems.length === 0) return;
  throw new ModelError({
    code: "E_MODEL_TENSORS",
    subject,
    problem: `its tensors do not fit ${graph.name}: ${problems.map(([what, names]) => `${names.length} ${what}: ${names.join(", ")}`).join("; ")}`,
    remedy: "Use the file that was made for this network",
  });
}
