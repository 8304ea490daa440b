import { buildGraph } from "../arch/build.ts";
import { specOf } from "../arch/spec.ts";
import type { Graph } from "../graph/ir.ts";
import { lowerForInference } from "../graph/passes.ts";
import { elementsOf } from "../graph/shapes.ts";
import type { Tensor, Weights } from "../graph/tensor.ts";
import { defaultCard } from "../model/card.ts";
import type { Model } from "../model/model.ts";

/** A small stream network with all ops of the large ones, and nontrivial weights. */
export function probeModel(): Model {
  const spec = {
    ...specOf("t0-stream", { positionalEncoding: true, classes: 5, resolution: { height: 13, width: 18 } }),
    stem: 8,
    head: 24,
    hidden: 40,
    blocks: [
      { filters: 8, stride: 2, layers: [{ expand: 24, kernel: { time: 1, space: 5 } }] },
      {
        filters: 24,
        stride: 2,
        layers: [
          { expand: 40, kernel: { time: 3, space: 3 } },
          { expand: 24, kernel: { time: 5, space: 3 } },
        ],
      },
    ],
  } as const;
  const { params } = buildGraph(spec, { form: "step", frames: 1 });
  const weights = new Map(
    Object.entries(params).map(([name, { shape, role }], seed): [string, Tensor] => {
      const data = sequence(elementsOf(shape), seed);
      return [name, { shape, data: role === "variance" ? data.map((value) => 0.5 + value ** 2) : data }];
    }),
  );
  return { spec, weights, card: { ...defaultCard(spec), name: "probe" } };
}

/** A step of it, and inputs. */
export function probeSpec(): { graph: Graph; weights: Weights; inputs: Readonly<Record<string, Float32Array>> } {
  const { spec, weights } = probeModel();
  const graph = lowerForInference(buildGraph(spec, { form: "step", frames: 1 }));
  const inputs: Record<string, Float32Array> = {};
  for (const [seed, node] of graph.nodes.entries()) {
    if (node.op !== "input") continue;
    const { channels, height, width } = node.shape;
    inputs[node.id] = sequence(channels * height * width, seed);
  }
  return { graph, weights, inputs };
}

/** Numbers in −1..1 without repetition. */
export function sequence(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * (seed + 1.7)));
}
