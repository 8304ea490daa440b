import { buildGraph } from "../../../arch/build.ts";
import type { Spec } from "../../../arch/spec.ts";
import { ModelError } from "../../../common/errors.ts";
import type { Graph } from "../../../graph/ir.ts";
import { lowerForInference, renameValues } from "../../../graph/passes.ts";
import type { Integers } from "../../../graph/quantize.ts";
import { poolFrameName, slotName, summandOf } from "../../../graph/states.ts";
import { type ExportFacts, metadataTexts } from "../../../model/metadata.ts";
import type { Model } from "../../../model/model.ts";
import { chooseFile, type FileOptions } from "../../file-options.ts";
import { integerGraph } from "../../integer-graph.ts";
import { lowerForTflite } from "../../tflite/write/lower.ts";
import { onnxStorage } from "./emission.ts";
import { emitOnnxGraph, type Growth } from "./emit.ts";

export const onnxForms = ["step", "clip"] as const;
/**
 * What a file looks like from outside; float32, the first dimension is the batch `B` (free at run time). `C` are classes,
 * `h × w` the size of a map.
 *
 * `step`: one frame of a stream model. The host keeps the states.
 * - in: `image` `[B, 3, H, W]`, RGB in 0..1; `inverse_count` `[B, 1, 1, 1]`, 1 / (frames so far, this one included);
 *   `position` `[B, 1, 1, 1]`, the index of the frame, where the model encodes it;
 *   `state_…_stream_buffer_k` `[B, c, h, w]` for each slot k from 0, the oldest; `state_…_pool_buffer` `[B, c, 1, 1]`
 * - out: `logits` `[B, C]`; `state_…_stream_buffer_n`, the newest frame of a buffer of n slots;
 *   `state_…_pool_buffer_frame`, what the frame adds to a sum
 * - next call: slot k is what was called slot k + 1, in or out; sum + frame is the sum. All are zeros at first.
 *
 * `clip`: all `T` frames of a clip. In: `image` `[T · B, 3, H, W]`, row `t · B + b` being frame t of clip b; for stream
 * models also `inverse_count` (row `t · B + b`: `1 / (t + 1)`) and, where the model encodes it, `position` (`t`), both
 * `[T · B, 1, 1, 1]`. Out: `logits` `[B, C]`.
 */
export type OnnxForm = (typeof onnxForms)[number];

/** How weights are stored. Everything is computed in float32, except for `int8`: runtimes compute with integers between pairs of QuantizeLinear and DequantizeLinear. */
export type OnnxPrecision = keyof typeof onnxStorage;
export const onnxPrecisions = Object.keys(onnxStorage) as readonly OnnxPrecision[];

export type OnnxOptions = FileOptions<OnnxForm, OnnxPrecision>;

/**
 * Writes a model as an ONNX file with the oldest possible opset (13 or 14, IR 7: ONNX Runtime 1.8 and newer), with
 * norms and residual scales folded into the convolutions. Its metadata contains spec, card, and the meaning of the
 * inputs and outputs.
 *
 * Throws {@link ModelError} with code `E_MODEL_EXPORT` if the model has no such form: a base model as `step`, a stream
 * model as `clip` without a number of frames.
 */
export function emitOnnx(model: Model, options: OnnxOptions = {}): Uint8Array {
  const { spec, weights, card, integers } = model;
  const facts = chooseFile(model, "ONNX", options);
  const { form, dtype, frames } = facts;
  if (dtype === "int8" && form === "clip") {
    const problem = "there are no int8 ONNX files of whole clips";
    throw new ModelError({
      code: "E_MODEL_EXPORT",
      subject: card.name,
      problem,
      remedy: "Use the step form of a stream model",
    });
  }
  const lowered =
    dtype === "int8" ? integerGraph(model, lowerForOnnx(spec, facts, integers)) : lowerForOnnx(spec, facts);
  const { graph, outputs, growths } =
    form === "step" ? namedStep(lowered) : { graph: lowered, outputs: [], growths: [] };
  const interfaces = {
    form,
    dtype,
    frames,
    image: "RGB in 0..1, [frames * batch, 3, height, width], row t * batch + b",
    states:
      form === "step"
        ? "next call: slot k of a buffer is slot k + 1 of this one, pool_buffer is pool_buffer + pool_buffer_frame"
        : "none",
  };
  return emitOnnxGraph(graph, weights, {
    outputs,
    growths,
    named: true,
    storage: onnxStorage[dtype],
    metadata: metadataTexts({ spec, card, ...(dtype === "int8" && { integers }) }, interfaces, options.receipt),
  });
}

/** The graph whose parameters a file contains. That of an int8 file is TFLite's, whose values the model's ranges name. */
export function lowerForOnnx(
  spec: Spec,
  { form, dtype, frames }: ExportFacts<OnnxForm, OnnxPrecision>,
  integers?: Integers,
): Graph {
  if (dtype === "int8") return lowerForTflite(spec, { form, dtype, frames }, integers);
  return lowerForInference(buildGraph(spec, { form, frames }));
}

/**
 * Slots and newest frames under Google's names; instead of its sum, each pool returns the increment: the frame's mean, or, of a
 * sum that is rounded to integers, what makes it the rounded one.
 */
function namedStep(graph: Graph) {
  const names = new Map<string, string>();
  const outputs: string[] = [];
  const growths: Growth[] = [];
  const leave = (value: string, name: string) => {
    names.set(value, name);
    outputs.push(name);
  };
  for (const state of graph.states) {
    if (state.kind === "buffer") {
      for (const [k, slot] of state.slots.entries()) names.set(slot, slotName(state.name, k));
      leave(state.newest[0] as string, slotName(state.name, state.slots.length));
    }
    if (state.kind !== "sum") continue;
    const name = poolFrameName(state.name);
    if (graph.types?.[state.output]) growths.push({ name, sum: state.output, before: state.input });
    else leave(summandOf(graph, state.output), name);
  }
  return { graph: renameValues(graph, names), outputs, growths };
}
