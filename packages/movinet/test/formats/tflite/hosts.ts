/** Programs around our files: all that a host must do, for each form, and what the network itself says. */

import { buildGraph } from "../../../src/arch/build.ts";
import { interpret } from "../../../src/graph/interpret.ts";
import { outputOf } from "../../../src/graph/ir.ts";
import type { Model } from "../../../src/model/model.ts";
import { openTflite } from "./interpreter.ts";

/** `[3, H, W]` → `[H, W, 3]` */
export function interleaved(picture: Float32Array): Float32Array {
  const pixels = picture.length / 3;
  return picture.map((_, i) => picture[(i % 3) * pixels + Math.floor(i / 3)] as number);
}

type Step = (picture: Float32Array) => Float64Array;

/** Slot k of a buffer is what slot k + 1 was before; the output of a pool is added to its sum. */
export function openStep(bytes: Uint8Array): Step {
  const { model, run } = openTflite(bytes);
  let age = 0;
  let states: Record<string, Float64Array> = {};
  for (const [name, tensor] of Object.entries(model.signature?.inputs ?? {})) {
    const size = model.tensors[tensor]?.shape.reduce((a, b) => a * b, 1) as number;
    if (name.startsWith("state_")) states[name] = new Float64Array(size);
  }
  return (picture) => {
    const outputs = run({ ...states, image: interleaved(picture), inverse_count: [1 / (age + 1)], position: [age] });
    const window = { ...states, ...outputs };
    states = Object.fromEntries(
      Object.entries(states).map(([name, before]) => {
        const slot = /_stream_buffer_(\d+)$/.exec(name);
        if (slot) return [name, window[name.replace(/\d+$/, String(Number(slot[1]) + 1))] as Float64Array];
        return [name, before.map((value, i) => value + (outputs[`${name}_frame`]?.[i] as number))];
      }),
    );
    age++;
    return outputs["logits"] as Float64Array;
  };
}

/** Every state that came out goes in again under its name. */
export function openOfficial(bytes: Uint8Array): Step {
  const { model, run } = openTflite(bytes);
  let states: Record<string, Float64Array> = {};
  for (const [name, tensor] of Object.entries(model.signature?.inputs ?? {})) {
    states[name] = new Float64Array(model.tensors[tensor]?.shape.reduce((a, b) => a * b, 1) as number);
  }
  return (picture) => {
    const { logits, ...next } = run({ ...states, image: interleaved(picture) });
    states = next;
    return logits as Float64Array;
  };
}

/** The logits of a whole clip `[T, 3, H, W]` by the reference interpreter. */
export function clipLogits({ spec, weights }: Model, clip: Float32Array): Float64Array {
  const frames = clip.length / (3 * spec.resolution.height * spec.resolution.width);
  const graph = buildGraph(spec, { form: "clip", frames });
  const ages = Array.from({ length: frames }, (_, t) => t);
  const inputs = { image: clip, position: ages, inverse_count: ages.map((t) => 1 / (t + 1)) };
  return interpret(graph, weights, inputs)[outputOf(graph)] as Float64Array;
}
