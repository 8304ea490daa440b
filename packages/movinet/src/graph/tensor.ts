/** Row-major float32 values; `data.length` is the product of `shape`. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A model's parameters by canonical name (for example `block1.layer0.expansion.kernel`). */
export type Weights = ReadonlyMap<string, Tensor>;
