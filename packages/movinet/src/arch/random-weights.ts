import type { Graph } from "../graph/ir.ts";
import { elementsOf } from "../graph/shapes.ts";
import type { Tensor, Weights } from "../graph/tensor.ts";

/**
 * Weights of an untrained network, the same for the same seed: kernels uniform with variance `1 / fan-in` (fan-in: all
 * dimensions but the last), identity norms, zero biases, residual scales of 1.
 */
export function randomWeights(graph: Graph, seed: number): Weights {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return new Map(
    Object.entries(graph.params).map(([name, { shape, role }]): [string, Tensor] => {
      const data = new Float32Array(elementsOf(shape));
      if (role === "kernel") {
        const bound = Math.sqrt((3 * (shape.at(-1) ?? 1)) / data.length);
        for (let i = 0; i < data.length; i++) data[i] = bound * next();
      } else if (role === "gamma" || role === "variance" || role === "factor") data.fill(1);
      return [name, { shape, data }];
    }),
  );
}
