/** A small model under a name of the zoo, as a source of the zoo would give it. */
import { buildGraph } from "../../src/arch/build.ts";
import { randomWeights } from "../../src/arch/random-weights.ts";
import { specOf } from "../../src/arch/spec.ts";
import { writeModel } from "../../src/formats/model-file.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import { defaultCard } from "../../src/model/card.ts";
import type { Model } from "../../src/model/model.ts";
import type { Source, ZooModel } from "../../src/zoo/registry.ts";

/** T0 with ten classes: 1.8 million random weights. */
export function smallModel(seed = 1): Model {
  const spec = specOf("t0-stream", { classes: 10, gate: "hard_sigmoid_a" });
  const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), seed);
  return { spec, weights, card: defaultCard(spec) };
}

export const safetensors = writeModel(smallModel());
export const tflite = emitTflite(smallModel(), { form: "official", dtype: "float16" });

/** A row of a table as the zoo's, with these sources. */
export function rowOf(sources: readonly Partial<Source>[], more: Partial<ZooModel> = {}): ZooModel {
  return {
    name: "t0-stream",
    spec: "t0-stream",
    weights: "float32",
    ending: "safetensors",
    sources: sources.map((source) => ({ url: "", origin: "somebody", licence: "MIT", content: null, ...source })),
    file: null,
    bytes: safetensors.length,
    classes: 10,
    labels: null,
    told: {},
    accuracy: { dataset: "Kinetics-600", top1: 0.7, top5: 0.9 },
    ...more,
  };
}
