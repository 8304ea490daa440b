/** The networks that a stream model is compared with: derived from its weights, to be trained with the same recipe. */
import { buildGraph } from "../arch/build.ts";
import type { Spec } from "../arch/spec.ts";
import type { Graph, Param } from "../graph/ir.ts";
import { elementsOf } from "../graph/shapes.ts";
import type { Tensor, Weights } from "../graph/tensor.ts";
import type { Model } from "../model/model.ts";

/** A network, and factors of some parameters' gradients: 0 freezes a weight. */
export interface Relative {
  readonly model: Model;
  readonly masks: ReadonlyMap<string, Float32Array>;
}

/**
 * The base network of a stream model, which sees `frames` frames at once: its kernels look as far ahead as back, its
 * means cover the whole clip, and it has no positional encoding. Throws `TypeError` for base models.
 */
export function wholeClip(model: Model, frames: number): Relative {
  requireStream(model);
  const spec: Spec = { ...model.spec, mode: "base", positionalEncoding: false };
  const graph = buildGraph(spec, { form: "clip", frames });
  const card = { ...model.card, name: `${model.card.name}-base`, frames, accuracy: null };
  return { model: { spec, card, weights: ofGraph(graph, model.weights) }, masks: new Map() };
}

/**
 * A stream model that sees each frame by itself: temporal kernels are summed over their taps into that of the newest
 * frame, and squeeze-and-excitation sees only the frame. For a still image it gives the same answer as the model
 * (apart from the positional encoding, which it lacks). Only the head still averages over time. Throws `TypeError` for
 * base models.
 */
export function frameByFrame(model: Model): Relative {
  requireStream(model);
  const spec = withoutTime(model.spec);
  const clip = { form: "clip", frames: 1 } as const;
  const graph = buildGraph({ ...model.spec, positionalEncoding: false }, clip);
  const flat = buildGraph(spec, clip);
  const earlier = lookingBack(graph);
  const weights = new Map<string, Tensor>();
  const masks = new Map<string, Float32Array>();
  for (const [name, tensor] of ofGraph(graph, model.weights)) {
    const parts = earlier.get(name);
    if (parts === undefined) {
      weights.set(name, tensor);
      continue;
    }
    const part = tensor.data.length / parts;
    const newest = tensor.data.length - part;
    const data = new Float32Array(tensor.data.length);
    for (const [i, value] of tensor.data.entries()) {
      const target = newest + (i % part);
      data[target] = (data[target] as number) + value;
    }
    const { shape } = flat.params[name] as Param;
    if (elementsOf(shape) === part) {
      weights.set(name, { shape, data: data.slice(newest) });
      continue;
    }
    weights.set(name, { shape, data });
    masks.set(
      name,
      Float32Array.from(data, (_, i) => (i < newest ? 0 : 1)),
    );
  }
  const card = { ...model.card, name: `${model.card.name}-frame-by-frame`, accuracy: null };
  return { model: { spec, card, weights }, masks };
}

/**
 * The spec of a network that sees each frame by itself, as far as a spec can express it: kernels of a (2+1)-D network
 * keep their temporal taps, and `2plus3d` gates their mean over time, so these need the masks of {@link frameByFrame}.
 */
export function withoutTime(spec: Spec): Spec {
  const flat = spec.convType === "3d";
  const blocks = spec.blocks.map((block) => ({
    ...block,
    layers: block.layers.map((layer) => ({
      ...layer,
      kernel: { ...layer.kernel, time: flat ? 1 : layer.kernel.time },
    })),
  }));
  const squeezeExcite = spec.squeezeExcite === "3d" ? "2d" : spec.squeezeExcite;
  return { ...spec, blocks, squeezeExcite, positionalEncoding: false } as Spec;
}

/**
 * The kernels that look back in time, and the number of parts of their rows, the last of which is for the newest
 * frame: taps, or in a `2plus3d` gate the mean over time and the frame itself (spec §2.4).
 */
function lookingBack(graph: Graph): ReadonlyMap<string, number> {
  const pooled = new Set(graph.nodes.flatMap((node) => (node.op === "concat" ? [node.id] : [])));
  return new Map(
    graph.nodes.flatMap((node) => {
      if (node.op === "conv" && pooled.has(node.x)) return [[node.kernel, 2] as const];
      return node.op === "depthwise" && node.time.taps > 1 ? [[node.kernel, node.time.taps] as const] : [];
    }),
  );
}

/** The weights for a network's parameters. */
function ofGraph({ params }: Graph, weights: Weights): Weights {
  return new Map([...weights].filter(([name]) => Object.hasOwn(params, name)));
}

function requireStream({ spec }: Model): void {
  if (spec.mode !== "stream") throw new TypeError("only a stream model has such relatives");
}
