/** Shared by the emitters of a training program: its plan, and common calls. */
import type { GradientNode, TrainingNode, TrainingNodeOf } from "../../graph/gradient.ts";
import type { ActivationKind, Shape } from "../../graph/ir.ts";
import { samePadding } from "../../graph/shapes.ts";

/** Run-time data of a norm: its factors and offsets per channel, and the statistics behind them. */
export interface NormScratch {
  readonly gain: number;
  readonly shift: number;
  readonly mean: number;
  /** 1 / √(variance + ε) */
  readonly inverse: number;
  /** Sums over rows of the gradient of the norm's result, and of its product with the centred input: float64. */
  readonly sums: number;
  readonly products: number;
}

/** What the emitters know about the program under construction. */
export interface EmitContext {
  /** Calls a kernel: its arguments are byte offsets, counts or sizes. */
  call(kernel: string, ...args: readonly number[]): number;
  readonly batch: number;
  shape(value: string): Shape;
  /** Byte offset of a value. */
  at(value: string): number;
  param(name: string): number;
  gradient(param: string): number;
  /** The parameter whose gradient a node computes. */
  paramOf(node: GradientNode): string;
  /** A norm's scratch memory, by the value it normalizes. */
  norm(x: string): NormScratch;
  /** The scratch memory of the norm whose result has this gradient. */
  normOf(gradient: string): NormScratch | undefined;
  /** Whether an activation fused with its norm accumulated the sums of this gradient. */
  fusedSums(gradient: string): boolean;
  /** The norm fused into the activation that reads it, by the norm's value. */
  fused(value: string): { readonly x: string } | undefined;
  /** `floats` of the program's memory at a byte offset. */
  floats(offset: number, count: number): Float32Array;
  doubles(offset: number, count: number): Float64Array;
  /** Offsets of scratch memory that any step may use. */
  readonly scratch: { readonly panels: number; readonly columns: number; readonly taps: number; readonly sums: number };
}

export type Step = () => void;
export type Emit<N> = (node: N, plan: EmitContext) => Step;
export type Emitters = { readonly [Kind in TrainingNode["op"]]: Emit<TrainingNodeOf<Kind>> };

export const kinds: Readonly<Record<ActivationKind, number>> = {
  swish: 0,
  hard_swish: 1,
  relu6: 2,
  sigmoid: 3,
  hard_sigmoid_a: 4,
  hard_sigmoid_b: 5,
};
export const identity = 6;

/** Rows of channels in a value. */
export function pixels({ frames, height, width }: Shape, batch: number): number {
  return frames * batch * height * width;
}

/** Floats of a value. */
export function count(shape: Shape, batch: number): number {
  return pixels(shape, batch) * shape.channels;
}

/** Bytes of one picture. */
export function bytes({ channels, height, width }: Shape): number {
  return 4 * channels * height * width;
}

export function frameFloats(plan: EmitContext, value: string): number {
  const shape = plan.shape(value);
  return count(shape, plan.batch) / shape.frames;
}

export function copy(plan: EmitContext, from: number, to: number, floats: number): void {
  plan.call("copyRows", from, to, 1, 4 * floats, 0, 0);
}

export function accumulate(target: Float32Array, value: (i: number) => number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + value(i);
}

export function sumFrames(plan: EmitContext, from: string, to: string): void {
  const { frames } = plan.shape(from);
  const frame = frameFloats(plan, from);
  copy(plan, plan.at(from), plan.at(to), frame);
  for (let t = 1; t < frames; t++) {
    plan.call("add", plan.at(to), plan.at(from) + 4 * t * frame, plan.at(to), frame);
  }
}

export function eachPicture(
  plan: EmitContext,
  x: Shape,
  y: Shape,
  { size, stride }: { readonly size: number; readonly stride: number },
  visit: (picture: number, window: readonly number[]) => void,
): void {
  const window = [x.height, x.width, x.channels, y.height, y.width, size, stride, ...cornerOf(x, size, stride)];
  for (let n = 0; n < x.frames * plan.batch; n++) visit(n, window);
}

export function poolArgs(plan: EmitContext, x: Shape, y: Shape): readonly number[] {
  return [x.frames * plan.batch, x.height, x.width, x.channels, y.height, y.width, ...cornerOf(x, 3, 2)];
}

/** Rows above, and columns to the left of a picture, where its first window begins. */
function cornerOf({ height, width }: Pick<Shape, "height" | "width">, size: number, stride: number) {
  return [samePadding(height, size, stride).begin, samePadding(width, size, stride).begin] as const;
}

/** The sizes that all three depthwise kernels take; one-pixel-wide windows see a picture as one row. */
export function depthwiseArgs(
  plan: EmitContext,
  { size, stride, time }: Pick<TrainingNodeOf<"depthwiseInput">, "size" | "stride" | "time">,
  from: string,
  to: string,
): readonly number[] {
  const [x, y] = [plan.shape(from), plan.shape(to)];
  const flat = size === 1 && stride === 1;
  const [height, width] = flat ? [1, x.height * x.width] : [x.height, x.width];
  const [outHeight, outWidth] = flat ? [1, y.height * y.width] : [y.height, y.width];
  const frames = [plan.batch, x.frames, y.frames, height, width, x.channels, outHeight, outWidth];
  return [...frames, time.taps, size, stride, time.before, ...cornerOf({ height, width }, size, stride)];
}

/** Sums over rows of a gradient. */
export function channelSums(plan: EmitContext, dy: string): Float64Array {
  const shape = plan.shape(dy);
  const { channels } = shape;
  const rows = pixels(shape, plan.batch);
  const { sums } = plan.scratch;
  const totals = plan.doubles(sums, channels);
  if (channels % 4 === 0) {
    plan.call("channelSums", plan.at(dy), 0, 0, sums, 0, sums + 8 * channels, rows, channels);
  } else {
    // Only the last layer may have any width, and it has one row per clip.
    totals.fill(0);
    const values = plan.floats(plan.at(dy), rows * channels);
    for (const [i, value] of values.entries()) totals[i % channels] = (totals[i % channels] as number) + value;
  }
  return totals;
}
