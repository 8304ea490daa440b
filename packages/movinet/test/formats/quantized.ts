/** Small networks with integers: ranges are those of random pictures. */
import type { SpecName, SpecOptions } from "../../src/arch/spec.ts";
import { referenceEngine } from "../../src/engines/reference.ts";
import type { Model } from "../../src/model/model.ts";
import { calibrate } from "../../src/quantize/calibrate.ts";
import { hashedModel, randomPictures } from "../laws/models.ts";

export const side = 24;
const size: SpecOptions = { classes: 5, resolution: { height: side, width: side } };
export const relu6 = { activation: "relu6", classifierActivation: "relu6", squeezeExcite: "none" } as const;

export function picturesOf(seed: number, count: number): Float32Array[] {
  const all = randomPictures(seed, count, side, side);
  return Array.from({ length: count }, (_, t) => all.subarray(t * 3 * side * side, (t + 1) * 3 * side * side));
}

async function* clip(pictures: readonly Float32Array[]) {
  yield* pictures;
}

export async function quantizedModel(
  name: SpecName,
  options: SpecOptions,
  floats: readonly string[] = [],
): Promise<Model> {
  const model = hashedModel(name, { ...size, ...options });
  const found = await calibrate(model, referenceEngine, [clip(picturesOf(1, 2)), clip(picturesOf(2, 1))]);
  return { ...model, integers: { ranges: found.ranges("minmax"), floats } };
}
