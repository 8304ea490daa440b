/** Networks as int8 for measurements of time and size: their ranges are those of generated scenes, not of real streams. */

import { openEngine } from "movinet/session";
import type { Model } from "../packages/movinet/src/model/model.ts";
import { calibrate } from "../packages/movinet/src/quantize/calibrate.ts";
import { sceneClips, streamLengths } from "../packages/movinet/src/verify/clips.ts";

/** What Google's int8 networks are. */
export const relu6 = { activation: "relu6", classifierActivation: "relu6", squeezeExcite: "none" } as const;

export async function quantizedOnScenes(model: Model): Promise<Model> {
  async function* inTurn(clip: readonly Float32Array[]) {
    yield* clip;
  }
  const clips = sceneClips(model.spec, streamLengths).slice(-1);
  const found = await calibrate(model, await openEngine({ threads: 1 }), clips.map(inTurn));
  return { ...model, integers: { ranges: found.ranges("minmax"), floats: [] } };
}
