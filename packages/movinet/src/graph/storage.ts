/** How a file stores constants in fewer bits. */
import { toHalves } from "../common/half.ts";
import { integersOf, symmetricScales } from "./integers.ts";
import type { NumberType } from "./precision.ts";

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

/** One scale per channel (the first dimension), symmetric around 0. */
function quantize(data: Float32Array, channels: number): StoredConstant {
  const fan = data.length / channels;
  const scale = symmetricScales(data, channels, fan);
  const quantization = { scale, zeroPoint: new Int32Array(channels), axis: 0 };
  return { dtype: "int8", data: integersOf(data, { dtype: "int8", quantization }, fan) as Int8Array, quantization };
}
