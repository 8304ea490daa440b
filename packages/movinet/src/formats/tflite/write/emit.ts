import { nameOf, type Spec } from "../../../arch/spec.ts";
import { type Graph, perOp } from "../../../graph/ir.ts";
import { allFloats, type Storage } from "../../../graph/storage.ts";
import type { Weights } from "../../../graph/tensor.ts";
import type { Model } from "../../../model/model.ts";
import { chooseFile, type FileOptions } from "../../file-options.ts";
import { integerGraph } from "../../integer-graph.ts";
import { clipForm } from "./clip.ts";
import { appendLabels, companionName, describeTensors } from "./companion.ts";
import { Emission } from "./emission.ts";
import { emitters } from "./emitters.ts";
import type { Form } from "./forms.ts";
import { lowerForTflite, type TflitePrecision, type tfliteForms, tfliteStorage } from "./lower.ts";
import { fileMetadata } from "./metadata.ts";
import { officialForm } from "./official.ts";
import { stepForm } from "./step.ts";
import { writeTflite } from "./write.ts";

/**
 * What a file looks like from outside; every one has the signature `serving_default`. `C` are classes, `h × w` the size
 * of a map.
 *
 * `step`: one frame of a stream model; nothing above rank 4, only built-in operators. The host keeps the states.
 * - in: `image` `[1, H, W, 3]`, RGB in 0..1; `inverse_count` `[1, 1, 1, 1]`, 1 / (frames so far, this one included);
 *   `position` `[1, 1, 1, 1]`, the index of the frame, where the model encodes it;
 *   `state_…_stream_buffer_k` `[1, h, w, c]` for each slot k from 0, the oldest; `state_…_pool_buffer` `[1, 1, 1, c]`
 * - out: `logits` `[1, C]`; `state_…_stream_buffer_n`, the newest frame of a buffer of n slots;
 *   `state_…_pool_buffer_frame`, what the frame adds to a sum
 * - next call: slot k is what was called slot k + 1, in or out; sum + frame is the sum. All are zeros at first.
 *
 * `official`: one frame of a stream model with the names, types and shapes of Google's files, in which every state goes
 * in and comes out under one name: `image` `[1, 1, H, W, 3]`, buffers `[1, n, h, w, c]`, sums `[1, 1, 1, 1, c]`, counts
 * int32 `[1]`.
 *
 * `clip`: all frames of a clip, in: `image` `[frames, H, W, 3]`, out: `logits` `[1, C]`.
 */
export type TfliteForm = (typeof tfliteForms)[number];

export type TfliteOptions = FileOptions<TfliteForm, TflitePrecision>;

/**
 * Writes a model as a TFLite file (schema 3) of built-in operators on `[frames, height, width, channels]`, with norms
 * and residual scales folded into the convolutions. Its metadata contains spec and card, so `readModel` can open it
 * again, including labels; Google's tools find labels and normalization as TensorFlow Lite Metadata.
 *
 * Throws {@link ModelError} with code `E_MODEL_EXPORT` if the model has no such form: a base model as `step` or
 * `official`, a stream model as `clip` without a number of frames.
 */
export function emitTflite(model: Model, options: TfliteOptions = {}): Uint8Array {
  const { spec, weights, card } = model;
  const facts = chooseFile(model, "TFLite", options);
  const { form, dtype } = facts;
  const lowered = lowerForTflite(spec, facts, model.integers);
  const graph = dtype === "int8" ? integerGraph(model, lowered) : lowered;
  const out = new Emission(graph, weights, tfliteStorage[dtype]);
  const parts = emitNodes(out, forms[form](out, spec));
  const metadata = {
    ...fileMetadata(model, facts, parts.operators, options.receipt),
    [companionName]: describeTensors(card, Object.keys(parts.inputs), Object.keys(parts.outputs)),
  };
  const file = writeTflite({ description: `movinet ${nameOf(spec)}, ${form}`, ...parts, metadata });
  return card.labels === null ? file : appendLabels(file, card.labels);
}

/** The step of a quantized stream model, with the types of its integers. Throws {@link ModelError} (`E_MODEL_EXPORT`). */
export function integerStep(model: Model): Graph {
  const facts = { form: "step", dtype: "int8", frames: 1 } as const;
  return integerGraph(model, lowerForTflite(model.spec, facts, model.integers));
}

/**
 * Writes a graph lowered by {@link lowerGraph} as a file for an engine: one frame in the form `step` if it has states,
 * otherwise a `clip`.
 */
export function emitGraph(graph: Graph, weights: Weights, storage: Storage = allFloats): Uint8Array {
  const out = new Emission(graph, weights, storage);
  const parts = emitNodes(out, graph.states.length > 0 ? stepForm(out) : clipForm(out));
  return writeTflite({ description: `movinet ${graph.name}`, ...parts, metadata: {} });
}

function emitNodes(out: Emission, form: Form) {
  for (const node of out.graph.nodes) {
    if (!out.has(node.id)) out.node(node, () => perOp<[Emission, Form], void>(emitters, node, out, form));
    form.leave(node.id);
  }
  const { tensors, operators } = out;
  return { tensors, operators, ...form.finish() };
}

const forms: Readonly<Record<TfliteForm, (out: Emission, spec: Spec) => Form>> = {
  step: stepForm,
  official: officialForm,
  clip: clipForm,
};
