/**
 * Integer arithmetic as types of a graph: a value of type int8 lies on a grid of 256 numbers, a kernel has int8 weights
 * with one scale per channel, a bias int32. The weights themselves stay the float32 ones they are rounded from.
 */
import { definitionOf } from "./composites.ts";
import { symmetricScales } from "./integers.ts";
import { type Graph, inputsOf, type Node, onlyReaders, type Param, type Shape } from "./ir.ts";
import { resolveParams, sourceOf } from "./params.ts";
import type { NumberType, Quantization } from "./precision.ts";
import type { Weights } from "./tensor.ts";

/** The smallest and the largest number that a value takes. */
export type Range = readonly [min: number, max: number];

/** What integer arithmetic needs to know of a network besides its weights. Plain JSON data. */
export interface Integers {
  /** The range of each value that {@link quantizedValues} lists. */
  readonly ranges: Readonly<Record<string, Range>>;
  /** The convolutions that stay float32. */
  readonly floats: readonly string[];
  /**
   * `converter`: as TensorFlow's converter computes. Products with residual scales and with constants of gates are steps of their own,
   * and so is a sigmoid; sums over time may be integers; the values with a range are the integers. Default: constants are folded
   * into convolutions, and sums are floats.
   */
  readonly steps?: "converter" | undefined;
  /** Integers of biases, by parameter and channel, that no float32 weight is rounded to. */
  readonly biases?: Readonly<Record<string, Readonly<Record<string, number>>>> | undefined;
  /** Why answers in these integers are not trusted to be those of the network that they were made from; it goes with them into other files. */
  readonly doubt?: string | undefined;
}

/** The ops that have integer kernels. Sums over time have no fixed range, and so stay floats. */
const integerOps: ReadonlySet<string> = new Set<Node["op"]>([
  ...(["conv", "depthwise", "add", "multiply", "averagePool", "spatialMean"] as const),
  ...(["slice", "join", "pad", "repeat", "concat"] as const),
]);
/** The ops whose output has the numbers of their inputs, so that all share one grid. */
const sharing: ReadonlySet<string> = new Set<Node["op"]>(["averagePool", "slice", "join", "pad", "repeat", "concat"]);

/** The grid of an integer sigmoid's output, which is the same in every file. */
const sigmoidStep = 1 / 256;

/** Ops that compute with integers only in files with the steps of a converter. */
function isConverterStep(graph: Graph, node: Node, written: string): boolean {
  if (node.op === "cumulativeSum") return graph.shapes[node.id]?.frames === 1;
  if (node.op === "scale") return graph.params[node.factor]?.type?.dtype === "int8";
  const [step] = graph.types?.[written]?.quantization?.scale ?? [];
  return node.op === "activation" && node.kind === "sigmoid" && step === sigmoidStep;
}

function hasIntegerKernel(node: Node): boolean {
  if (node.op === "activation") return node.kind === "relu6" || node.kind === "hard_swish";
  return definitionOf(node) === undefined && integerOps.has(node.op);
}

/** Whether a node of a quantized graph computes with integers: all that it reads is of them, and `written`, what its kernel writes. */
export function computesIntegers(graph: Graph, node: Node, written: string): boolean {
  const isInteger = (value: string) => graph.types?.[value]?.dtype === "int8";
  const isWeighted = node.op === "conv" || node.op === "depthwise";
  if (isWeighted && graph.params[node.kernel]?.type?.dtype !== "int8") return false;
  const hasKernel = hasIntegerKernel(node) || isConverterStep(graph, node, written);
  return hasKernel && inputsOf(node).every(isInteger) && isInteger(written);
}

/** The value that a node's kernel writes: that of the ReLU6 that alone reads it, which is fused into it. */
export function writtenBy(graph: Graph): (node: Node) => string {
  const only = onlyReaders(graph);
  return (node) => {
    const reader = node.op === "conv" || node.op === "depthwise" || node.op === "add" ? only(node.id) : undefined;
    return reader?.op === "activation" && reader.kind === "relu6" ? reader.id : node.id;
  };
}

/** The values of a lowered graph that become int8 if the convolutions do, in order of execution. */
export function quantizedValues(graph: Graph, floats: readonly string[] = []): readonly string[] {
  const made = new Map(graph.nodes.map((node) => [node.id, node]));
  const integers = new Set<string>();
  const needed = new Set<string>();
  const isInput = (value: string) => {
    const node = made.get(value);
    return node?.op === "input" && (node.role === "image" || node.role === "slot");
  };
  const written = writtenBy(graph);
  for (const node of graph.nodes) {
    const weighted = node.op === "conv" || node.op === "depthwise";
    const inputs = inputsOf(node);
    const fits = (value: string) => integers.has(value) || isInput(value);
    const mixes = node.op === "add" || node.op === "multiply";
    const computes = weighted ? !floats.includes(node.id) : mixes ? inputs.some(fits) : inputs.every(fits);
    if (!computes || !hasIntegerKernel(node)) continue;
    integers.add(node.id);
    for (const value of inputs) needed.add(value);
    if (written(node) === node.id) needed.add(node.id);
  }
  // A window is never built: the kernel over time reads its frames.
  for (const node of graph.nodes) {
    if (node.op === "join" && needed.has(node.id)) for (const value of node.xs) needed.add(value);
  }
  // A value between a kernel and the ReLU6 that is fused into it never exists.
  for (const node of graph.nodes) if (written(node) !== node.id) needed.delete(node.id);
  return graph.nodes.map(({ id }) => id).filter((id) => needed.has(id));
}

/** Types the values, kernels and biases of a lowered graph. Throws `RangeError` for a value without a range. */
export function quantizeGraph(graph: Graph, weights: Weights, { ranges, floats, steps, biases = {} }: Integers): Graph {
  const param = resolveParams(graph, weights);
  const values =
    steps === "converter"
      ? graph.nodes.map(({ id }) => id).filter((id) => Object.hasOwn(ranges, id))
      : quantizedValues(graph, floats);
  const groups = shareGrids(graph, values);
  const found = new Map<string, Range>();
  for (const value of values) {
    const range = ranges[value];
    if (range === undefined) throw new RangeError(`the value ${value} has no range`);
    const [min, max] = found.get(groups(value)) ?? [0, 0];
    found.set(groups(value), [Math.min(min, range[0]), Math.max(max, range[1])]);
  }
  const types: Record<string, NumberType> = { ...graph.types };
  for (const value of values) types[value] = { dtype: "int8", quantization: gridOf(found.get(groups(value)) as Range) };

  const params: Record<string, Param> = { ...graph.params };
  for (const node of graph.nodes) {
    if (node.op === "scale" && types[node.x]?.dtype === "int8" && types[node.id]?.dtype === "int8") {
      const [factor = 0] = param(node.factor);
      const grid = gridOf([Math.min(0, factor), Math.max(0, factor)]);
      params[node.factor] = { ...(params[node.factor] as Param), type: { dtype: "int8", quantization: grid } };
    }
    if ((node.op !== "conv" && node.op !== "depthwise") || floats.includes(node.id)) continue;
    const kernel = params[node.kernel] as Param;
    const { channels } = graph.shapes[node.id] as Shape;
    const axis = kernel.shape.lastIndexOf(channels);
    const scale = symmetricScales(param(node.kernel), channels);
    const type: NumberType = { dtype: "int8", quantization: centred(scale, axis) };
    params[node.kernel] = { ...kernel, type };
    if (node.bias === null) continue;
    const { dtype, quantization } = biasType(types[node.x] as NumberType, type);
    const exact = biases[sourceOf(graph, node.bias)];
    params[node.bias] = { ...(params[node.bias] as Param), type: { dtype, quantization: { ...quantization, exact } } };
  }
  return { ...graph, types, params };
}

/** The type of a bias: of the products of a value and a kernel. */
export function biasType(value: NumberType, kernel: NumberType): { dtype: "int32"; quantization: Quantization } {
  const step = value.quantization?.scale[0] as number;
  const scale = (kernel.quantization as Quantization).scale.map((channel) => channel * step);
  return { dtype: "int32", quantization: centred(scale, 0) };
}

function centred(scale: Float32Array, axis: number): Quantization {
  return { scale, zeroPoint: new Int32Array(scale.length), axis };
}

/** 256 steps from `min` to `max`, of which one is exactly 0. */
function gridOf([min, max]: Range): Quantization {
  const step = Math.fround((max - min) / 255) || 1;
  const zero = Math.max(-128, Math.min(127, Math.round(-128 - min / step)));
  return { scale: Float32Array.of(step), zeroPoint: Int32Array.of(zero), axis: 0 };
}

/** Values that have one grid, by the first of them. */
function shareGrids(graph: Graph, values: readonly string[]): (value: string) => string {
  const parents = new Map<string, string>();
  const top = (value: string): string => {
    const parent = parents.get(value);
    return parent === undefined || parent === value ? value : top(parent);
  };
  const typed = new Set(values);
  const join = (members: readonly string[]) => {
    const [first, ...others] = members.filter((value) => typed.has(value));
    for (const other of others) parents.set(top(other), top(first as string));
  };
  for (const node of graph.nodes) if (sharing.has(node.op)) join([node.id, ...inputsOf(node)]);
  for (const state of graph.states) if (state.kind === "buffer") join([...state.slots, ...state.newest]);
  return top;
}
