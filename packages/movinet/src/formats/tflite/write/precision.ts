import { toHalves } from "../../../common/half.ts";
import type { TfliteDtype } from "../read/import.ts";
import type { WrittenTensor } from "./write.ts";

/** How the kernels of dense layers are stored; everything is computed in float32 (`dynamic_int8`: by hybrid kernels). */
export type StoredWeights = (
  shape: readonly number[],
  data: Float32Array,
  axis: number,
) => Pick<WrittenTensor, "type" | "data" | "quantization">;

/** Smaller kernels stay float32, as in the official converter: they would save nothing. */
const leastElements = 1024;
const largestInt8 = 127;

export const precisions: Readonly<Record<Exclude<TfliteDtype, "int8">, StoredWeights>> = {
  float32: (_shape, data) => ({ type: "float32", data: bytesOf(data), quantization: null }),
  float16: (_shape, data) => ({ type: "float16", data: bytesOf(toHalves(data)), quantization: null }),
  /**
   * A scale for each output channel of a dense kernel, symmetric around 0. Depthwise kernels stay float32: they are
   * few, and the hybrid depthwise kernel is slower than the float one and has no delegate.
   */
  dynamic_int8(shape, data, axis) {
    if (data.length < leastElements || axis !== 0 || shape[0] === 1) return precisions.float32(shape, data, axis);
    const channels = shape[axis] as number;
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
    return { type: "int8", data: bytesOf(stored), quantization: { scale, axis } };
  },
};

export function bytesOf(data: Float32Array | Int32Array | Int8Array | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
