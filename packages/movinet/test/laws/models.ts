import { buildGraph } from "../../src/arch/build.ts";
import { type SpecName, type SpecOptions, specOf } from "../../src/arch/spec.ts";
import { defaultCard } from "../../src/model/card.ts";
import type { Model } from "../../src/model/model.ts";
import { hashedWeights } from "../golden/material.ts";

/** A model with weights made from names: residual scales are not zero, statistics are not trivial. */
export function hashedModel(name: SpecName, options: SpecOptions = {}): Model {
  const spec = specOf(name, options);
  const weights = hashedWeights(buildGraph(spec, { form: "clip", frames: 1 }).params);
  return { spec, weights, card: defaultCard(spec) };
}

/** Pictures of a seeded uniform generator, `[count, 3, height, width]`. */
export function randomPictures(seed: number, count: number, height: number, width: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count * 3 * height * width }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

/** Interleaves the pictures of several streams time-major, as a batched step takes them. */
export function interleave(streams: readonly Float32Array[], picture: number): Float32Array {
  const frames = (streams[0]?.length ?? 0) / picture;
  const all = new Float32Array(streams.length * frames * picture);
  for (let t = 0; t < frames; t++) {
    for (const [b, stream] of streams.entries()) {
      all.set(stream.subarray(t * picture, (t + 1) * picture), (t * streams.length + b) * picture);
    }
  }
  return all;
}

export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs((a[i] as number) - (b[i] as number)));
  return worst;
}
