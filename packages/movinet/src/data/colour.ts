import type { Random } from "../common/random.ts";
import type { Box } from "./crop-box.ts";
import type { Pictures, Tables } from "./resample.ts";

/** How far a clip's colours may be moved; each is a largest relative change, 0 .. below 1, and 0 changes nothing. */
export interface ColourRanges {
  /** Factor of all values. */
  readonly brightness: number;
  /** Factor of the distance to the clip's mean luma. */
  readonly contrast: number;
  /** Factor of the distance to a pixel's own grey. */
  readonly saturation: number;
  /** Factor of red, green and blue, each its own: light of another colour. */
  readonly tint: number;
}

/** One change of colours, for all frames of a clip: factors, 1 where nothing changes. */
export interface ColourChange {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly tint: readonly [red: number, green: number, blue: number];
}

export function drawColourChange(ranges: ColourRanges, random: Random): ColourChange {
  const factor = (reach: number) => random.between(1 - reach, 1 + reach);
  return {
    brightness: factor(ranges.brightness),
    contrast: factor(ranges.contrast),
    saturation: factor(ranges.saturation),
    tint: [factor(ranges.tint), factor(ranges.tint), factor(ranges.tint)],
  };
}

/** Bytes as they are: 0..255 → 0..1. */
export const plainTables: Tables = (() => {
  const table = Float64Array.from({ length: 256 }, (_, v) => v / 255);
  return [table, table, table];
})();

/** Bytes → 0..1 with brightness, contrast and tint changed; `mean` is the luma (0..255) that contrast leaves alone. */
export function colourTables({ brightness, contrast, tint }: ColourChange, mean: number): Tables {
  const table = (gain: number) =>
    Float64Array.from({ length: 256 }, (_, v) =>
      Math.min(Math.max(((mean + (v - mean) * contrast) * brightness * gain) / 255, 0), 1),
    );
  return [table(tint[0]), table(tint[1]), table(tint[2])];
}

/** Points a side at which {@link meanLuma} looks at each frame. */
const grid = 16;

/** Mean luma (0..255) of a box in these frames, from a grid of 16 × 16 pixels of each. */
export function meanLuma({ data, width, height }: Pictures, indices: ArrayLike<number>, box: Box): number {
  let sum = 0;
  for (let k = 0; k < indices.length; k++) {
    for (let row = 0; row < grid; row++) {
      const y = Math.min(Math.floor((box.top + ((row + 0.5) / grid) * box.height) * height), height - 1);
      for (let column = 0; column < grid; column++) {
        const x = Math.min(Math.floor((box.left + ((column + 0.5) / grid) * box.width) * width), width - 1);
        const i = (((indices[k] as number) * height + y) * width + x) * 3;
        sum += 0.299 * (data[i] as number) + 0.587 * (data[i + 1] as number) + 0.114 * (data[i + 2] as number);
      }
    }
  }
  return sum / (indices.length * grid * grid);
}
