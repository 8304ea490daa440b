import type { Clip } from "./clip.ts";

/** Moments of a clip that are compared, evenly spread over it. */
const moments = 8;
/** Pixels along each side of the small grey pictures that are compared. */
const side = 16;
const cells = side * side;

/** What a clip looks like: enough to know it again after it was re-encoded, resized or brightened. */
export interface Fingerprint {
  /** Where its mean picture is brighter than on average, in 8 × 8 cells: two clips that differ in many are different. */
  readonly coarse: Uint32Array;
  /** `[256]`: its mean picture, with mean 0 and length 1; zeros where it is of one colour. */
  readonly still: Float32Array;
  /** `[8, 256]`: how its moments differ from the mean picture, in grey levels 0..255. */
  readonly motion: Float32Array;
  /** Root mean square of `motion`. */
  readonly motionLevel: number;
}

export function fingerprintOf(clip: Clip): Fingerprint {
  const pictures = Array.from({ length: moments }, (_, m) => {
    return shrink(clip, Math.floor(((m + 0.5) / moments) * clip.frames));
  });
  const mean = new Float32Array(cells);
  for (const picture of pictures) for (let i = 0; i < cells; i++) mean[i]! += picture[i]! / moments;
  const motion = new Float32Array(moments * cells);
  for (const [m, picture] of pictures.entries()) {
    for (let i = 0; i < cells; i++) motion[m * cells + i] = picture[i]! - mean[i]!;
  }
  const brightness = mean.reduce((sum, value) => sum + value, 0) / cells;
  const still = mean.map((value) => value - brightness);
  const length = Math.sqrt(dot(still, still));
  return {
    coarse: coarseBits(still),
    still: length < 1 ? new Float32Array(cells) : still.map((value) => value / length),
    motion,
    motionLevel: Math.sqrt(dot(motion, motion) / motion.length),
  };
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
 * Whether two clips show the same, in different encodings, sizes or brightness: the same place, and in it the same motion
 * at the same moments. Other takes at one place, which look alike, move differently.
 */
export function looksSame(a: Fingerprint, b: Fingerprint): boolean {
  if (bitsOf(a.coarse[0]! ^ b.coarse[0]!) + bitsOf(a.coarse[1]! ^ b.coarse[1]!) > mostCoarse) return false;
  const still = dot(a.still, b.still);
  if (still < leastStill) return false;
  if (a.motionLevel < noise && b.motionLevel < noise) return still >= leastStillAlone;
  return likeness(a.motion, b.motion) >= leastMotion;
}

/** Cosine of the angle between two vectors; 0 where one of them is 0. */
function likeness(a: Float32Array, b: Float32Array): number {
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths === 0 ? 0 : dot(a, b) / lengths;
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
function shrink({ data, width, height }: Clip, frame: number): Float32Array {
  const sums = new Float32Array(cells);
  const counts = new Float32Array(cells);
  let at = frame * width * height * 3;
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * side) / height) * side;
    for (let x = 0; x < width; x++, at += 3) {
      const cell = row + Math.floor((x * side) / width);
      sums[cell]! += 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
      counts[cell]!++;
    }
  }
  return sums.map((sum, cell) => sum / Math.max(1, counts[cell]!));
}

function coarseBits(still: Float32Array): Uint32Array {
  const bits = new Uint32Array(2);
  for (let cell = 0; cell < 64; cell++) {
    const corner = Math.floor(cell / 8) * 2 * side + (cell % 8) * 2;
    const sum = still[corner]! + still[corner + 1]! + still[corner + side]! + still[corner + side + 1]!;
    if (sum > 0) bits[cell >> 5]! |= 1 << (cell & 31);
  }
  return bits;
}
