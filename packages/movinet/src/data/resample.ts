import type { Random } from "../common/random.ts";
import type { Clip } from "./clip.ts";

/** The frames to resample: the relevant part of a clip. */
export type Pictures = Pick<Clip, "data" | "frames" | "width" | "height">;

/** Lookup tables for red, green and blue: 256 numbers each. */
export type Tables = readonly [Float64Array, Float64Array, Float64Array];

/** The part of the pictures to use, whether to mirror it left to right, and its size in pixels afterwards. */
export interface View {
  readonly box: Box;
  readonly mirrored: boolean;
  readonly width: number;
  readonly height: number;
}

/**
 * Writes `[indices.length, view.height, view.width, 3]` to `out`: a box of each listed frame, bilinear with half-pixel
 * centres and without anti-aliasing (spec §5.3), after a lookup of its bytes in `tables`. A `saturation` other than 1
 * scales each pixel's distance to its own grey (luma 0.299, 0.587, 0.114) and clamps the result to 0..1.
 */
export function resample(
  pictures: Pictures,
  indices: ArrayLike<number>,
  view: View,
  tables: Tables,
  saturation: number,
  out: Float32Array,
): void {
  const { data, width, height } = pictures;
  const { box, mirrored } = view;
  const whole = box.width === 1 && box.height === 1 && view.width === width && view.height === height;
  if (whole && !mirrored && saturation === 1) {
    const size = 3 * width * height;
    for (let k = 0; k < indices.length; k++)
      copyFrame(out, k * size, data, (indices[k] as number) * size, size, tables);
    return;
  }
  const rows = tapsOf(height, box.top, box.height, view.height);
  const columns = tapsOf(width, box.left, box.width, view.width);
  const from = 3 * (columns.low[0] as number);
  const to = 3 * Math.min((columns.low[view.width - 1] as number) + 2, width);
  for (let x = 0; x < view.width; x++) columns.low[x] = 3 * (columns.low[x] as number);
  if (mirrored) {
    columns.low.reverse();
    columns.share.reverse();
  }
  const line = new Float64Array(3 * (width + 1));
  const stride = 3 * width;
  let at = 0;
  for (let k = 0; k < indices.length; k++) {
    const frame = (indices[k] as number) * height * stride;
    for (let y = 0; y < view.height; y++) {
      const low = rows.low[y] as number;
      const top = frame + low * stride;
      const bottom = frame + Math.min(low + 1, height - 1) * stride;
      blendRows(line, data, top, bottom, from, to, rows.share[y] as number, tables);
      if (saturation === 1) writeRow(out, at, line, columns);
      else writeSaturatedRow(out, at, line, columns, saturation);
      at += 3 * view.width;
    }
  }
}

/** For each target cell, the source cell before its centre, and the weight of the next one. */
interface Taps {
  readonly low: Int32Array;
  readonly share: Float64Array;
}

function tapsOf(size: number, start: number, part: number, count: number): Taps {
  const taps = { low: new Int32Array(count), share: new Float64Array(count) };
  for (let i = 0; i < count; i++) {
    const centre = Math.min(Math.max(size * start + ((i + 0.5) * (size * part)) / count - 0.5, 0), size - 1);
    const low = Math.floor(centre);
    taps.low[i] = low;
    taps.share[i] = centre - low;
  }
  return taps;
}

function copyFrame(
  out: Float32Array,
  at: number,
  data: Uint8Array,
  from: number,
  size: number,
  [red, green, blue]: Tables,
): void {
  for (let i = 0; i < size; i += 3) {
    out[at + i] = red[data[from + i]!]!;
    out[at + i + 1] = green[data[from + i + 1]!]!;
    out[at + i + 2] = blue[data[from + i + 2]!]!;
  }
}

function blendRows(
  line: Float64Array,
  data: Uint8Array,
  top: number,
  bottom: number,
  from: number,
  to: number,
  share: number,
  [red, green, blue]: Tables,
): void {
  const rest = 1 - share;
  for (let i = from; i < to; i += 3) {
    const a = top + i;
    const b = bottom + i;
    line[i] = red[data[a]!]! * rest + red[data[b]!]! * share;
    line[i + 1] = green[data[a + 1]!]! * rest + green[data[b + 1]!]! * share;
    line[i + 2] = blue[data[a + 2]!]! * rest + blue[data[b + 2]!]! * share;
  }
}

function writeRow(out: Float32Array, start: number, line: Float64Array, { low, share }: Taps): void {
  let at = start;
  for (let x = 0; x < low.length; x++) {
    const i = low[x]!;
    const u = share[x]!;
    const r = line[i]!;
    const g = line[i + 1]!;
    const b = line[i + 2]!;
    out[at] = r + (line[i + 3]! - r) * u;
    out[at + 1] = g + (line[i + 4]! - g) * u;
    out[at + 2] = b + (line[i + 5]! - b) * u;
    at += 3;
  }
}

function writeSaturatedRow(
  out: Float32Array,
  start: number,
  line: Float64Array,
  { low, share }: Taps,
  saturation: number,
): void {
  const grey = 1 - saturation;
  let at = start;
  for (let x = 0; x < low.length; x++) {
    const i = low[x]!;
    const u = share[x]!;
    let r = line[i]!;
    let g = line[i + 1]!;
    let b = line[i + 2]!;
    r += (line[i + 3]! - r) * u;
    g += (line[i + 4]! - g) * u;
    b += (line[i + 5]! - b) * u;
    const luma = (0.299 * r + 0.587 * g + 0.114 * b) * grey;
    r = r * saturation + luma;
    g = g * saturation + luma;
    b = b * saturation + luma;
    out[at] = r < 0 ? 0 : r > 1 ? 1 : r;
    out[at + 1] = g < 0 ? 0 : g > 1 ? 1 : g;
    out[at + 2] = b < 0 ? 0 : b > 1 ? 1 : b;
    at += 3;
  }
}

/** A part of a picture, in fractions of its width and height. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export type Range = readonly [low: number, high: number];

export const wholePicture: Box = { left: 0, top: 0, width: 1, height: 1 };

/** The largest central box with the true aspect `shape` in a picture with the true aspect `picture`. */
export function centreBox(picture: number, shape: number): Box {
  const width = Math.min(1, shape / picture);
  const height = Math.min(1, picture / shape);
  return { left: (1 - width) / 2, top: (1 - height) / 2, width, height };
}

const attempts = 100;

/**
 * A random box like TensorFlow's `sample_distorted_bounding_box`: an aspect uniform in `aspect` (1 means `shape`, a
 * true width / height), then a height uniform among those that fit and whose share of the picture's area is in `area`,
 * then a position. null if nothing fits in a hundred attempts.
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
