/**
 * The network as data: a list of nodes in execution order. A value is named after the node that makes it.
 *
 * Every value is a logical image `[frames · batch, channels, height, width]`, time-major (row `t · batch + b`), whatever
 * layout an emitter picks. The batch is no part of the graph: one graph serves any number of streams.
 */

/** The shape of a value for one stream. */
export interface Shape {
  readonly frames: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Whether a value is one row of numbers: one frame of one pixel. */
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

/** Where the data of an input comes from; the session fills them. */
export type InputRole =
  /** New frames, RGB in 0..1. */
  | "image"
  /** One earlier frame of a stream buffer. */
  | "slot"
  /** A running sum of a pool. */
  | "sum"
  /** `1 / (frames seen so far, this one included)` for each new frame and stream. */
  | "inverseCount"
  /** Index of each new frame since the stream began, for each stream. */
  | "position"
  /** Training only: what is left out, and by how much the rest is scaled up. */
  | "mask";

interface Op<Kind extends string> {
  readonly op: Kind;
  /** Unique in its graph. */
  readonly id: string;
}
interface Unary<Kind extends string> extends Op<Kind> {
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
 * Depthwise convolution over time and space; kernel `[kt, kh, kw, channels]`, of which the taps from `tap` on are used.
 * Space is padded SAME; time is padded with `before` and `after` frames of zeros, otherwise VALID.
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
/** Mean over all frames of the call; one frame comes out. */
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
/** Product; the sides of `b` that are 1 (channels, height, width) are broadcast. */
export interface MultiplyNode extends Op<"multiply"> {
  readonly a: string;
  readonly b: string;
}
/** Product with a parameter of one element. */
export interface ScaleNode extends Unary<"scale"> {
  readonly factor: string;
}
/** Sines, then cosines, of the position `x` at `channels` frequencies (spec §2.6). */
export interface PositionalEncodingNode extends Unary<"positionalEncoding"> {
  readonly channels: number;
}

export type Node =
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
export type OpKind = Node["op"];
export type NodeOf<Kind extends OpKind> = Extract<Node, { op: Kind }>;

/** A table with one entry per op: a new op does not compile until every reader of the graph handles it. */
export type PerOp<Args extends readonly unknown[], Result> = {
  readonly [Kind in OpKind]: (node: NodeOf<Kind>, ...args: Args) => Result;
};

/** Calls the entry of a node's op. */
export function perOp<Args extends readonly unknown[], Result>(
  table: PerOp<Args, Result>,
  node: Node,
  ...args: Args
): Result {
  return (table[node.op] as (node: Node, ...args: Args) => Result)(node, ...args);
}

/** What a parameter does in its layer. */
export type ParamRole =
  | "kernel"
  | "bias"
  /** Of a norm. */
  | "gamma"
  | "beta"
  | "mean"
  | "variance"
  /** One number that a residual branch is taken times. */
  | "factor"
  /** One number that a positional encoding is taken times. */
  | "encoding";

/** A tensor that belongs to the model; its name and row-major shape are canonical, or it is computed from others. */
export interface Param {
  readonly shape: readonly number[];
  readonly role: ParamRole;
  /** The layer that it belongs to, as the architecture calls it. */
  readonly owner: string;
  readonly derivation?: Derivation;
}

/** Whether a parameter is a norm's moving statistic, which no gradient reaches. */
export function isStatistic(param: Param | undefined): boolean {
  return param?.role === "mean" || param?.role === "variance";
}

/** How a pass made a parameter out of others. Channels are the last axis: element `i` belongs to `i mod channels`. */
export type Derivation =
  /** `kernel · gamma / √(variance + epsilon)` */
  | { readonly kind: "foldKernel"; readonly kernel: string; readonly gamma: string; readonly variance: string }
  /** `beta + (bias − mean) · gamma / √(variance + epsilon)` */
  | {
      readonly kind: "foldBias";
      readonly bias: string | null;
      readonly gamma: string;
      readonly beta: string;
      readonly mean: string;
      readonly variance: string;
    }
  /** `base · factor`, where `factor` has one element. */
  | { readonly kind: "scaled"; readonly base: string; readonly factor: string }
  /** `scale · base + shift` */
  | { readonly kind: "affine"; readonly base: string; readonly scale: number; readonly shift: number };

/** What a stream carries from one call to the next, under Google's names and in Google's order (spec §3.1). */
export type State = { readonly name: string /** As of a {@link Param}. */; readonly owner: string } & (
  | {
      readonly kind: "buffer";
      /** Inputs, oldest frame first. */
      readonly slots: readonly string[];
      /** Values of the newest frames, oldest first: as many as the call brings, at most as many as there are slots. */
      readonly newest: readonly string[];
      /** Of one frame. */
      readonly shape: Shape;
    }
  | {
      readonly kind: "sum";
      readonly input: string;
      readonly output: string;
      readonly shape: Shape;
    }
  /** Frames so far; `of` is the running sum or the positional encoding that they are counted for. */
  | { readonly kind: "count"; readonly of: string }
);

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly params: Readonly<Record<string, Param>>;
  /** What the network says: the value of each output by name, the one that it is for first. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly states: readonly State[];
  /** Values of interest, by the names of the reference implementation: `stem`, `block0_layer0`, …, `head`. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** New frames in a call. */
  readonly frames: number;
}

/** Epsilon of every normalization (spec §2.10). */
export const normEpsilon = 1e-3;

/** The values that a node reads. */
export function inputsOf(node: Node): readonly string[] {
  switch (node.op) {
    case "input":
      return [];
    case "join":
    case "concat":
      return node.xs;
    case "add":
    case "multiply":
      return [node.a, node.b];
    case "cumulativeSum":
      return node.initial === null ? [node.x] : [node.x, node.initial];
    default:
      return [node.x];
  }
}

/** The parameters that a node reads. */
export function paramsOf(node: Node): readonly string[] {
  switch (node.op) {
    case "conv":
    case "depthwise":
      return node.bias === null ? [node.kernel] : [node.kernel, node.bias];
    case "norm":
      return [node.gamma, node.beta, node.mean, node.variance];
    case "scale":
      return [node.factor];
    default:
      return [];
  }
}

/** The same node with its value inputs renamed. */
export function withInputs(node: Node, rename: (value: string) => string): Node {
  switch (node.op) {
    case "input":
      return node;
    case "join":
    case "concat":
      return { ...node, xs: node.xs.map(rename) };
    case "add":
    case "multiply":
      return { ...node, a: rename(node.a), b: rename(node.b) };
    case "cumulativeSum":
      return { ...node, x: rename(node.x), initial: node.initial === null ? null : rename(node.initial) };
    default:
      return { ...node, x: rename(node.x) };
  }
}

/** The value of an output; without a name that of the first, for which the network is. */
export function outputOf(graph: Graph, name = Object.keys(graph.outputs)[0] ?? ""): string {
  const value = graph.outputs[name];
  if (value === undefined) throw new Error(`internal: ${graph.name} has no output ${name}`);
  return value;
}

/** The values that leave the graph: its outputs first, then what the states need. */
export function outputsOf(graph: Graph): readonly string[] {
  const values = Object.values(graph.outputs);
  for (const state of graph.states) {
    if (state.kind === "buffer") values.push(...state.newest);
    if (state.kind === "sum") values.push(state.output);
  }
  return values;
}
