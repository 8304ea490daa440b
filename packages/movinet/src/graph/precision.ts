/** Number types, and how a file stores the parameters of a network. */

export type Dtype = "float32" | "float16" | "int8" | "int32";

/** Integers mean `scale · (integer − zeroPoint)`, with one pair for all, or one per index of dimension `axis`. */
export interface Quantization {
  readonly scale: Float32Array;
  readonly zeroPoint: Int32Array;
  readonly axis: number;
  /** Integers by position that no float32 number is rounded to: those beyond 24 bits. */
  readonly exact?: Readonly<Record<number, number>> | undefined;
}

/** The type of a value or parameter; `quantization` is null for plain numbers. */
export interface NumberType {
  readonly dtype: Dtype;
  readonly quantization: Quantization | null;
}

/** How a file stores and computes, most exact first: `dynamic_int8` has only int8 weights, `int8` everything. */
export const precisions = ["float32", "float16", "dynamic_int8", "int8"] as const;
export type Precision = (typeof precisions)[number];

/** In which numbers a network is computed: weights of fewer bits become floats first, unless everything is int8. */
export type Arithmetic = "float32" | "int8";

export function arithmeticOf(precision: Precision): Arithmetic {
  return precision === "int8" ? "int8" : "float32";
}
