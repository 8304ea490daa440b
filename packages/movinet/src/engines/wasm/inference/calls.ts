/** The calls of kernels that a network becomes, and the buffers that they name. */
import type { ActivationKind, Shape } from "../../../graph/ir.ts";

/** Where numbers lie. Inputs and outputs are another tensor's in each run; what is planned shares one arena. */
export type Buffer =
  | { readonly kind: "input" | "output"; readonly index: number }
  | { readonly kind: "planned"; readonly bytes: number }
  /** Weights: bytes from the start of the memory. */
  | { readonly kind: "fixed"; readonly at: number };

/** So many bytes into a buffer. */
export interface Address {
  readonly buffer: Buffer;
  readonly bytes: number;
}

/** An operation of `kernels/inference/index.ts`, and its arguments. */
export interface Call {
  readonly operation: number;
  readonly words: readonly (number | Address)[];
}

/** What the host computes before the calls, for it needs sines: a positional encoding. */
export interface Encoding {
  /** Among the inputs. */
  readonly positions: number;
  /** Bytes to the first position. */
  readonly from: number;
  readonly to: Buffer;
  readonly rows: number;
  /** Frequencies of the sines, then of the cosines. */
  readonly frequencies: readonly [Float64Array, Float64Array];
}

/** Numbers of the operations, as `run` knows them. */
export const operations = {
  multiply: 0,
  vector: 1,
  scalePanels: 2,
  convolve: 3,
  depthwise: 4,
  temporal: 5,
  activation: 6,
  add: 7,
  scale: 8,
  product: 9,
  averagePool: 10,
  spatialMean: 11,
  copyRows: 12,
  pad: 13,
  interleave: 14,
  pack: 15,
  clear: 16,
  meet: 17,
} as const;

/** Numbers of the activations, as `arithmetic.ts` has them; 0 is none. */
export const kinds: Readonly<Record<ActivationKind, number>> = {
  relu6: 1,
  hard_swish: 2,
  swish: 3,
  sigmoid: 4,
  hard_sigmoid_a: 5,
  hard_sigmoid_b: 6,
};

/** Whether products and convolutions compute an activation along. */
export function isCheap(kind: ActivationKind): boolean {
  return kind === "relu6" || kind === "hard_swish";
}

/** Channels with those that fill up the last four. */
export function padded(channels: number): number {
  return Math.ceil(channels / 4) * 4;
}

/** Bytes of one picture. */
export function pictureBytes({ channels, height, width }: Shape): number {
  return 4 * padded(channels) * height * width;
}

export function moved({ buffer, bytes }: Address, by: number): Address {
  return { buffer, bytes: bytes + by };
}
