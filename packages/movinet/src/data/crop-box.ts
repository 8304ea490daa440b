import type { Random } from "../common/random.ts";

/** A part of a picture, in fractions of the picture's width and height. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export type Range = readonly [low: number, high: number];

export const wholePicture: Box = { left: 0, top: 0, width: 1, height: 1 };

/** The largest box of the true aspect `shape` in the middle of a picture of the true aspect `picture`. */
export function centreBox(picture: number, shape: number): Box {
  const width = Math.min(1, shape / picture);
  const height = Math.min(1, picture / shape);
  return { left: (1 - width) / 2, top: (1 - height) / 2, width, height };
}

const attempts = 100;

/**
 * A random box as TensorFlow's `sample_distorted_bounding_box` draws it: an aspect uniform in `aspect` (1 means `shape`,
 * a true width / height), then a height uniform among those whose share of the picture's area lies in `area` and that
 * fit into the picture, then a place. null when nothing fitted in a hundred attempts.
 */
export function randomBox(
  picture: number,
  shape: number,
  { area, aspect }: { readonly area: Range; readonly aspect: Range },
  random: Random,
): Box | null {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const stretch = (shape * random.between(aspect[0], aspect[1])) / picture;
    const low = Math.sqrt(area[0] / stretch);
    const high = Math.min(Math.sqrt(area[1] / stretch), 1 / stretch, 1);
    if (low > high * (1 + 1e-9)) continue;
    const height = Math.min(random.between(low, high), 1);
    const width = Math.min(height * stretch, 1);
    return { left: random.between(0, 1 - width), top: random.between(0, 1 - height), width, height };
  }
  return null;
}
