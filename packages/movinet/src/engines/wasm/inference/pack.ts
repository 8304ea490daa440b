/** Weights in the order in which the kernels read them. */
import { padded } from "./calls.ts";

/** `[K, N]` → panels of 8 columns `[ceil(N / 8)][K][8]`, filled up with zeros. */
export function panels(matrix: Float32Array, K: number, N: number): Float32Array {
  const packed = new Float32Array(Math.ceil(N / 8) * 8 * K);
  let to = 0;
  for (let n = 0; n < N; n += 8) {
    const wide = Math.min(8, N - n);
    for (let k = 0; k < K; k++) {
      const from = k * N + n;
      for (let i = 0; i < wide; i++) packed[to + i] = matrix[from + i] as number;
      to += 8;
    }
  }
  return packed;
}

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
