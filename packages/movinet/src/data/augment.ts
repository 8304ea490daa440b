import type { Random } from "../common/random.ts";
import type { CardFit } from "../model/card.ts";
import { applyOperations, drawOperations } from "./auto-augment.ts";
import type { Clip } from "./clip.ts";
import {
  type Box,
  centreBox,
  type Pictures,
  type Range,
  randomBox,
  resample,
  type Tables,
  wholePicture,
} from "./resample.ts";

/** How training clips are augmented. Plain data; change single values with a spread, for example `flip: 0`. */
export interface AugmentRecipe {
  /** Range of playback speeds, for `randomClipTimes`. */
  readonly speed: Range;
  /**
   * The random crop of a clip: its share of the picture's area, and its true width / height relative to the target's.
   * null: the view of evaluation.
   */
  readonly crop: { readonly area: Range; readonly aspect: Range } | null;
  /** Probability of mirroring a clip left to right: 0 if left and right matter. */
  readonly flip: number;
  readonly colour: ColourRanges | null;
  /** AutoAugment v0 (spec Appendix A). */
  readonly autoAugment: boolean;
}

export const none: AugmentRecipe = { speed: [1, 1], crop: null, flip: 0, colour: null, autoAugment: false };

/** For fine-tuning on few clips. */
export const light: AugmentRecipe = {
  speed: [0.8, 1.25],
  crop: { area: [0.5, 1], aspect: [0.8, 1.25] },
  flip: 0.5,
  colour: { brightness: 0.2, contrast: 0.2, saturation: 0.2, tint: 0.05 },
  autoAugment: false,
};

/**
 * The official recipe for models trained with AutoAugment (spec §5.2, §5.3). Its area begins at 0.08 on paper, but a
 * box must also cover a tenth of the picture.
 */
export const strong: AugmentRecipe = {
  speed: [0.8, 1],
  crop: { area: [0.1, 1], aspect: [0.5, 2] },
  flip: 0.5,
  colour: null,
  autoAugment: true,
};

export const recipes = { none, light, strong } as const;

/** Decoded frames whose pixels need not be square: `aspect` is width / height of the whole displayed picture. */
export type AnamorphicPictures = Pictures & Pick<Clip, "aspect">;

/**
 * The network's input size in pixels. `fit` (default `crop`) is the view of evaluation, and so the shape of a box with
 * relative aspect 1: the target's (`crop`), or the picture's (`squash`).
 */
export interface Target {
  readonly width: number;
  readonly height: number;
  readonly fit?: CardFit;
}

/**
 * Writes a training clip to `out`: the frames `indices` of `clip`, which has whole (squashed) pictures, all augmented
 * in the same way by `recipe`, as `[indices.length, height, width, 3]` RGB in 0..1. The same `random` gives the same
 * numbers. If no box fits, it uses the view of evaluation. Throws a `TypeError` for an index outside the clip and for
 * an `out` of the wrong size.
 */
export function augmentClip(
  clip: AnamorphicPictures,
  indices: ArrayLike<number>,
  target: Target,
  recipe: AugmentRecipe,
  random: Random,
  out: Float32Array,
): void {
  check(clip, indices, target, out);
  const shape = (target.fit ?? "crop") === "crop" ? target.width / target.height : clip.aspect;
  const box = (recipe.crop && randomBox(clip.aspect, shape, recipe.crop, random)) ?? centreBox(clip.aspect, shape);
  const mirrored = random.chance(recipe.flip);
  const view = { box, mirrored, width: target.width, height: target.height };
  if (recipe.colour) {
    const change = drawColourChange(recipe.colour, random);
    const tables = colourTables(change, meanLuma(clip, indices, box));
    resample(clip, indices, view, tables, change.saturation, out);
  } else {
    resample(clip, indices, view, plainTables, 1, out);
  }
  if (recipe.autoAugment) applyOperations(out, target, drawOperations(random));
}

/**
 * Writes the evaluation view of a clip that has whole (squashed) pictures: the whole pictures (`squash`) or their
 * largest central part with the target's true shape (`crop`), as `[indices.length, height, width, 3]` RGB in 0..1. For
 * frames cropped to the target when decoded, `squash` gives exactly the numbers that `classify` sees. Throws like
 * {@link augmentClip}.
 */
export function centreCrop(
  clip: AnamorphicPictures,
  indices: ArrayLike<number>,
  target: { readonly width: number; readonly height: number },
  fit: CardFit,
  out: Float32Array,
): void {
  check(clip, indices, target, out);
  const box: Box = fit === "crop" ? centreBox(clip.aspect, target.width / target.height) : wholePicture;
  resample(clip, indices, { box, mirrored: false, ...target }, plainTables, 1, out);
}

function check(clip: Pictures, indices: ArrayLike<number>, { width, height }: Target, out: Float32Array): void {
  for (let k = 0; k < indices.length; k++) {
    const index = indices[k] as number;
    if (!(index >= 0 && index < clip.frames)) {
      throw new TypeError(`indices must be in 0..${clip.frames - 1}, got ${index}`);
    }
  }
  const size = indices.length * width * height * 3;
  if (out.length !== size) throw new TypeError(`out must have ${size} elements, got ${out.length}`);
}

/** Limits of colour changes; each is a maximum relative change, 0 .. below 1, and 0 has no effect. */
export interface ColourRanges {
  /** Factor of all values. */
  readonly brightness: number;
  /** Factor of the distance to the clip's mean luma. */
  readonly contrast: number;
  /** Factor of the distance to a pixel's own grey. */
  readonly saturation: number;
  /** Separate factors of red, green and blue: light of another colour. */
  readonly tint: number;
}

/** One colour change for all frames of a clip: factors, 1 for no change. */
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

/** Bytes unchanged: 0..255 → 0..1. */
export const plainTables: Tables = (() => {
  const table = Float64Array.from({ length: 256 }, (_, v) => v / 255);
  return [table, table, table];
})();

/** Bytes → 0..1 with changed brightness, contrast and tint; `mean` is the luma (0..255) that contrast preserves. */
export function colourTables({ brightness, contrast, tint }: ColourChange, mean: number): Tables {
  const table = (gain: number) =>
    Float64Array.from({ length: 256 }, (_, v) =>
      Math.min(Math.max(((mean + (v - mean) * contrast) * brightness * gain) / 255, 0), 1),
    );
  return [table(tint[0]), table(tint[1]), table(tint[2])];
}

/** Sample points per side and frame for {@link meanLuma}. */
const grid = 16;

/** Mean luma (0..255) of a box in these frames, from a grid of 16 × 16 pixels each. */
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
