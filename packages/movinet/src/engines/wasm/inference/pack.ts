/** Weights in the order in which the kernels read them. */
import { padded } from "./calls.ts";

/** One number a channel, as far as panels reach. */
export function vector(values: ArrayLike<number> | null, channels: number): Float32Array {
  const packed = new Float32Array(Math.ceil(channels / 8) * 8);
  if (values) packed.set(values);
  return packed;
}

/** The windows of one time tap, `[K, K, C]` → `[C / 4][K · K][4]`. */
export function windows(kernel: Float32Array, cells: number, channels: number): Float32Array {
  const packed = new Float32Array(padded(channels) * cells);
  for (let cell = 0; cell < cells; cell++) {
    for (let c = 0; c < channels; c++) {
      packed[((c >> 2) * cells + cell) * 4 + (c & 3)] = kernel[cell * channels + c] as number;
    }
  }
  return packed;
}
