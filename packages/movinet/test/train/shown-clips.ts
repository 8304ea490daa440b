import { randomOf } from "../../src/common/random.ts";
import type { MirrorSample } from "../../src/train/mirror.ts";

export interface ShownClips {
  readonly classes: number;
  readonly groups: number;
  /** Clips of each class in each group. */
  readonly each: number;
  /** So many pairs of classes, from the first on, are each other's mirror image. */
  readonly pairs: number;
  /** The last class is not its own mirror image. */
  readonly single?: boolean;
  /** All clips are taken from one side, by so much. */
  readonly oneSided?: number;
  /** The class shows in nothing. */
  readonly random?: boolean;
}

const width = 12;

/** Mirroring turns the sign of the second half of what the pool sees. */
const mirror = (vector: Float32Array) => vector.map((x, i) => (i < width / 2 ? x : -x));

/** Clips around a centre of each class, with what is common to each group on top, seen plain and mirrored. */
export function shownClips(seed: number, options: ShownClips): MirrorSample[] {
  const { classes, groups, each, pairs, single = false, oneSided = 0, random: noise = false } = options;
  const random = randomOf(seed, "shown");
  const vector = (scale: number) => Float32Array.from({ length: width }, () => scale * random.normal());
  const centres = Array.from({ length: classes }, () => vector(1).map((x, i) => (i < width / 2 ? x : 0)));
  for (let p = 0; p < pairs; p++) {
    const centre = vector(1);
    centres[2 * p] = centre;
    centres[2 * p + 1] = mirror(centre);
  }
  if (single) centres[classes - 1] = vector(1);
  const side = vector(oneSided).map((x, i) => (i < width / 2 ? 0 : x));
  return Array.from({ length: groups }, (_, g) => {
    const place = vector(0.4);
    return centres.flatMap((centre, c) =>
      Array.from({ length: each }, () => {
        const own = vector(0.5);
        const view = centre.map((x, i) => (noise ? 0 : x) + place[i]! + own[i]! + side[i]!);
        return { views: [view], mirrored: mirror(view), classes: [c], group: `group ${g}` };
      }),
    );
  }).flat();
}
