/** Which layers a network has, and how much noise the arithmetic of a file adds to what each of them computes. */
import type { Engine } from "../engines/engine.ts";
import { emitGraph } from "../formats/tflite/write/emit.ts";
import { lowerForTflite, type TflitePrecision, tfliteStorage } from "../formats/tflite/write/lower.ts";
import type { Graph } from "../graph/ir.ts";
import { quantizeGraph } from "../graph/quantize.ts";
import { emittedInterface } from "../graph/step-interface.ts";
import type { Storage } from "../graph/storage.ts";
import type { Weights } from "../graph/tensor.ts";
import type { Model } from "../model/model.ts";
import { Streams } from "../session/streams.ts";
import { decibels } from "./decibels.ts";

/** Signal to noise of what a layer computes, in decibels; null: it is exact. */
export interface LayerNoise {
  readonly layer: string;
  readonly decibels: number | null;
}

/** The convolutions of each layer (`stem`, `block0.layer0`, …), which become integers together, or not at all. */
export function layersOf(model: Model): ReadonlyMap<string, readonly string[]> {
  const layers = new Map<string, string[]>();
  for (const { op, id } of lowered(model).nodes) {
    if (op !== "conv" && op !== "depthwise") continue;
    const layer = /^block\d+\.layer\d+/.exec(id)?.[0] ?? (id.split(".")[0] as string);
    layers.set(layer, [...(layers.get(layer) ?? []), id]);
  }
  return layers;
}

function lowered({ spec }: Model): Graph {
  return lowerForTflite(spec, { form: "step", dtype: "int8", frames: 1 });
}

/**
 * Runs a model on clips in float32 and as `dtype`, each with states of its own, in the kernels of the engine for TFLite
 * files, and compares what its layers compute.
 */
export async function layerNoise(
  model: Model,
  dtype: TflitePrecision,
  engine: Engine,
  clips: Iterable<AsyncIterable<Float32Array>>,
): Promise<readonly LayerNoise[]> {
  const graph = lowered(model);
  const { weights, integers } = model;
  const layers = Object.entries({ ...graph.endpoints, logits: graph.outputs["logits"] as string });
  const watched: Graph = { ...graph, outputs: Object.fromEntries(layers) };
  const typed = dtype === "int8" && integers ? quantizeGraph(watched, weights, integers) : watched;
  const own = await openGraph(watched, weights, tfliteStorage.float32, engine);
  const other = await openGraph(typed, weights, tfliteStorage[dtype], engine);
  const energies = new Map(layers.map(([layer]) => [layer, { signal: 0, noise: 0 }]));
  try {
    for (const clip of clips) {
      const [ours, theirs] = [new Streams(own, 1, Infinity), new Streams(other, 1, Infinity)];
      try {
        for await (const picture of clip) {
          const exact = await ours.advance(own, picture);
          const rounded = await theirs.advance(other, picture);
          for (const [layer, energy] of energies) {
            for (const [i, value] of (exact[layer] as Float32Array).entries()) {
              energy.signal += value ** 2;
              energy.noise += (value - ((rounded[layer] as Float32Array)[i] as number)) ** 2;
            }
          }
        }
      } finally {
        ours.dispose();
        theirs.dispose();
      }
    }
  } finally {
    await own.executable.dispose();
    await other.executable.dispose();
  }
  return [...energies].map(([layer, { signal, noise }]) => {
    return { layer: layer.replace("_", "."), decibels: noise === 0 ? null : decibels(signal, noise) };
  });
}

async function openGraph(graph: Graph, weights: Weights, storage: Storage, engine: Engine) {
  const file = emitGraph(graph, weights, storage);
  return { executable: await engine.load({ file, subject: graph.name }), step: emittedInterface(graph) };
}
