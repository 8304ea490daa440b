import type { Clip } from "./clip.ts";

/** Seconds between the moments of a clip that are compared, and how many there are at most. */
const interval = 0.4;
const mostMoments = 32;
/** Pixels along each side of the small grey pictures that are compared. */
const side = 16;
const cells = side * side;

/** What a clip looks like: enough to know it again after it was re-encoded, resized, brightened or cut short. */
export interface Fingerprint {
  /** `[moments, 256]`: grey levels 0..255 of 16 × 16 cells, every 0.4 seconds from the beginning on. */
  readonly pictures: Uint8Array;
  readonly moments: number;
  /** Where the mean picture is brighter than on average, in 8 × 8 cells: two clips that differ in many are different. */
  readonly coarse: Uint32Array;
}

export function fingerprintOf(clip: Clip): Fingerprint {
  const step = Math.max(1, Math.round(interval * clip.fps));
  const moments = Math.min(mostMoments, Math.ceil(clip.frames / step));
  const pictures = new Uint8Array(moments * cells);
  for (let m = 0; m < moments; m++) pictures.set(shrink(clip, m * step), m * cells);
  return { pictures, moments, coarse: coarseBits(meanOf(pictures, moments)) };
}

/** Most of the 64 coarse cells that may differ between encodings of one clip. */
const mostCoarse = 12;
const leastStill = 0.97;
const leastMotion = 0.8;
/** Grey levels below which what moves is not told from noise. */
const noise = 1;
/** How alike pictures without motion must be, there being nothing else to go by. */
const leastStillAlone = 0.998;

/**
 * Whether two clips show the same, in different encodings, sizes or brightness, one perhaps cut off before its middle:
 * the same place, and in it the same motion at the same moments. Other takes at one place, which look alike, move
 * differently.
 */
export function looksSame(a: Fingerprint, b: Fingerprint): boolean {
  if (bitsOf(a.coarse[0]! ^ b.coarse[0]!) + bitsOf(a.coarse[1]! ^ b.coarse[1]!) > mostCoarse) return false;
  const moments = Math.min(a.moments, b.moments);
  if (2 * moments < Math.max(a.moments, b.moments)) return false;
  const [meanA, meanB] = [meanOf(a.pictures, moments), meanOf(b.pictures, moments)];
  const still = likeness(deviations(meanA, average(meanA)), deviations(meanB, average(meanB)));
  if (still < leastStill) return false;
  const [motionA, motionB] = [motionOf(a.pictures, meanA, moments), motionOf(b.pictures, meanB, moments)];
  if (level(motionA) < noise && level(motionB) < noise) return still >= leastStillAlone;
  return likeness(motionA, motionB) >= leastMotion;
}

/** `[256]`: the mean of the first moments. */
function meanOf(pictures: Uint8Array, moments: number): Float32Array {
  const mean = new Float32Array(cells);
  for (let at = 0; at < moments * cells; at++) mean[at % cells]! += pictures[at]! / moments;
  return mean;
}

/** `[moments, 256]`: how the first moments differ from their mean. */
function motionOf(pictures: Uint8Array, mean: Float32Array, moments: number): Float32Array {
  const motion = new Float32Array(moments * cells);
  for (let at = 0; at < motion.length; at++) motion[at] = pictures[at]! - mean[at % cells]!;
  return motion;
}

function average(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviations(values: Float32Array, from: number): Float32Array {
  return values.map((value) => value - from);
}

/** Root mean square. */
function level(values: Float32Array): number {
  return Math.sqrt(dot(values, values) / values.length);
}

/** Cosine of the angle between two vectors; 0 where one of them is all but 0. */
function likeness(a: Float32Array, b: Float32Array): number {
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths < 1 ? 0 : dot(a, b) / lengths;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
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
