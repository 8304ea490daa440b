import { encodingFrequencies } from "../../../graph/encoding.ts";
import {
  type ActivationKind,
  type DepthwiseNode,
  type JoinNode,
  type NodeOf,
  normEpsilon,
  type Param,
  type PerOp,
} from "../../../graph/ir.ts";
import type { NumberType } from "../../../graph/precision.ts";
import { biasType } from "../../../graph/quantize.ts";
import { reversed } from "../../../graph/tensor.ts";
import { type OperatorOptions, padding } from "../read/schema.ts";
import { type Emission, fused } from "./emission.ts";
import type { Form } from "./forms.ts";
import { tensorName } from "./lower.ts";

/** The emitter of each op in a lowered graph. The caller skips nodes fused into an earlier one. */
export const emitters = {
  input: (node, _out, form) => form.input(node),
  conv(node, out) {
    const x = out.value(node.x);
    const { size, stride, filters } = node;
    const { channels } = out.shape(node.x);
    const kernel = reversed(out.param(node.kernel), [size * size * channels, 1, filters]);
    const { type } = paramOf(out, node.kernel);
    const name = tensorName(out.graph, node.kernel);
    const weights = out.weights(name, [filters, size, size, channels], kernel, "dense", type);
    convolve(out, "CONV_2D", node.id, [x, weights, biasOf(out, node, filters)], sameWindow(stride));
  },
  depthwise(node, out, form) {
    const { channels } = out.shape(node.x);
    const bias = biasOf(out, node, channels);
    if (node.time.taps > 1) {
      form.temporal(node, temporalKernel(node, out), bias);
      return;
    }
    const { size, stride, time } = node;
    const length = size * size * channels;
    const tap = out.param(node.kernel).subarray(time.tap * length, (time.tap + 1) * length);
    const name = tensorName(out.graph, node.kernel, time.tap);
    const weights = out.weights(name, [1, size, size, channels], tap, "depthwise", paramOf(out, node.kernel).type);
    convolve(out, "DEPTHWISE_CONV_2D", node.id, [out.value(node.x), weights, bias], sameWindow(stride));
  },
  norm(node, out) {
    const [gamma, beta] = [out.param(node.gamma), out.param(node.beta)];
    const [mean, variance] = [out.param(node.mean), out.param(node.variance)];
    const gain = gamma.map((g, c) => g / Math.sqrt((variance[c] as number) + normEpsilon));
    const shift = beta.map((b, c) => b - (mean[c] as number) * (gain[c] as number));
    const shape = [gain.length];
    const x = out.value(node.x);
    const scaled = binary(out, "MUL", `${node.id}/scaled`, x, out.weights(`${node.id}/gain`, shape, gain, "vector"));
    out.bind(node.id, binary(out, "ADD", node.id, scaled, out.weights(`${node.id}/shift`, shape, shift, "vector")));
  },
  activation: (node, out) => out.bind(node.id, activate(out, node.kind, out.value(node.x), node.id)),
  averagePool(node, out) {
    const x = out.value(node.x);
    const { height, width, channels } = out.shape(node.id);
    const shape = [framesOf(out, x), height, width, channels];
    const options = { ...sameWindow(2), width: 3, height: 3 };
    out.bind(node.id, out.op("AVERAGE_POOL_2D", [x], { name: node.id, shape }, options));
  },
  spatialMean(node, out) {
    const x = out.value(node.x);
    const shape = [framesOf(out, x), 1, 1, out.shape(node.x).channels];
    out.bind(node.id, out.op("MEAN", [x, out.ints([1, 2])], { name: node.id, shape }));
  },
  frameMean(node, out) {
    const x = out.value(node.x);
    const shape = [1, ...out.shapeOf(x).slice(1)];
    out.bind(node.id, out.op("MEAN", [x, out.ints([0])], { name: node.id, shape }));
  },
  cumulativeSum(node, out) {
    const x = out.value(node.x);
    const sums = framesOf(out, x) > 1 ? sumsSoFar(out, `${node.id}/sums`, x) : x;
    out.bind(node.id, node.initial === null ? sums : binary(out, "ADD", node.id, sums, out.value(node.initial)));
  },
  slice(node, out) {
    const x = out.value(node.x);
    const shape = [node.count, ...out.shapeOf(x).slice(1)];
    out.bind(node.id, out.op("SLICE", [x, out.ints([node.start, 0, 0, 0]), out.ints(shape)], { name: node.id, shape }));
  },
  join(node, out) {
    if (isWindow(node, out)) return;
    const { frames, height, width, channels } = out.shape(node.id);
    const xs = node.xs.map((x) => out.value(x));
    out.bind(node.id, concatenate(out, node.id, xs, [frames, height, width, channels], 0));
  },
  pad(node, out) {
    const x = out.value(node.x);
    const shape = [node.before + framesOf(out, x) + node.after, ...out.shapeOf(x).slice(1)];
    const amounts = out.ints([node.before, node.after, 0, 0, 0, 0, 0, 0], [4, 2]);
    out.bind(node.id, out.op("PAD", [x, amounts], { name: node.id, shape }));
  },
  /** Equal frames stay one: readers broadcast or repeat them. */
  repeat: (node, out) => out.bind(node.id, out.value(node.x)),
  concat(node, out) {
    const frames = Math.max(...node.xs.map((x) => framesOf(out, out.value(x))));
    const xs = node.xs.map((x) => repeated(out, out.value(x), frames));
    const { channels, height, width } = out.shape(node.id);
    out.bind(node.id, concatenate(out, node.id, xs, [frames, height, width, channels], 3));
  },
  add(node, out) {
    const relu6 = takeRelu6(out, node.id);
    const options = { activation: relu6 ? fused.relu6 : fused.none };
    out.bind(relu6 ?? node.id, binary(out, "ADD", node.id, out.value(node.a), out.value(node.b), options));
  },
  multiply(node, out, form) {
    if (form.average(node)) return;
    out.bind(node.id, binary(out, "MUL", node.id, out.value(node.a), out.value(node.b)));
  },
  scale(node, out) {
    const { type } = paramOf(out, node.factor);
    const factor = out.weights(tensorName(out.graph, node.factor), [1], out.param(node.factor), "vector", type);
    out.bind(node.id, binary(out, "MUL", node.id, out.value(node.x), factor));
  },
  positionalEncoding(node, out, form) {
    const position = form.position(node);
    const name = `encoding of ${out.tensors[position]?.name} for ${node.channels}`;
    if (!out.has(name)) out.bind(name, encode(out, name, position, node.channels));
    out.bind(node.id, out.value(name));
  },
} satisfies PerOp<[Emission, Form], void>;

const activations: Readonly<Record<ActivationKind, (out: Emission, x: number, name: string) => number>> = {
  swish: (out, x, name) => binary(out, "MUL", name, x, unary(out, "LOGISTIC", `${name}/sigmoid`, x)),
  hard_swish: (out, x, name) => unary(out, "HARD_SWISH", name, x),
  relu6: (out, x, name) => unary(out, "RELU6", name, x),
  sigmoid: (out, x, name) => unary(out, "LOGISTIC", name, x),
  hard_sigmoid_a(out, x, name) {
    const scaled = binary(out, "MUL", `${name}/scaled`, x, out.scalar(0.2));
    const shifted = binary(out, "ADD", `${name}/shifted`, scaled, out.scalar(0.5), { activation: fused.relu });
    return binary(out, "MINIMUM", name, shifted, out.scalar(1));
  },
  hard_sigmoid_b(out, x, name) {
    const clipped = binary(out, "ADD", `${name}/clipped`, x, out.scalar(3), { activation: fused.relu6 });
    return binary(out, "MUL", name, clipped, out.scalar(0.16667));
  },
};

export function activate(out: Emission, kind: ActivationKind, x: number, name: string): number {
  return activations[kind](out, x, name);
}

export function unary(out: Emission, op: string, name: string, x: number): number {
  return out.op(op, [x], { name, shape: out.shapeOf(x) });
}

/** An operator on two tensors, with broadcasting; the result has the larger side of every axis. */
export function binary(
  out: Emission,
  op: string,
  name: string,
  a: number,
  b: number,
  options: Partial<OperatorOptions> = /^(ADD|SUB|MUL|DIV)$/.test(op) ? { activation: fused.none } : {},
): number {
  const [left, right] = [out.shapeOf(a), out.shapeOf(b)];
  const rank = Math.max(left.length, right.length);
  const side = (shape: readonly number[], i: number) => shape[i - rank + shape.length] ?? 1;
  const shape = Array.from({ length: rank }, (_, i) => Math.max(side(left, i), side(right, i)));
  return out.op(op, [a, b], { name, shape }, options);
}

export function concatenate(
  out: Emission,
  name: string,
  xs: readonly number[],
  shape: readonly number[],
  axis: number,
): number {
  return out.op("CONCATENATION", xs, { name, shape }, { axis, activation: fused.none });
}

/** Whether a join is only the window of a convolution over time, which the form builds in its own way. */
function isWindow(node: JoinNode, out: Emission): boolean {
  const reader = out.onlyReader(node.id);
  return reader?.op === "depthwise" && reader.time.taps > 1;
}

/** A kernel over time as `[1, taps, 1, channels]`. */
function temporalKernel(node: DepthwiseNode, out: Emission): number {
  const { taps, tap } = node.time;
  const { channels } = out.shape(node.x);
  if (node.size !== 1 || node.stride !== 1 || tap !== 0) throw new Error(`internal: ${node.id} was not lowered to 2-D`);
  const name = tensorName(out.graph, node.kernel);
  const { type } = paramOf(out, node.kernel);
  return out.weights(name, [1, taps, 1, channels], out.param(node.kernel), "depthwise", type);
}

function paramOf(out: Emission, name: string): Param {
  return out.graph.params[name] as Param;
}

function biasOf(out: Emission, { id, x, kernel, bias }: NodeOf<"conv" | "depthwise">, channels: number): number {
  if (bias !== null) {
    return out.weights(tensorName(out.graph, bias), [channels], out.param(bias), "vector", paramOf(out, bias).type);
  }
  const { type } = paramOf(out, kernel);
  const zeros = new Float32Array(channels);
  if (type === undefined) return out.weights(`${channels} zeros`, [channels], zeros, "vector");
  return out.weights(`${id}/zeros`, [channels], zeros, "vector", biasType(out.graph.types?.[x] as NumberType, type));
}

/**
 * Cumulative sum of vectors, one row per frame: the product with a triangle of ones, which more runtimes support, and
 * faster, than CUMSUM.
 */
function sumsSoFar(out: Emission, name: string, x: number): number {
  const [frames, , , channels] = out.shapeOf(x) as [number, number, number, number];
  const isBefore = (i: number) => i % frames <= Math.floor(i / frames);
  const ones = Float32Array.from({ length: frames * frames }, (_, i) => (isBefore(i) ? 1 : 0));
  const triangle = out.floats(`triangle of ${frames}`, [1, 1, frames, frames], ones);
  const rows = [1, 1, frames, channels];
  const vectors = out.reshape(x, `${name}/vectors`, rows);
  const sums = out.op("BATCH_MATMUL", [triangle, vectors], { name: `${name}/rows`, shape: rows });
  return out.reshape(sums, name, out.shapeOf(x));
}

function sameWindow(stride: number): Partial<OperatorOptions> {
  return { padding: padding.same, strideWidth: stride, strideHeight: stride };
}

/** A convolution with the ReLU6 that alone reads it. A result of other `rows` is reshaped to the node's map. */
export function convolve(
  out: Emission,
  op: "CONV_2D" | "DEPTHWISE_CONV_2D",
  id: string,
  inputs: readonly number[],
  options: Partial<OperatorOptions>,
  rows?: readonly number[],
): void {
  const relu6 = takeRelu6(out, id);
  const name = relu6 ?? id;
  const { frames, height, width, channels } = out.shape(id);
  const map = [rows ? frames : framesOf(out, inputs[0] as number), height, width, channels];
  const plain = { strideWidth: 1, strideHeight: 1, dilationWidth: 1, dilationHeight: 1 };
  const kind = op === "CONV_2D" ? {} : { depthMultiplier: 1 };
  const activation = relu6 ? fused.relu6 : fused.none;
  const output = rows ? { name: `${name}/rows`, shape: rows } : { name, shape: map };
  const result = out.op(op, inputs, output, { ...plain, ...kind, activation, ...options });
  out.bind(name, rows ? out.reshape(result, name, map) : result);
}

/** The id of the ReLU6 that alone reads a value, or null. */
export function takeRelu6(out: Emission, id: string): string | null {
  const reader = out.onlyReader(id);
  return reader?.op === "activation" && reader.kind === "relu6" ? reader.id : null;
}

function framesOf(out: Emission, tensor: number): number {
  return out.shapeOf(tensor)[0] as number;
}

function repeated(out: Emission, tensor: number, frames: number): number {
  const [own, ...rest] = out.shapeOf(tensor);
  if (own === frames) return tensor;
  const name = `${out.tensors[tensor]?.name}/repeated`;
  return out.op("TILE", [tensor, out.ints([frames, 1, 1, 1])], { name, shape: [frames, ...rest] });
}

/** Sines, then cosines, of `position` `[frames, 1, 1, 1]` at the frequencies of spec §2.6. */
function encode(out: Emission, name: string, position: number, channels: number): number {
  const frequencies = encodingFrequencies(channels);
  const waves = ["SIN", "COS"].flatMap((op, odd) => {
    const picked = Float32Array.from(frequencies[odd] ?? []);
    if (picked.length === 0) return []; // of a single channel
    const factors = out.floats(`${channels} frequencies of ${op}`, [1, 1, 1, picked.length], picked);
    return unary(out, op, `${name}/${op}`, binary(out, "MUL", `${name}/${op}/angle`, position, factors));
  });
  return concatenate(out, name, waves, [framesOf(out, position), 1, 1, channels], 3);
}
