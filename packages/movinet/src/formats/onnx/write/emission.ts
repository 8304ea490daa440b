import { integersOf } from "../../../graph/integers.ts";
import {
  type DepthwiseNode,
  type Graph,
  inputsOf,
  type JoinNode,
  type Node,
  onlyReaders,
  outputsOf,
  type Shape,
} from "../../../graph/ir.ts";
import { resolveParams } from "../../../graph/params.ts";
import type { NumberType, Precision, Quantization } from "../../../graph/precision.ts";
import { samePadding } from "../../../graph/shapes.ts";
import { allFloats, type ConstantKind, type Storage, storeConstant } from "../../../graph/storage.ts";
import { reversed, type Weights } from "../../../graph/tensor.ts";
import { elementType, type OnnxAttribute, type OnnxNode, type OnnxTensor } from "../proto.ts";

/** How constants are stored, by the precisions that we write. */
export const onnxStorage = {
  float32: allFloats,
  float16: { dtype: "float16", kinds: ["dense", "depthwise", "vector"], leastElements: 64 },
  // The types of its graph say what is an integer.
  int8: allFloats,
} as const satisfies Partial<Record<Precision, Storage>>;

/** Files have activations as uint8, one zero point higher than int8: processors multiply those by int8 weights fastest. */
const leastInt8 = -128;
/** Means of 9, 6, 4 or fewer integers lie on halves, or at least 0.05 from them. */
const awayFromHalves = 1e-4;
const integersName = (value: string) => `${value}/integers`;

/** The nodes and constants of an ONNX graph in the making. */
export class Emission {
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, OnnxTensor>();
  readonly graph: Graph;
  readonly param: (name: string) => Float32Array;
  readonly #storage: Storage;
  readonly #onlyReader: ReturnType<typeof onlyReaders>;

  constructor(graph: Graph, weights: Weights, storage: Storage = allFloats) {
    this.graph = graph;
    this.#storage = storage;
    this.#onlyReader = onlyReaders(graph);
    this.param = resolveParams(graph, weights);
  }

  shape(value: string): Shape {
    return this.graph.shapes[value] as Shape;
  }

  /** The numbers `[channels, taps, size, size]` of the taps over time that a depthwise convolution uses. */
  tap({ kernel, size, time: { tap, taps } }: DepthwiseNode, channels: number): Float32Array {
    const length = size * size * channels;
    return reversed(this.param(kernel).subarray(tap * length, (tap + taps) * length), [
      taps * size * size,
      1,
      channels,
    ]);
  }

  node(
    op: string,
    output: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute> = {},
    domain?: string,
  ): string {
    const type = this.graph.types?.[output];
    const made = type ? `${output}/real` : output;
    this.nodes.push({ op, ...(domain ? { domain } : {}), name: made, inputs, outputs: [made], attributes });
    return type ? this.rounded(output, made, type) : output;
  }

  /** A value as the nearest numbers of a grid. Runtimes compute with integers between such values. */
  rounded(output: string, real: string, type: NumberType): string {
    this.#push("QuantizeLinear", integersName(output), [real, ...this.#grid(type)]);
    return this.#isRead(output) ? this.#real(output, type) : output;
  }

  /** Frames of a buffer below each other, for a convolution over time: `[batch, channels, frames · height, width]`. */
  window({ id, xs }: JoinNode): string {
    const type = this.graph.types?.[id];
    if (type === undefined) return this.node("Concat", id, xs, { axis: 2 });
    this.#push("Concat", integersName(id), xs.map(integersName), { axis: 2 });
    return this.#real(id, type);
  }

  /**
   * The input of a convolution with a kernel. That of floats between rounded values ONNX Runtime makes int8 by itself, with one
   * scale for all channels, unless something else reads the rounded value: limits that change nothing.
   */
  operand(x: string, kernel: string): string {
    const type = this.graph.types?.[x];
    if (!type?.quantization || this.graph.params[kernel]?.type) return x;
    const limited = `${x}/floats`;
    if (this.nodes.some(({ name }) => name === limited)) return limited;
    const widest = 256 * (type.quantization.scale[0] as number);
    return this.node("Clip", limited, [x, this.scalar(-widest), this.scalar(widest)]);
  }

  /**
   * A mean of a value's numbers. That of integers, which LiteRT takes of int8 and rounds halves of away from 0, where other
   * kernels round them to even: everything is moved away from the grid's middle by a ten-thousandth, which moves nothing
   * but halves. Networks that differ in nothing else differ by several quanta at their end.
   */
  mean(id: string, x: string, apply: (output: string, x: string) => string): string {
    const type = this.graph.types?.[x];
    if (type === undefined || this.graph.types?.[id] === undefined) return apply(id, x);
    const { scale, zeroPoint } = type.quantization as Quantization;
    const step = scale[0] as number;
    const grid = [this.scalar(step * (1 + awayFromHalves)), this.#zeroPoint((zeroPoint[0] as number) - leastInt8)];
    const wider = this.#push("DequantizeLinear", `${id}/wider`, [integersName(x), ...grid]);
    const middle = this.scalar(step * (zeroPoint[0] as number) * awayFromHalves);
    return this.node("Add", id, [apply(`${id}/mean`, wider), middle]);
  }

  /** Whether a join is only the window of a convolution over time. */
  isWindow({ id }: JoinNode): boolean {
    const reader = this.#onlyReader(id);
    return reader?.op === "depthwise" && reader.time.taps > 1;
  }

  /** Whether a value is read as floats: windows are made of integers. */
  #isRead(value: string): boolean {
    const reads = (node: Node) => inputsOf(node).includes(value) && !(node.op === "join" && this.isWindow(node));
    return outputsOf(this.graph).includes(value) || this.graph.nodes.some(reads);
  }

  #real(value: string, type: NumberType): string {
    return this.#push("DequantizeLinear", value, [integersName(value), ...this.#grid(type)]);
  }

  #grid({ quantization }: NumberType): readonly string[] {
    const { scale, zeroPoint } = quantization as Quantization;
    return [this.scalar(scale[0] as number), this.#zeroPoint((zeroPoint[0] as number) - leastInt8)];
  }

  #push(op: string, output: string, inputs: readonly string[], attributes: Record<string, OnnxAttribute> = {}): string {
    this.nodes.push({ op, name: output, inputs, outputs: [output], attributes });
    return output;
  }

  #zeroPoint(value: number): string {
    const name = `zero_${value}`;
    this.initializers.set(name, { name, dims: [], data: Uint8Array.of(value) });
    return name;
  }

  /** A parameter of the graph as floats, or, if it has integers of a type, those and what they mean, by channel. */
  weights(name: string, param: string, dims: readonly number[], data: Float32Array, kind: ConstantKind): string {
    const type = this.graph.params[param]?.type;
    if (!type?.quantization) return this.floats(name, dims, data, kind);
    const [channels = 1] = dims;
    const [integers, scale] = [`${name}/${type.dtype}`, `${name}/scale`];
    if (this.initializers.has(integers)) return name;
    this.initializers.set(integers, { name: integers, dims, data: integersOf(data, type, data.length / channels) });
    this.initializers.set(scale, { name: scale, dims: [channels], data: type.quantization.scale });
    if (type.dtype !== "int8") return this.#push("DequantizeLinear", name, [integers, scale], { axis: 0 });
    // Its own: with one for all, ONNX Runtime cannot make weights unsigned (`session.x64quantprecision`).
    const zero = `${name}/zero`;
    this.initializers.set(zero, { name: zero, dims: [channels], data: new Int8Array(channels) });
    return this.#push("DequantizeLinear", name, [integers, scale, zero], { axis: 0 });
  }

  floats(name: string, dims: readonly number[], data: Float32Array, kind: ConstantKind = "vector"): string {
    const half = `${name}/half`;
    if (this.initializers.has(half)) return name;
    const stored = storeConstant(this.#storage, kind, data, dims[0] ?? 1).data;
    if (stored instanceof Uint16Array) {
      this.initializers.set(half, { name: half, dims, data: stored });
      return this.node("Cast", name, [half], { to: elementType.float });
    }
    this.initializers.set(name, { name, dims, data });
    return name;
  }

  scalar(value: number): string {
    return this.floats(`scalar_${value}`, [], Float32Array.of(value));
  }

  ints(values: readonly number[], dims: readonly number[] = [values.length]): string {
    const name = `${dims.length === 0 ? "int" : "ints"}_${values.join("_")}`;
    this.initializers.set(name, { name, dims, data: BigInt64Array.from(values, BigInt) });
    return name;
  }

  /** Applies an op to `x` seen as `[frames, batch · channels, height, width]`, where frames are an axis of their own. */
  overFrames(id: string, x: string, apply: (output: string, view: string) => string): void {
    const { frames, height, width } = this.shape(x);
    const view = this.node("Reshape", `${id}/frames`, [x, this.ints([frames, -1, height, width])]);
    const result = apply(`${id}/result`, view);
    const { channels } = this.shape(id);
    this.node("Reshape", id, [result, this.ints([-1, channels, height, width])]);
  }
}

/** Attributes of a SAME window. */
export function windowOf(
  shape: Shape,
  { size, stride }: { size: number; stride: number },
): Record<string, OnnxAttribute> {
  const vertical = samePadding(shape.height, size, stride);
  const horizontal = samePadding(shape.width, size, stride);
  return {
    kernel_shape: [size, size],
    strides: [stride, stride],
    pads: [vertical.begin, horizontal.begin, vertical.end, horizontal.end],
  };
}
