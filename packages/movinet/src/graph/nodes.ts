/** The ops: the fields of their nodes, and which of them name values or parameters. */

/** The shape of a value for one stream. */
export interface Shape {
  readonly frames: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Whether a value is a vector: one frame of one pixel. */
export function isVector({ frames, height, width }: Shape): boolean {
  return frames * height * width === 1;
}

export type ActivationKind =
  | "swish"
  | "hard_swish"
  | "relu6"
  | "sigmoid"
  /** clip(0.2x + 0.5, 0, 1) */
  | "hard_sigmoid_a"
  /** relu6(x + 3) · 0.16667 */
  | "hard_sigmoid_b";

/** The source of an input's data, which the session provides. */
export type InputRole =
  /** New frames, RGB in 0..1. */
  | "image"
  /** An earlier frame of a stream buffer. */
  | "slot"
  /** A running sum of a pool. */
  | "sum"
  /** `1 / (frames so far, including this one)` for each new frame and stream. */
  | "inverseCount"
  /** Index of each new frame since the stream began, for each stream. */
  | "position"
  /** Training only: which elements are dropped, and the scale of the rest. */
  | "mask";

export interface Op<Kind extends string> {
  readonly op: Kind;
  /** Unique within the graph. */
  readonly id: string;
}
export interface Unary<Kind extends string> extends Op<Kind> {
  readonly x: string;
}

export interface InputNode extends Op<"input"> {
  readonly role: InputRole;
  readonly shape: Shape;
}
/** 2-D convolution over every frame with SAME padding; kernel `[kh, kw, in, out]`. */
export interface ConvNode extends Unary<"conv"> {
  readonly kernel: string;
  readonly bias: string | null;
  readonly size: number;
  readonly stride: 1 | 2;
  readonly filters: number;
}
/**
 * Depthwise convolution over time and space; kernel `[kt, kh, kw, channels]`, of which the taps from `tap` on are
 * used. SAME padding in space; in time, `before` and `after` frames of zeros, otherwise VALID.
 */
export interface DepthwiseNode extends Unary<"depthwise"> {
  readonly kernel: string;
  readonly bias: string | null;
  readonly size: number;
  readonly stride: 1 | 2;
  readonly time: { readonly taps: number; readonly tap: number; readonly before: number; readonly after: number };
}
/** Normalization with stored statistics: `(x − mean) / √(variance + epsilon) · gamma + beta`. */
export interface NormNode extends Unary<"norm"> {
  readonly gamma: string;
  readonly beta: string;
  readonly mean: string;
  readonly variance: string;
}
export interface ActivationNode extends Unary<"activation"> {
  readonly kind: ActivationKind;
}
/** 3×3 average pool with stride 2 and SAME padding; the divisor is the number of valid cells (spec §2.9). */
export type AveragePoolNode = Unary<"averagePool">;
export type SpatialMeanNode = Unary<"spatialMean">;
/** Mean over all frames of the call; gives one frame. */
export type FrameMeanNode = Unary<"frameMean">;
/** Frame t is `initial` plus the sum of frames 0..t. */
export interface CumulativeSumNode extends Unary<"cumulativeSum"> {
  readonly initial: string | null;
}
/** Frames `start .. start + count`. */
export interface SliceNode extends Unary<"slice"> {
  readonly start: number;
  readonly count: number;
}
/** Concatenation along time. */
export interface JoinNode extends Op<"join"> {
  readonly xs: readonly string[];
}
/** Frames of zeros before and after. */
export interface PadNode extends Unary<"pad"> {
  readonly before: number;
  readonly after: number;
}
/** One frame, `count` times. */
export interface RepeatNode extends Unary<"repeat"> {
  readonly count: number;
}
/** Concatenation along channels. */
export interface ConcatNode extends Op<"concat"> {
  readonly xs: readonly string[];
}
export interface AddNode extends Op<"add"> {
  readonly a: string;
  readonly b: string;
}
/** Product; sides of `b` that are 1 (channels, height, width) are broadcast. */
export interface MultiplyNode extends Op<"multiply"> {
  readonly a: string;
  readonly b: string;
}
/** Product with a one-element parameter. */
export interface ScaleNode extends Unary<"scale"> {
  readonly factor: string;
}
/** Sines, then cosines, of the position `x` at `channels` frequencies (spec §2.6). */
export interface PositionalEncodingNode extends Unary<"positionalEncoding"> {
  readonly channels: number;
}

/** The ops that every reader of a graph supports. */
export type CoreNode =
  | InputNode
  | ConvNode
  | DepthwiseNode
  | NormNode
  | ActivationNode
  | AveragePoolNode
  | SpatialMeanNode
  | FrameMeanNode
  | CumulativeSumNode
  | SliceNode
  | JoinNode
  | PadNode
  | RepeatNode
  | ConcatNode
  | AddNode
  | MultiplyNode
  | ScaleNode
  | PositionalEncodingNode;

/** The role of a name in a field: a value that is read, a parameter that is read, or only a reference. */
export type Access = "value" | "param" | "name";

/** The role of every field that is a name: a missing one does not compile. */
export type Accesses<N> = {
  readonly [Field in keyof N as Field extends "id"
    ? never
    : string extends N[Field]
      ? Field
      : readonly string[] extends N[Field]
        ? Field
        : never]: Access;
};

const x = "value";
const convolution = { x, kernel: "param", bias: "param" } as const;
export const coreAccesses = {
  input: {},
  conv: convolution,
  depthwise: convolution,
  norm: { x, gamma: "param", beta: "param", mean: "param", variance: "param" },
  activation: { x },
  averagePool: { x },
  spatialMean: { x },
  frameMean: { x },
  cumulativeSum: { x, initial: "value" },
  slice: { x },
  join: { xs: "value" },
  pad: { x },
  repeat: { x },
  concat: { xs: "value" },
  add: { a: "value", b: "value" },
  multiply: { a: "value", b: "value" },
  scale: { x, factor: "param" },
  positionalEncoding: { x },
} satisfies { readonly [Kind in CoreNode["op"]]: Accesses<Extract<CoreNode, { op: Kind }>> };

/** The names in a node's fields with a given role, in table order. */
export function namesOf(node: object, accesses: Readonly<Record<string, Access>>, access: Access): readonly string[] {
  const fields = node as Readonly<Record<string, string | null | readonly string[]>>;
  return Object.keys(accesses).flatMap((field) => (accesses[field] === access ? (fields[field] ?? []) : []));
}

/** All values of a run by name: `[frames · batch, channels, height, width]`, row-major. */
export type Values = Record<string, Float64Array>;

/** What the reference interpreter has available for a node. */
export interface Run {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly batch: number;
  readonly values: Values;
  readonly param: (name: string) => Float32Array;
}

/** An op defined in terms of others, so that emitters need not know it: one file and one row in `composites`. */
export interface Composite<N extends Op<string>> {
  readonly accesses: Accesses<N>;
  /** The same in ops that every emitter knows. The last node has the id of the composite; the others start with it. */
  readonly lower: (node: N) => readonly CoreNode[];
  /** Its computation in the reference interpreter. */
  readonly run: (node: N, run: Run) => Float64Array;
}
