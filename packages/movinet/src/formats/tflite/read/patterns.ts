/**
 * What converters turn each step of the network into. Every function reads backwards from a value to the step's input.
 */
import type { Activation, Gate } from "../../../arch/spec.ts";
import { samePadding } from "../../../graph/shapes.ts";
import { elementCount, readStored } from "./constants.ts";
import type { Flow, FlowNode } from "./flow.ts";
import { padding, type TfliteTensor } from "./schema.ts";

/** `value = scale · x + shift` with the same numbers for all elements. */
interface Affine {
  readonly x: number;
  readonly scale: number;
  readonly shift: number;
}

/** At most this many steps of the same kind follow each other. */
const longestChain = 4;

/** Skips additions of, and multiplications with, a constant. */
export function peelAffine(flow: Flow, value: number): Affine {
  let x = flow.source(value);
  let scale = 1;
  let shift = 0;
  for (let step = 0; step < longestChain; step++) {
    const node = flow.node(x);
    if (node === null || !/^(ADD|SUB|MUL|DIV)$/.test(node.op)) break;
    const [a = -1, b = -1] = node.inputs;
    const right = flow.uniform(b);
    const number = right ?? (node.op === "ADD" || node.op === "MUL" ? flow.uniform(a) : null);
    if (number === null) break;
    if (node.op === "ADD") shift += scale * number;
    if (node.op === "SUB") shift -= scale * number;
    if (node.op === "MUL") scale *= number;
    if (node.op === "DIV") scale /= number;
    x = right === null ? b : a;
  }
  return { x, scale, shift };
}

/** Alternatives in any order. */
export function bothWays(a: number, b: number): readonly (readonly [number, number])[] {
  return [
    [a, b],
    [b, a],
  ];
}

interface Clip {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

function peelClip(flow: Flow, value: number): Clip {
  let x = flow.source(value);
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  for (let step = 0; step < longestChain; step++) {
    const bounds = boundsOf(flow, flow.node(x));
    if (bounds === null) break;
    low = Math.max(low, bounds.low);
    high = Math.min(high, bounds.high);
    x = bounds.x;
  }
  return { x, low, high };
}

function boundsOf(flow: Flow, node: FlowNode | null): Clip | null {
  const [a = -1, b = -1] = node?.inputs ?? [];
  const whole = { x: a, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  switch (node?.op) {
    case "RELU":
      return { ...whole, low: 0 };
    case "RELU6":
      return { ...whole, low: 0, high: 6 };
    case "RELU_0_TO_1":
      return { ...whole, low: 0, high: 1 };
    case "MAXIMUM":
    case "MINIMUM": {
      const right = flow.uniform(b);
      const number = right ?? flow.uniform(a);
      if (number === null) return null;
      const x = right === null ? b : a;
      return node.op === "MAXIMUM" ? { ...whole, x, low: number } : { ...whole, x, high: number };
    }
    default:
      return null;
  }
}

/** Constants are quantized too: equal to within 1 %. */
function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 0.01 * Math.abs(b);
}

/** Skips an activation; `kind` is null, and `x` the value itself, if there is none. */
export function peelActivation(flow: Flow, value: number): { readonly kind: Activation | null; readonly x: number } {
  const x = flow.source(value);
  const node = flow.node(x);
  if (node?.op === "HARD_SWISH") return { kind: "hard_swish", x: node.inputs[0] ?? -1 };
  const clip = peelClip(flow, x);
  if (clip.low === 0 && clip.high === 6) return { kind: "relu6", x: clip.x };

  const outer = peelAffine(flow, x);
  const product = flow.node(outer.x);
  if (product?.op !== "MUL" || outer.shift !== 0) return { kind: null, x };
  const [a = -1, b = -1] = product.inputs;
  for (const [argument, factor] of bothWays(a, b)) {
    const logistic = flow.node(factor);
    if (logistic?.op === "LOGISTIC" && logistic.inputs[0] === argument && outer.scale === 1) {
      return { kind: "swish", x: argument };
    }
    const weight = peelAffine(flow, factor);
    const { x: clipped, low, high } = peelClip(flow, weight.x);
    const inner = peelAffine(flow, clipped);
    const sixth = near(outer.scale * weight.scale, 1 / 6) && weight.shift === 0;
    if (inner.x === argument && low === 0 && high === 6 && near(inner.shift, 3) && near(inner.scale, 1) && sixth) {
      return { kind: "hard_swish", x: argument };
    }
  }
  return { kind: null, x };
}

/**
 * The gate of a squeeze-and-excitation. Converters fold constants of the gate into the convolution that computes `x`,
 * and round the others. That convolution of the network has the weights `scale · kernel` and `scale · bias + shift`;
 * the gate's factor is `gain` times that of the network.
 */
export interface FoundGate extends Affine {
  readonly kind: Gate;
  readonly gain: number;
}

export function peelGate(flow: Flow, value: number): FoundGate | null {
  const outer = peelAffine(flow, value);
  const logistic = flow.node(outer.x);
  if (logistic?.op === "LOGISTIC" && outer.scale === 1 && outer.shift === 0) {
    return { kind: "sigmoid", x: logistic.inputs[0] ?? -1, scale: 1, shift: 0, gain: 1 };
  }
  const { x, low, high } = peelClip(flow, outer.x);
  const top = high * outer.scale;
  if (low !== 0 || outer.shift !== 0 || !near(top, 1)) return null;
  const inner = peelAffine(flow, x);
  for (const { kind, limit, slope, offset, peak } of hardSigmoids) {
    const sloped = near(inner.scale, slope) && near(inner.shift, offset);
    const folded = inner.scale === 1 && (inner.shift === 0 || near(inner.shift, offset));
    if (!near(high, limit) || !(sloped || folded)) continue;
    const scale = unlessRounded(inner.scale / slope, 1);
    return {
      kind,
      x: inner.x,
      scale,
      shift: unlessRounded((inner.shift - offset) / slope, 0),
      gain: unlessRounded(top / peak, 1),
    };
  }
  return null;
}

/** Ways to write `clip(slope · x + offset, 0, limit)` · `peak` / `limit`; equivalent ones in order of preference. */
const hardSigmoids = [
  { kind: "hard_sigmoid_b", limit: 6, slope: 1, offset: 3, peak: 6 * 0.16667 },
  { kind: "hard_sigmoid_a", limit: 1, slope: 0.2, offset: 0.5, peak: 1 },
  { kind: "hard_sigmoid_b", limit: 1, slope: 1 / 6, offset: 0.5, peak: 6 * 0.16667 },
] as const;

function unlessRounded(number: number, exact: number): number {
  return Math.abs(number - exact) < 1e-6 ? exact : number;
}

/** A convolution: its tensors, and its input. */
export interface FoundConv {
  readonly x: number;
  readonly kernel: TfliteTensor;
  /** Null: all zeros. */
  readonly bias: TfliteTensor | null;
  /** Height and width of the window. */
  readonly size: readonly [height: number, width: number];
  readonly stride: number;
  readonly inputs: number;
  readonly filters: number;
}

/** A dense convolution or a dense layer with SAME padding; null for anything else. */
export function peelConv(flow: Flow, value: number): FoundConv | null {
  const node = flow.node(value);
  if (node?.op !== "CONV_2D" && node?.op !== "FULLY_CONNECTED") return null;
  const tensors = constantsOf(flow, node);
  const shape = tensors?.kernel.shape;
  if (!tensors || !shape || node.options.weightsFormat !== 0) return null;
  if (node.op === "FULLY_CONNECTED") {
    const [filters, inputs] = shape;
    if (shape.length !== 2 || filters === undefined || inputs === undefined) return null;
    return { ...tensors, x: node.inputs[0] ?? -1, size: [1, 1], stride: 1, inputs, filters };
  }
  const [filters, height, width, inputs] = shape;
  if (shape.length !== 4 || !filters || !height || !width || !inputs) return null;
  const x = paddedInput(flow, node, height, width);
  if (x === null) return null;
  return { ...tensors, x, size: [height, width], stride: node.options.strideHeight, inputs, filters };
}

/** A depthwise convolution with one filter per channel: with SAME padding over space, or without padding over time. */
export function peelDepthwise(flow: Flow, value: number): FoundConv | null {
  const node = flow.node(value);
  if (node?.op !== "DEPTHWISE_CONV_2D") return null;
  const tensors = constantsOf(flow, node);
  const [one, height, width, channels] = tensors?.kernel.shape ?? [];
  if (!tensors || one !== 1 || !height || !width || !channels || tensors.kernel.shape.length !== 4) return null;
  if (flow.tensor(node.inputs[0] ?? -1)?.shape.at(-1) !== channels) return null;
  const temporal = width === 1 && height > 1;
  const x = temporal ? unpaddedInput(node) : paddedInput(flow, node, height, width);
  if (x === null) return null;
  return {
    ...tensors,
    x,
    size: [height, width],
    stride: node.options.strideHeight,
    inputs: channels,
    filters: channels,
  };
}

function constantsOf(flow: Flow, node: FlowNode): Pick<FoundConv, "kernel" | "bias"> | null {
  const [, weights = -1, offsets = -1] = node.inputs;
  const kernel = flow.constant(weights);
  const bias = flow.constant(offsets);
  return kernel === null || (bias === null && offsets >= 0) ? null : { kernel, bias };
}

function unpaddedInput({ inputs: [x = -1], options }: FlowNode): number | null {
  const plain = options.strideHeight === 1 && options.strideWidth === 1 && options.dilationHeight === 1;
  return plain && options.padding === padding.valid ? x : null;
}

/** The input of a window with SAME padding, which may be a separate operator; null for other paddings. */
function paddedInput(flow: Flow, node: FlowNode, height: number, width: number): number | null {
  const [x = -1] = node.inputs;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = node.options;
  if (strideHeight !== strideWidth || dilationHeight !== 1 || dilationWidth !== 1) return null;
  if (node.options.padding === padding.same || (height === 1 && width === 1)) return x;
  const pad = flow.node(x);
  if (pad?.op !== "PAD") return null;
  const [inner = -1, amounts = -1] = pad.inputs;
  const tensor = flow.constant(amounts);
  const [, rows, columns] = flow.tensor(inner)?.shape ?? [];
  if (tensor === null || !rows || !columns) return null;
  const vertical = samePadding(rows, height, strideHeight);
  const horizontal = samePadding(columns, width, strideWidth);
  const same = [0, 0, vertical.begin, vertical.end, horizontal.begin, horizontal.end, 0, 0];
  return String(readStored(tensor, flow.subject)) === String(same) ? inner : null;
}

/** Skips the 3×3 average pool with stride 2 and SAME padding; null if there is none. */
export function peelPool(flow: Flow, value: number): number | null {
  const node = flow.node(value);
  if (node?.op !== "AVERAGE_POOL_2D") return null;
  const { width, height, strideWidth, strideHeight, padding: kind } = node.options;
  const fits = width === 3 && height === 3 && strideWidth === 2 && strideHeight === 2 && kind === padding.same;
  return fits ? (node.inputs[0] ?? -1) : null;
}

/** A mean over space of `x`; rounded constants make it `gain` times the mean. */
export interface FoundMean {
  readonly x: number;
  readonly gain: number;
}

/** Skips the mean over space, also as a sum times 1 / area; null if there is none. */
export function peelSpatialMean(flow: Flow, value: number): FoundMean | null {
  const { x, scale, shift } = peelAffine(flow, value);
  const node = flow.node(x);
  const [input = -1] = node?.inputs ?? [];
  const shape = flow.tensor(input)?.shape ?? [];
  const [height = 0, width = 0, channels = 0] = shape.slice(-3);
  const result = flow.tensor(x)?.shape ?? [];
  if (node === null || shift !== 0 || result.at(-1) !== channels || elementCount(result) !== channels) return null;
  const whole = node.options.height === height && node.options.width === width;
  if (node.op !== "MEAN" && node.op !== "SUM" && !(node.op === "AVERAGE_POOL_2D" && whole)) return null;
  const gain = node.op === "SUM" ? scale * height * width : scale;
  return near(gain, 1) ? { x: input, gain: unlessRounded(gain, 1) } : null;
}
