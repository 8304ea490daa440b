import { buildGraph } from "../../../arch/build.ts";
import type { Spec } from "../../../arch/spec.ts";
import type { Graph } from "../../../graph/ir.ts";
import {
  dropIdentities,
  foldGate,
  foldNorm,
  foldScale,
  lowerComposites,
  lowerSpaceTime,
  type Pass,
} from "../../../graph/passes.ts";
import type { ExportFacts as FileFacts } from "../../../model/metadata.ts";

export const tfliteForms = ["step", "official", "clip"] as const;
export const tflitePrecisions = ["float32", "float16", "dynamic_int8"] as const;

/** What a file of ours tells about how it was made. */
export type ExportFacts = FileFacts<(typeof tfliteForms)[number], (typeof tflitePrecisions)[number]>;

/** The graph whose parameters a file holds. Constants of gates are folded where no other reader looks for them. */
export function lowerForTflite(spec: Spec, { form, frames }: Pick<ExportFacts, "form" | "frames">): Graph {
  const graph = buildGraph(spec, { call: form === "clip" ? "clip" : "step", frames });
  return form === "official" ? lowerPlain(graph) : lowerGraph(graph);
}

const lowerPlain: Pass = (graph) =>
  [lowerComposites, foldNorm, foldScale, lowerComposites, lowerSpaceTime, dropIdentities].reduce(
    (lowered, pass) => pass(lowered),
    graph,
  );

/** The form of a graph that is emitted as `step` or `clip`. */
export const lowerGraph: Pass = (graph) => foldGate(lowerPlain(graph));
