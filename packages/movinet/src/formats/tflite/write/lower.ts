import { buildGraph } from "../../../arch/build.ts";
import type { Spec } from "../../../arch/spec.ts";
import { splitGates, splitSwish } from "../../../graph/converter-steps.ts";
import type { Graph } from "../../../graph/ir.ts";
import { sourceOf } from "../../../graph/params.ts";
import {
  dropIdentities,
  foldGate,
  foldNorm,
  foldScale,
  inTurn,
  lowerComposites,
  lowerSpaceTime,
  type Pass,
} from "../../../graph/passes.ts";
import type { Precision } from "../../../graph/precision.ts";
import type { Integers } from "../../../graph/quantize.ts";
import { allFloats, type Storage } from "../../../graph/storage.ts";
import type { ExportFacts as FileFacts } from "../../../model/metadata.ts";

export const tfliteForms = ["step", "official", "clip"] as const;

/**
 * For the products of dense layers with hybrid kernels: the hybrid depthwise kernel is slower than the float one and has no delegate.
 * Small kernels stay float32, as in the official converter: they would save nothing.
 */
const hybrid: Storage = { dtype: "int8", kinds: ["dense"], leastElements: 1024 };

/** How weights are stored, by precision. Everything is computed in float32, except for `int8` and with hybrid kernels. */
export const tfliteStorage = {
  float32: allFloats,
  float16: { dtype: "float16", kinds: ["dense", "depthwise", "vector"], leastElements: 0 },
  dynamic_int8: hybrid,
  // The types of its graph say what is an integer; this is for the layers that stay floats.
  int8: hybrid,
} as const satisfies Partial<Record<Precision, Storage>>;
export type TflitePrecision = keyof typeof tfliteStorage;
export const tflitePrecisions = Object.keys(tfliteStorage) as readonly TflitePrecision[];

/** How one of our files was written. */
export type ExportFacts = FileFacts<(typeof tfliteForms)[number], TflitePrecision>;

/** The graph whose parameters a file contains. Constants of gates are folded if no other reader needs them: integer gates have one range then, whatever the form. */
export function lowerForTflite(spec: Spec, { form, dtype, frames }: ExportFacts, integers?: Integers): Graph {
  const graph = buildGraph(spec, { form: form === "clip" ? "clip" : "step", frames });
  if (dtype === "int8" && integers?.steps === "converter") return lowerAsConverter(graph);
  return form === "official" && dtype !== "int8" ? lowerPlain(graph) : lowerGraph(graph);
}

/** A parameter is stored under the name of the one it was derived from; `tap` is that of a 3-D kernel. */
export function tensorName(graph: Graph, param: string, tap = 0): string {
  const name = sourceOf(graph, param);
  return tap === 0 ? name : `${name}#${tap}`;
}

/** The steps of TensorFlow's converter: see {@link Integers.steps}. */
const lowerAsConverter: Pass = (graph) =>
  inTurn(graph, [lowerComposites, foldNorm, splitGates, splitSwish, lowerSpaceTime, dropIdentities]);

const lowerPlain: Pass = (graph) =>
  inTurn(graph, [lowerComposites, foldNorm, foldScale, lowerComposites, lowerSpaceTime, dropIdentities]);

/** The form of a graph, emitted as `step` or `clip`. */
export const lowerGraph: Pass = (graph) => foldGate(lowerPlain(graph));
