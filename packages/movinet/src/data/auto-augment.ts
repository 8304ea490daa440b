import type { Random } from "../common/random.ts";

/** An operation with its argument: bits, threshold, addition, factor, degrees, slope or pixels; 0 if it takes none. */
export interface Operation {
  readonly name: OperationName;
  readonly argument: number;
}

export type OperationName = keyof typeof argumentOf;

type Step = readonly [name: OperationName, probability: number, level: number];

/** Levels are 0..10 (spec Appendix A). */
const argumentOf = {
  Equalize: () => 0,
  AutoContrast: () => 0,
  Invert: () => 0,
  Posterize: (level: number) => Math.trunc((4 * level) / 10),
  Solarize: (level: number) => Math.trunc((256 * level) / 10),
  SolarizeAdd: (level: number) => Math.trunc((110 * level) / 10),
  Color: (level: number) => 0.1 + (1.8 * level) / 10,
  Rotate: (level: number, sign: number) => (sign * 30 * level) / 10,
  ShearX: (level: number, sign: number) => (sign * 0.3 * level) / 10,
  ShearY: (level: number, sign: number) => (sign * 0.3 * level) / 10,
  TranslateY: (level: number, sign: number) => (sign * 250 * level) / 10,
};

// biome-ignore format: a table
/** AutoAugment v0: 25 pairs of operation, probability and level (spec Appendix A). */
export const policyV0: readonly (readonly [Step, Step])[] = [
  [["Equalize", 0.8, 1], ["ShearY", 0.8, 4]],
  [["Color", 0.4, 9], ["Equalize", 0.6, 3]],
  [["Color", 0.4, 1], ["Rotate", 0.6, 8]],
  [["Solarize", 0.8, 3], ["Equalize", 0.4, 7]],
  [["Solarize", 0.4, 2], ["Solarize", 0.6, 2]],
  [["Color", 0.2, 0], ["Equalize", 0.8, 8]],
  [["Equalize", 0.4, 8], ["SolarizeAdd", 0.8, 3]],
  [["ShearX", 0.2, 9], ["Rotate", 0.6, 8]],
  [["Color", 0.6, 1], ["Equalize", 1, 2]],
  [["Invert", 0.4, 9], ["Rotate", 0.6, 0]],
  [["Equalize", 1, 9], ["ShearY", 0.6, 3]],
  [["Color", 0.4, 7], ["Equalize", 0.6, 0]],
  [["Posterize", 0.4, 6], ["AutoContrast", 0.4, 7]],
  [["Solarize", 0.6, 8], ["Color", 0.6, 9]],
  [["Solarize", 0.2, 4], ["Rotate", 0.8, 9]],
  [["Rotate", 1, 7], ["TranslateY", 0.8, 9]],
  [["ShearX", 0, 0], ["Solarize", 0.8, 4]],
  [["ShearY", 0.8, 0], ["Color", 0.6, 4]],
  [["Color", 1, 0], ["Rotate", 0.6, 2]],
  [["Equalize", 0.8, 4], ["Equalize", 0, 8]],
  [["Equalize", 1, 4], ["AutoContrast", 0.6, 2]],
  [["ShearY", 0.4, 7], ["SolarizeAdd", 0.6, 7]],
  [["Posterize", 0.8, 2], ["Solarize", 0.6, 10]],
  [["Solarize", 0.6, 8], ["Equalize", 0.6, 1]],
  [["Color", 0.8, 6], ["Rotate", 0.4, 5]],
];

/** Picks a pair, and from it the operations its probabilities select: none, one or two. */
export function drawOperations(random: Random): Operation[] {
  return random.pick(policyV0).flatMap(([name, probability, level]) => {
    const sign = random.chance(0.5) ? 1 : -1;
    return random.chance(probability) ? [{ name, argument: argumentOf[name](level, sign) }] : [];
  });
}

/**
 * Applies operations equally to all frames of a clip; histogram operations use the whole clip's. `clip` is `[frames,
 * height, width, 3]` in 0..1, first rounded to bytes, and changed in place. Operations are defined as in PIL;
 * geometric ones use nearest pixels and mirror at the borders, like TensorFlow's code.
 */
export function applyOperations(
  clip: Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
  operations: readonly Operation[],
): void {
  if (operations.length === 0) return;
  let bytes = toBytes(clip);
  let lookup = Uint8Array.from({ length: 768 }, (_, i) => i & 255);
  for (const { name, argument } of operations) {
    switch (name) {
      case "Color":
        blendWithGrey(bytes, lookup, argument);
        lookup = lookup.map((_, i) => i & 255);
        break;
      case "Rotate":
      case "ShearX":
      case "ShearY":
      case "TranslateY":
        bytes = move(bytes, width, height, matrixOf(name, argument, width, height));
        break;
      default:
        lookup = compose(
          lookup,
          curveOf(name, argument, () => histogram(bytes, lookup)),
        );
    }
  }
  write(clip, bytes, lookup);
}

function toBytes(clip: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(clip.length);
  for (let i = 0; i < clip.length; i++) bytes[i] = clip[i]! * 255 + 0.5;
  return bytes;
}

function write(clip: Float32Array, bytes: Uint8Array, lookup: Uint8Array): void {
  const values = Float32Array.from(lookup, (v) => v / 255);
  for (let i = 0; i < clip.length; i += 3) {
    clip[i] = values[bytes[i]!]!;
    clip[i + 1] = values[256 + bytes[i + 1]!]!;
    clip[i + 2] = values[512 + bytes[i + 2]!]!;
  }
}

type Curve = (value: number, channel: number) => number;

function compose(lookup: Uint8Array, curve: Curve): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(lookup, (value, i) => curve(value, i >> 8));
}

function curveOf(
  name: Exclude<OperationName, "Color" | Movement>,
  argument: number,
  counts: () => readonly Int32Array[],
): Curve {
  switch (name) {
    case "Invert":
      return (v) => 255 - v;
    case "Posterize": {
      // TensorFlow shifts by at most seven: no bits leave one.
      const shift = 8 - Math.max(1, argument);
      return (v) => (v >> shift) << shift;
    }
    case "Solarize":
      return (v) => (v < argument ? v : 255 - v);
    case "SolarizeAdd":
      return (v) => (v < 128 ? Math.min(v + argument, 255) : v);
    case "Equalize": {
      const curves = counts().map(equalizing);
      return (v, channel) => curves[channel]![v]!;
    }
    case "AutoContrast": {
      const curves = counts().map(stretching);
      return (v, channel) => curves[channel]![v]!;
    }
  }
}

/** Counts of each value per channel, after the lookup. */
function histogram(bytes: Uint8Array, lookup: Uint8Array): Int32Array[] {
  const raw = new Int32Array(768);
  for (let i = 0; i < bytes.length; i += 3) {
    raw[bytes[i]!]!++;
    raw[256 + bytes[i + 1]!]!++;
    raw[512 + bytes[i + 2]!]!++;
  }
  return [0, 256, 512].map((channel) => {
    const counts = new Int32Array(256);
    for (let v = 0; v < 256; v++) counts[lookup[channel + v]!]! += raw[channel + v]!;
    return counts;
  });
}

function equalizing(counts: Int32Array): Uint8Array {
  const last = counts.findLast((count) => count > 0) ?? 0;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const step = Math.floor((total - last) / 255);
  if (step === 0) return Uint8Array.from(counts, (_, v) => v);
  let sum = Math.floor(step / 2);
  return Uint8Array.from(counts, (count) => {
    const value = Math.min(Math.floor(sum / step), 255);
    sum += count;
    return value;
  });
}

function stretching(counts: Int32Array): Uint8Array {
  const low = counts.findIndex((count) => count > 0);
  const high = counts.findLastIndex((count) => count > 0);
  if (high <= low) return Uint8Array.from(counts, (_, v) => v);
  const scale = 255 / (high - low);
  const offset = -low * scale;
  return Uint8Array.from(counts, (_, v) => Math.min(Math.max(Math.trunc(v * scale + offset), 0), 255));
}

/** PIL's `ImageEnhance.Color`: 0 gives greys, 1 the picture, above 1 stronger colours. */
function blendWithGrey(bytes: Uint8Array, lookup: Uint8Array, factor: number): void {
  const scaled = Math.round(factor * 65536);
  for (let i = 0; i < bytes.length; i += 3) {
    const r = lookup[bytes[i]!]!;
    const g = lookup[256 + bytes[i + 1]!]!;
    const b = lookup[512 + bytes[i + 2]!]!;
    const grey = (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16;
    bytes[i] = blend(grey, r, scaled);
    bytes[i + 1] = blend(grey, g, scaled);
    bytes[i + 2] = blend(grey, b, scaled);
  }
}

/**
 * `grey + factor · (value − grey)`, truncated and clamped to 0..255; the 256 compensates the rounding of the factor.
 */
function blend(grey: number, value: number, scaledFactor: number): number {
  return clamped[256 + (((grey << 16) + Math.imul(scaledFactor, value - grey) + 256) >> 16)]!;
}

/** −256..511 → 0..255: a lookup is cheaper than comparing. */
const clamped = Uint8Array.from({ length: 768 }, (_, i) => Math.min(Math.max(i - 256, 0), 255));

type Movement = "Rotate" | "ShearX" | "ShearY" | "TranslateY";

/** a b c d e f: the pixel at (x, y) comes from (ax + by + c, dx + ey + f). */
type Matrix = readonly [number, number, number, number, number, number];

function matrixOf(name: Movement, argument: number, width: number, height: number): Matrix {
  switch (name) {
    case "ShearX":
      return [1, argument, 0, 0, 1, 0];
    case "ShearY":
      return [1, 0, 0, argument, 1, 0];
    case "TranslateY":
      return [1, 0, 0, 0, 1, argument];
    case "Rotate": {
      const cos = Math.cos((argument * Math.PI) / 180);
      const sin = Math.sin((argument * Math.PI) / 180);
      const [x, y] = [(width - 1) / 2, (height - 1) / 2];
      return [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y];
    }
  }
}

function move(bytes: Uint8Array, width: number, height: number, [a, b, c, d, e, f]: Matrix): Uint8Array<ArrayBuffer> {
  const pixels = width * height;
  const sources = new Int32Array(pixels);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      sources[p] =
        3 * (mirror(Math.round(d * x + e * y + f), height) * width + mirror(Math.round(a * x + b * y + c), width));
    }
  }
  const moved = new Uint8Array(bytes.length);
  for (let frame = 0, at = 0; frame < bytes.length; frame += 3 * pixels) {
    for (let p = 0; p < pixels; p++, at += 3) {
      const from = frame + sources[p]!;
      moved[at] = bytes[from]!;
      moved[at + 1] = bytes[from + 1]!;
      moved[at + 2] = bytes[from + 2]!;
    }
  }
  return moved;
}

/** …cba|abc|cba… */
function mirror(index: number, size: number): number {
  const period = 2 * size;
  const within = ((index % period) + period) % period;
  return within < size ? within : period - 1 - within;
}
