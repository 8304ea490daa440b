/** Networks as int8 for measurements. */

import { openEngine, preprocess } from "movinet/session";
import type { Model } from "../packages/movinet/src/model/model.ts";
import { calibrate } from "../packages/movinet/src/quantize/calibrate.ts";
import type { RangeMethod } from "../packages/movinet/src/quantize/histogram.ts";
import { sceneClips, streamLengths } from "../packages/movinet/src/verify/clips.ts";
import { framesOf, videosIn } from "./material.ts";

/** What Google's int8 networks are. */
export const relu6 = { activation: "relu6", classifierActivation: "relu6", squeezeExcite: "none" } as const;

/** With the ranges of generated scenes: for time and size. */
export function quantizedOnScenes(model: Model): Promise<Model> {
  return quantized(model, sceneClips(model.spec, streamLengths).slice(-1), "minmax");
}

/** With the ranges of the first 20 frames of every fifth video in a shared folder. */
export async function quantizedOnClips(model: Model, folder: string): Promise<Model> {
  const { fps, input } = model.card;
  const clips: Float32Array[][] = [];
  for (const file of videosIn(folder).filter((_, i) => i % 5 === 0)) {
    const frames = await framesOf(file, { fps, size: input });
    clips.push(frames.slice(0, 20).map((frame) => preprocess(frame, input)));
  }
  return quantized(model, clips, "mse");
}

async function quantized(
  model: Model,
  clips: readonly (readonly Float32Array[])[],
  method: RangeMethod,
): Promise<Model> {
  async function* inTurn(clip: readonly Float32Array[]) {
    yield* clip;
  }
  const found = await calibrate(model, await openEngine({ threads: 1 }), clips.map(inTurn));
  return { ...model, integers: { ranges: found.ranges(method), floats: [] } };
}
