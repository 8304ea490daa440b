import type { InputSize } from "../model/card.ts";
import type { Picture } from "./frame.ts";
import { placePicture, upright } from "./geometry.ts";

/**
 * The sources of the pixels along one side of the result: for each, the first source pixel and the weights of it and
 * the following ones.
 */
type Taps = readonly (readonly [first: number, shares: readonly number[]] | null)[];

/**
 * Does what the decoding process does, for pictures from a canvas (RGBA): scales with a triangle filter as wide as the
 * source area of a pixel, then crops or pads around the centre.
 */
export function fitPicture(
  rgba: Picture["data"] | Uint8ClampedArray,
  width: number,
  height: number,
  size: InputSize,
): Picture {
  const { scaled } = placePicture({ width, height }, 1, upright, size, size.fit);
  const columns = tapsOf(width, scaled.width, size.width);
  const rows = tapsOf(height, scaled.height, size.height);
  const narrowed = new Map<number, Float32Array>();
  const data = new Uint8Array(3 * size.width * size.height); // black outside the picture
  const sums = new Float32Array(3 * size.width);
  for (const [y, row] of rows.entries()) {
    if (row === null) continue;
    const [first, shares] = row;
    sums.fill(0);
    for (const [k, share] of shares.entries()) {
      const source = narrowed.get(first + k) ?? narrow(rgba, (first + k) * width, columns);
      narrowed.set(first + k, source);
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + share * (source[i] as number);
    }
    for (let i = 0; i < sums.length; i++) data[y * sums.length + i] = Math.round(sums[i] as number);
    for (const line of narrowed.keys()) if (line < first) narrowed.delete(line);
  }
  return { data, width: size.width, height: size.height };
}

/** A scaled line of the picture, starting at this pixel. */
function narrow(rgba: Picture["data"] | Uint8ClampedArray, start: number, columns: Taps): Float32Array {
  const line = new Float32Array(3 * columns.length);
  for (const [x, column] of columns.entries()) {
    if (column === null) continue;
    const [first, shares] = column;
    let [red, green, blue] = [0, 0, 0];
    for (let k = 0, at = 4 * (start + first); k < shares.length; k++, at += 4) {
      const share = shares[k] as number;
      red += share * (rgba[at] as number);
      green += share * (rgba[at + 1] as number);
      blue += share * (rgba[at + 2] as number);
    }
    line[3 * x] = red;
    line[3 * x + 1] = green;
    line[3 * x + 2] = blue;
  }
  return line;
}

/** Weights for the middle `target` pixels of a side scaled from `source` to `scaled`; null: outside. */
function tapsOf(source: number, scaled: number, target: number): Taps {
  const ratio = source / scaled;
  const reach = Math.max(1, ratio);
  const begin = Math.floor((scaled - target) / 2);
  return Array.from({ length: target }, (_, i) => {
    const place = begin + i;
    if (place < 0 || place >= scaled) return null;
    const centre = (place + 0.5) * ratio - 0.5;
    const [from, to] = [Math.ceil(centre - reach), Math.floor(centre + reach)];
    const [first, last] = [Math.max(0, from), Math.min(source - 1, to)];
    const shares = new Array<number>(last - first + 1).fill(0);
    // The last pixel is repeated after the end, and the first before the beginning.
    for (let k = from; k <= to; k++) {
      const at = Math.min(last, Math.max(first, k)) - first;
      shares[at] = (shares[at] as number) + Math.max(0, 1 - Math.abs(k - centre) / reach);
    }
    const sum = shares.reduce((total, share) => total + share, 0);
    return [first, shares.map((share) => share / sum)];
  });
}
