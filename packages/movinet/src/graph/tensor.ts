/** Row-major float32 values; `data.length` is the product of `shape`. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A model's parameters by canonical name (for example `block1.layer0.expansion.kernel`). */
export type Weights = ReadonlyMap<string, Tensor>;

/** `[a, b, c]` → `[c, b, a]`: of a matrix, `[a, 1, c]`, the transposed one. */
export function reversed(data: Float32Array, [a, b, c]: readonly [number, number, number]): Float32Array {
  const result = new Float32Array(data.length);
  let from = 0;
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) result[(k * b + j) * a + i] = data[from++] as number;
    }
  }
  return result;
}
