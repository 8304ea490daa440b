import { randomOf } from "../common/random.ts";

const side = 8;

/** The discrete cosine transform of 8 numbers, `[frequency, position]`, orthonormal. */
const cosines = Float32Array.from({ length: side * side }, (_, i) => {
  const [frequency, place] = [Math.floor(i / side), i % side];
  const scale = frequency === 0 ? Math.sqrt(1 / side) : Math.sqrt(2 / side);
  return scale * Math.cos((Math.PI * (place + 0.5) * frequency) / side);
});

/** Passes frames `[height, width, 3]` in order through a coarse video codec, in place. */
export type Codec = (frame: Uint8Array) => void;

/**
 * Draws a codec: luma and half-size chroma in blocks of 8 × 8 with quantized cosine coefficients, more coarsely
 * between key frames; blocks that hardly change are skipped. Null: good quality, no visible artefacts.
 */
export function planCodec(seed: number | string, width: number, height: number): Codec | null {
  const random = randomOf(seed, "codec");
  if (random.chance(0.4)) return null;
  const step = Math.exp(random.between(Math.log(4), Math.log(45)));
  const keyEvery = 4 + random.below(20);
  const worse = random.between(1, 1.7);
  const skip = random.chance(0.4) ? random.between(1, 4) : 0;
  const planes = [
    newPlane(width, height),
    newPlane((width + 1) >> 1, (height + 1) >> 1),
    newPlane((width + 1) >> 1, (height + 1) >> 1),
  ];
  let count = random.below(keyEvery);
  return (frame) => {
    const key = count++ % keyEvery === 0;
    split(frame, width, height, planes as [Plane, Plane, Plane]);
    for (const [i, plane] of planes.entries()) {
      codePlane(plane, step * (key ? 1 : worse) * (i === 0 ? 1 : 1.5), key ? 0 : skip);
    }
    join(frame, width, height, planes as [Plane, Plane, Plane]);
  };
}

/** One channel, in whole blocks; `shown` is the decoder's previous picture. */
interface Plane {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly data: Float32Array;
  readonly shown: Float32Array;
}

function newPlane(width: number, height: number): Plane {
  const stride = side * Math.ceil(width / side);
  const length = stride * side * Math.ceil(height / side);
  return { width, height, stride, data: new Float32Array(length), shown: new Float32Array(length) };
}

function split(
  frame: Uint8Array,
  width: number,
  height: number,
  [luma, blue, red]: readonly [Plane, Plane, Plane],
): void {
  blue.data.fill(0);
  red.data.fill(0);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      const [r, g, b] = [frame[at]!, frame[at + 1]!, frame[at + 2]!];
      const level = 0.299 * r + 0.587 * g + 0.114 * b;
      luma.data[y * luma.stride + x] = level - 128;
      const chroma = (y >> 1) * blue.stride + (x >> 1);
      blue.data[chroma] = blue.data[chroma]! + 0.141 * (b - level);
      red.data[chroma] = red.data[chroma]! + 0.17825 * (r - level);
    }
  }
}

function join(
  frame: Uint8Array,
  width: number,
  height: number,
  [luma, blue, red]: readonly [Plane, Plane, Plane],
): void {
  const clip = (value: number) => (value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const level = luma.shown[y * luma.stride + x]! + 128;
      const chroma = (y >> 1) * blue.stride + (x >> 1);
      const b = 1.772 * blue.shown[chroma]!;
      const r = 1.402 * red.shown[chroma]!;
      const at = 3 * (y * width + x);
      frame[at] = clip(level + r);
      frame[at + 1] = clip(level - 0.194 * b - 0.509 * r);
      frame[at + 2] = clip(level + b);
    }
  }
}

const block = new Float32Array(side * side);

function codePlane({ width, height, stride, data, shown }: Plane, step: number, skip: number): void {
  for (let top = 0; top < height; top += side) {
    for (let left = 0; left < width; left += side) {
      let change = 0;
      for (let y = 0; y < side; y++) {
        const row = (top + Math.min(y, height - 1 - top)) * stride;
        const into = (top + y) * stride;
        for (let x = 0; x < side; x++) {
          const value = data[row + left + Math.min(x, width - 1 - left)]!;
          block[y * side + x] = value;
          change += Math.abs(value - shown[into + left + x]!);
        }
      }
      if (change < skip * side * side) continue;
      transform(8, 1);
      transform(1, 8);
      for (let i = 0; i < block.length; i++) {
        const coarse = step * (i === 0 ? 0.5 : 0.6 + 0.14 * ((i & 7) + (i >> 3)));
        block[i] = coarse * Math.round(block[i]! / coarse);
      }
      restore(1, 8);
      restore(8, 1);
      for (let i = 0; i < block.length; i++) shown[(top + (i >> 3)) * stride + left + (i & 7)] = block[i]!;
    }
  }
}

/**
 * Positions → frequencies, in place, of all rows (`line` 8, `step` 1) or columns (1, 8) of the block. Even frequencies
 * use the sums of opposite positions, odd ones the differences.
 */
function transform(line: number, step: number): void {
  for (let start = 0; start < side * line; start += line) {
    const end = start + 7 * step;
    const a = block[start]!;
    const b = block[start + step]!;
    const c = block[start + 2 * step]!;
    const d = block[start + 3 * step]!;
    const e = block[end - 3 * step]!;
    const f = block[end - 2 * step]!;
    const g = block[end - step]!;
    const h = block[end]!;
    for (let k = 0; k < side; k += 2) {
      const even = k * side;
      const odd = even + side;
      block[start + k * step] =
        cosines[even]! * (a + h) +
        cosines[even + 1]! * (b + g) +
        cosines[even + 2]! * (c + f) +
        cosines[even + 3]! * (d + e);
      block[start + (k + 1) * step] =
        cosines[odd]! * (a - h) +
        cosines[odd + 1]! * (b - g) +
        cosines[odd + 2]! * (c - f) +
        cosines[odd + 3]! * (d - e);
    }
  }
}

/** Frequencies → positions: the inverse of {@link transform}. */
function restore(line: number, step: number): void {
  for (let start = 0; start < side * line; start += line) {
    const a = block[start]!;
    const b = block[start + step]!;
    const c = block[start + 2 * step]!;
    const d = block[start + 3 * step]!;
    const e = block[start + 4 * step]!;
    const f = block[start + 5 * step]!;
    const g = block[start + 6 * step]!;
    const h = block[start + 7 * step]!;
    for (let x = 0; x < side / 2; x++) {
      const even = cosines[x]! * a + cosines[16 + x]! * c + cosines[32 + x]! * e + cosines[48 + x]! * g;
      const odd = cosines[8 + x]! * b + cosines[24 + x]! * d + cosines[40 + x]! * f + cosines[56 + x]! * h;
      block[start + x * step] = even + odd;
      block[start + (7 - x) * step] = even - odd;
    }
  }
}
