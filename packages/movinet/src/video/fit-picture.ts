import type { InputSize } from "../model/card.ts";
import type { Picture } from "./frame.ts";
import { placePicture, upright } from "./geometry.ts";
import { type Taps, tapsOf } from "./taps.ts";

type Rgba = Picture["data"] | Uint8ClampedArray;

/**
 * Does what the decoding process does, for pictures from a canvas (RGBA): scales with a triangle filter as wide as the
 * source area of a pixel, then crops or pads around the centre.
 */
export function fitPicture(rgba: Rgba, width: number, height: number, size: InputSize): Picture {
  const { scaled } = placePicture({ width, height }, 1, upright, size, size.fit);
  const columns = middleTaps(width, scaled.width, size.width);
  const rows = middleTaps(height, scaled.height, size.height);
  const narrowed = new Map<number, Float32Array>();
  const data = new Uint8Array(3 * size.width * size.height); // black outside the picture
  const sums = new Float32Array(3 * size.width);
  for (let y = 0; y < size.height; y++) {
    const [start, end] = [rows.starts[y] as number, rows.starts[y + 1] as number];
    if (start === end) continue;
    const first = rows.firsts[y] as number;
    sums.fill(0);
    for (let k = start; k < end; k++) {
      const line = first + k - start;
      const share = rows.shares[k] as number;
      const source = narrowed.get(line) ?? narrow(rgba, line * width, columns);
      narrowed.set(line, source);
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + share * (source[i] as number);
    }
    for (let i = 0; i < sums.length; i++) data[y * sums.length + i] = Math.round(sums[i] as number);
    for (const line of narrowed.keys()) if (line < first) narrowed.delete(line);
  }
  return { data, width: size.width, height: size.height };
}

/** A scaled line of the picture, starting at pixel `begin`. */
function narrow(rgba: Rgba, begin: number, { firsts, starts, shares }: Taps): Float32Array {
  const line = new Float32Array(3 * firsts.length);
  for (let x = 0; x < firsts.length; x++) {
    let [red, green, blue] = [0, 0, 0];
    const end = starts[x + 1] as number;
    let at = 4 * (begin + (firsts[x] as number));
    for (let k = starts[x] as number; k < end; k++, at += 4) {
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

/** Taps for the middle `target` pixels of a side scaled from `source` to `scaled`. */
function middleTaps(source: number, scaled: number, target: number): Taps {
  return tapsOf({ source, scaled, target, begin: Math.floor((scaled - target) / 2) });
}
