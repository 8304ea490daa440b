import { buildGraph } from "../../arch/build.ts";
import type { Spec } from "../../arch/spec.ts";
import type { Graph } from "../../graph/ir.ts";
import { dropIdentities, foldGate, foldNorm, foldScale, lowerSpaceTime, type Pass } from "../../graph/passes.ts";

export const tfliteForms = ["step", "official", "clip"] as const;
export const tflitePrecisions = ["float32", "float16", "dynamic_int8"] as const;

/** What a file of ours tells about how it was made. */
export interface ExportFacts {
  readonly form: (typeof tfliteForms)[number];
  readonly dtype: (typeof tflitePrecisions)[number];
  /** Of a call. */
  readonly frames: number;
}

/** The graph whose parameters a file holds. Constants of gates are folded where no other reader looks for them. */
export function lowerForTflite(spec: Spec, { form, frames }: Pick<ExportFacts, "form" | "frames">): Graph {
  const graph = buildGraph(spec, { call: form === "clip" ? "clip" : "step", frames });
  const passes: readonly Pass[] = [foldNorm, foldScale, lowerSpaceTime, dropIdentities];
  return (form === "official" ? passes : [...passes, foldGate]).reduce((lowered, pass) => pass(lowered), graph);
}
