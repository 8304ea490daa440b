/** What the measuring page steps and expects: generated anew everywhere, bit for bit the same. */
import { buildGraph } from "../../packages/movinet/src/arch/build.ts";
import { randomWeights } from "../../packages/movinet/src/arch/random-weights.ts";
import { type Spec, specOf } from "../../packages/movinet/src/arch/spec.ts";
import { randomOf } from "../../packages/movinet/src/common/random.ts";
import { defaultCard } from "../../packages/movinet/src/model/card.ts";
import type { Model } from "../../packages/movinet/src/model/model.ts";

export const variants = ["a0", "a1", "a2"] as const;
export type Variant = (typeof variants)[number];
/** Frames with known logits. */
export const knownFrames = 4;

/** Data that the build puts into the page. */
export interface Facts {
  readonly version: string;
  /** Distinguishes builds of one version. */
  readonly build: string;
  /** Logits of the reference interpreter, float32 `[knownFrames, classes]` in base64. */
  readonly expected: Readonly<Partial<Record<Variant, string>>>;
}

/** An untrained network, of the size of Google's. */
export function modelOf(variant: Variant): Model {
  const spec = specOf(`${variant}-stream`);
  return { spec, weights: randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1), card: defaultCard(spec) };
}

/** Frame `t`, `[3, H, W]`: coloured squares of 16 pixels, with noise. */
export function pictureOf(t: number, { height, width }: Spec["resolution"]): Float32Array {
  const random = randomOf("picture", t);
  const columns = Math.ceil(width / 16);
  const squares = Float32Array.from({ length: 3 * Math.ceil(height / 16) * columns }, random.next);
  const rows = squares.length / 3 / columns;
  return Float32Array.from({ length: 3 * height * width }, (_, i) => {
    const channel = Math.floor(i / (height * width));
    const [y, x] = [Math.floor(i / width) % height, i % width];
    const square = squares[(channel * rows + Math.floor(y / 16)) * columns + Math.floor(x / 16)] as number;
    return 0.75 * square + 0.25 * random.next();
  });
}
