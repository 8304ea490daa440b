import { ModelError } from "../../errors.ts";
import type { Graph } from "../graph/ir.ts";

/** Row-major float32 values; `data.length` is the product of `shape`. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A model's parameters by canonical name (for example `block1.layer0.expansion.kernel`). */
export type Weights = ReadonlyMap<string, Tensor>;

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
