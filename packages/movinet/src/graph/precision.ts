/** Number types, and how a file stores the parameters of a network. */
import { toHalves } from "../common/half.ts";

export type Dtype = "float32" | "float16" | "int8" | "int32";

/** Integers mean `scale · (integer − zeroPoint)`, with one pair for all, or one per index of dimension `axis`. */
export interface Quantization {
  readonly scale: Float32Array;
  readonly zeroPoint: Int32Array;
  readonly axis: number;
}

/** The type of a value or parameter; `quantization` is null for plain numbers. */
export interface NumberType {
  readonly dtype: Dtype;
  readonly quantization: Quantization | null;
}

/** How a file stores and computes, most exact first: `dynamic_int8` has only int8 weights, `int8` everything. */
export const precisions = ["float32", "float16", "dynamic_int8", "int8"] as const;
export type Precision = (typeof precisions)[number];

/**
 * The kind of a constant: dense kernels are most of a network, depthwise ones few, vectors have one number per
 * channel.
 */
export type ConstantKind = "dense" | "depthwise" | "vector";

/** Which constants a file stores in fewer bits: some kinds, from a number of elements. Others stay float32. */
export interface Storage {
  readonly dtype: "float32" | "float16" | "int8";
  readonly kinds: readonly ConstantKind[];
  readonly leastElements: number;
}

export const allFloats: Storage = { dtype: "float32", kinds: [], leastElements: 0 };

/** A constant as stored in a file. */
export interface StoredConstant extends NumberType {
  readonly data: Float32Array | Uint16Array | Int8Array;
}

/** `data` is `[channels, …]` for dense kernels, so that each channel may have a scale. */
export function storeConstant(
  storage: Storage,
  kind: ConstantKind,
  data: Float32Array,
  channels: number,
): StoredConstant {
  const { dtype, kinds, leastElements } = storage;
  const kept = !kinds.includes(kind) || data.length < leastElements;
  if (kept || dtype === "float32") return { dtype: "float32", data, quantization: null };
  if (dtype === "float16") return { dtype, data: toHalves(data), quantization: null };
  return channels > 1 ? quantize(data, channels) : { dtype: "float32", data, quantization: null };
}

const largestInt8 = 127;

/** One scale per channel (the first dimension), symmetric around 0. */
function quantize(data: Float32Array, channels: number): StoredConstant {
  const fan = data.length / channels;
  const scale = new Float32Array(channels);
  const stored = new Int8Array(data.length);
  for (let c = 0; c < channels; c++) {
    let peak = 0;
    for (let i = c * fan; i < (c + 1) * fan; i++) peak = Math.max(peak, Math.abs(data[i] as number));
    scale[c] = peak > 0 ? peak / largestInt8 : 1;
    const step = scale[c] as number;
    for (let i = c * fan; i < (c + 1) * fan; i++) {
      stored[i] = Math.max(-largestInt8, Math.min(largestInt8, Math.round((data[i] as number) / step)));
    }
  }
  return { dtype: "int8", data: stored, quantization: { scale, zeroPoint: new Int32Array(channels), axis: 0 } };
}
