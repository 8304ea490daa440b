import type { Clip } from "./clip.ts";

/** Seconds between the compared moments of a clip, and their maximum number. */
const interval = 0.4;
const mostMoments = 32;
/** Side of the small grey pictures that are compared, in pixels. */
const side = 16;
const cells = side * side;

/** The appearance of a clip: enough to recognize it re-encoded, resized, brightened or truncated. */
export interface Fingerprint extends Place {
  /** `[moments, 256]`: grey levels 0..255 of 16 × 16 cells, every 0.4 seconds from the beginning. */
  readonly pictures: Uint8Array;
  readonly moments: number;
  /** Cells where the mean picture is brighter than average, 8 × 8: two clips that differ in many are different. */
  readonly coarse: Uint32Array;
}

/** Statistics shared by several moments. */
interface Place {
  /** `[256]`: their mean picture. */
  readonly mean: Float32Array;
  /** Sum of the squared differences between the moments and it. */
  readonly motion: number;
}

export function fingerprintOf(clip: Clip): Fingerprint {
  const step = Math.max(1, Math.round(interval * clip.fps));
  const moments = Math.min(mostMoments, Math.ceil(clip.frames / step));
  const pictures = new Uint8Array(moments * cells);
  for (let m = 0; m < moments; m++) pictures.set(shrink(clip, m * step), m * cells);
  const place = placeOf(pictures);
  return { pictures, moments, coarse: coarseBits(place.mean), ...place };
}

function placeOf(pictures: Uint8Array): Place {
  const moments = pictures.length / cells;
  const mean = new Float32Array(cells);
  for (let at = 0; at < pictures.length; at++) mean[at % cells]! += pictures[at]! / moments;
  let motion = 0;
  for (let at = 0; at < pictures.length; at++) motion += (pictures[at]! - mean[at % cells]!) ** 2;
  return { mean, motion };
}

/** Most of the 64 coarse cells that may differ between encodings of one clip. */
const mostCoarse = 12;
const leastStill = 0.97;
const leastMotion = 0.8;
/** Root mean square, in grey levels, below which motion is indistinguishable from noise. */
const noise = 1;
/** Required similarity of pictures without motion, the only evidence then. */
const leastStillAlone = 0.998;

/**
 * Whether two clips show the same, in different encodings, sizes or brightness, one perhaps cut off before its middle:
 * the same place, with the same motion at the same moments. Other takes at one place look alike but move differently.
 */
export function looksSame(a: Fingerprint, b: Fingerprint): boolean {
  if (bitsOf(a.coarse[0]! ^ b.coarse[0]!) + bitsOf(a.coarse[1]! ^ b.coarse[1]!) > mostCoarse) return false;
  const moments = Math.min(a.moments, b.moments);
  if (2 * moments < Math.max(a.moments, b.moments)) return false;
  const [beginA, beginB] = [beginning(a, moments), beginning(b, moments)];
  const [meanA, meanB] = [average(beginA.mean), average(beginB.mean)];
  // Variances and covariances: of the mean pictures over the cells, then of the moments around the mean pictures.
  const variance = (mean: Float32Array, brightness: number) => dot(mean, mean) - cells * brightness ** 2;
  const shared = dot(beginA.mean, beginB.mean);
  const still = cosine(shared - cells * meanA * meanB, variance(beginA.mean, meanA), variance(beginB.mean, meanB));
  if (still < leastStill) return false;
  const noiseMotion = noise ** 2 * moments * cells;
  if (beginA.motion < noiseMotion && beginB.motion < noiseMotion) return still >= leastStillAlone;
  const together = dotBytes(a.pictures, b.pictures, moments * cells) - moments * shared;
  return cosine(together, beginA.motion, beginB.motion) >= leastMotion;
}

function beginning(print: Fingerprint, moments: number): Place {
  return moments === print.moments ? print : placeOf(print.pictures.subarray(0, moments * cells));
}

function average(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** 0 if one of the two hardly varies. */
function cosine(covariance: number, a: number, b: number): number {
  return a < 1 || b < 1 ? 0 : covariance / Math.sqrt(a * b);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Like {@link dot}, for the first `length` values: the hot spot of large datasets. */
function dotBytes(a: Uint8Array, b: Uint8Array, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function bitsOf(word: number): number {
  let count = 0;
  for (let rest = word >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** One frame as 16 × 16 mean grey levels (BT.601) in 0..255. */
function shrink({ data, width, height }: Clip, frame: number): Uint8Array {
  const picture = new Uint8Array(cells);
  const start = frame * width * height * 3;
  const range = (cell: number, size: number): readonly [number, number] => {
    const from = Math.floor((cell * size) / side);
    return [from, Math.max(from + 1, Math.floor(((cell + 1) * size) / side))];
  };
  for (let cell = 0; cell < cells; cell++) {
    const [top, bottom] = range(Math.floor(cell / side), height);
    const [left, right] = range(cell % side, width);
    let sum = 0;
    for (let y = top; y < bottom; y++) {
      for (let at = start + (y * width + left) * 3; at < start + (y * width + right) * 3; at += 3) {
        sum += 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
      }
    }
    picture[cell] = Math.round(sum / ((bottom - top) * (right - left)));
  }
  return picture;
}

function coarseBits(mean: Float32Array): Uint32Array {
  const bits = new Uint32Array(2);
  const brightness = average(mean);
  for (let cell = 0; cell < 64; cell++) {
    const corner = Math.floor(cell / 8) * 2 * side + (cell % 8) * 2;
    const sum = mean[corner]! + mean[corner + 1]! + mean[corner + side]! + mean[corner + side + 1]!;
    if (sum > 4 * brightness) bits[cell >> 5]! |= 1 << (cell & 31);
  }
  return bits;
}
