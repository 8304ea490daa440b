import { integersOf } from "../../../graph/integers.ts";
import { type Graph, isVector, type Node, onlyReaders, type Shape } from "../../../graph/ir.ts";
import { resolveParams } from "../../../graph/params.ts";
import type { NumberType } from "../../../graph/precision.ts";
import { computesIntegers, writtenBy } from "../../../graph/quantize.ts";
import { type ConstantKind, type Storage, storeConstant } from "../../../graph/storage.ts";
import type { Weights } from "../../../graph/tensor.ts";
import { fusedActivations, type OperatorOptions } from "../read/schema.ts";
import type { WrittenOperator, WrittenTensor } from "./write.ts";

/** Codes of the activations that operators can fuse. */
export const fused = {
  none: 0,
  relu: codeOf("RELU"),
  relu6: codeOf("RELU6"),
} as const;

function codeOf(name: string): number {
  return Number(Object.entries(fusedActivations).find(([, op]) => op === name)?.[0]);
}

/** The tensors and operators of a TFLite graph under construction. Maps are `[frames, height, width, channels]`. */
export class Emission {
  readonly graph: Graph;
  readonly tensors: WrittenTensor[] = [];
  readonly operators: WrittenOperator[] = [];
  /** The only reader of a value that does not leave the graph. */
  readonly onlyReader: (value: string) => Node | undefined;
  readonly param: (name: string) => Float32Array;
  readonly #storage: Storage;
  readonly #values = new Map<string, number>();
  readonly #shared = new Map<string, number>();
  readonly #written: (node: Node) => string;
  /** The type of what integer kernels compute now; null: floats are computed. */
  #integers: NumberType | null = null;

  constructor(graph: Graph, weights: Weights, storage: Storage) {
    this.graph = graph;
    this.param = resolveParams(graph, weights);
    this.#storage = storage;
    this.onlyReader = onlyReaders(graph);
    this.#written = writtenBy(graph);
  }

  /** Emits a node in the arithmetic that its types ask for, and stores its value as its own type asks. */
  node(node: Node, emit: () => void): void {
    const value = this.#written(node);
    const type = this.graph.types?.[value] ?? null;
    this.#integers = computesIntegers(this.graph, node, value) ? type : null;
    emit();
    this.#integers = null;
    const tensor = this.#values.get(value);
    if (type !== null && tensor !== undefined) this.bind(value, this.stored(tensor, value));
  }

  /** A tensor in the type of a value of the graph. */
  stored(tensor: number, value: string): number {
    const type = this.graph.types?.[value];
    const { name, shape, type: dtype } = this.tensors[tensor] as WrittenTensor;
    if (type === undefined || dtype === type.dtype) return tensor;
    return this.#once(`${name} as ${type.dtype}`, () => this.#convert("QUANTIZE", tensor, shape, type));
  }

  /** A tensor as floats. */
  real(tensor: number): number {
    const { name, shape, type } = this.tensors[tensor] as WrittenTensor;
    if (type !== "int8") return tensor;
    return this.#once(`${name} as floats`, () => this.#convert("DEQUANTIZE", tensor, shape, floats));
  }

  #convert(op: string, tensor: number, shape: readonly number[], { dtype, quantization }: NumberType): number {
    const name = `${this.tensors[tensor]?.name}/${dtype}`;
    const output = this.#add({ name, shape, type: dtype, data: null, quantization });
    this.operators.push({ op, version: op === "QUANTIZE" ? 1 : 2, inputs: [tensor], output, options: {} });
    return output;
  }

  shape(value: string): Shape {
    return this.graph.shapes[value] as Shape;
  }

  /** The tensor of a value of the graph, in the arithmetic of the node that is emitted; outside of nodes as floats. */
  value(name: string): number {
    return this.operand(this.held(name));
  }

  /** A tensor in the arithmetic of the node that is emitted; outside of nodes as floats. */
  operand(tensor: number): number {
    return this.#integers === null ? this.real(tensor) : tensor;
  }

  /** The tensor of a value of the graph in its own type. */
  held(name: string): number {
    const tensor = this.#values.get(name);
    if (tensor === undefined) throw new Error(`internal: ${name} has no tensor`);
    return tensor;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Assigns a tensor to a value of the graph. */
  bind(name: string, tensor: number): void {
    this.#values.set(name, tensor);
  }

  tensor(name: string, shape: readonly number[], type: WrittenTensor["type"] = "float32"): number {
    return this.#add({ name, shape, type, data: null, quantization: null });
  }

  shapeOf(tensor: number): readonly number[] {
    return (this.tensors[tensor] as WrittenTensor).shape;
  }

  /** Adds an operator and returns its output tensor. */
  op(
    op: string,
    inputs: readonly number[],
    output: { readonly name: string; readonly shape: readonly number[]; readonly type?: WrittenTensor["type"] },
    options: Partial<OperatorOptions> = {},
  ): number {
    const first = this.tensors[inputs[0] ?? -1];
    const type: NumberType =
      copying.has(op) && first?.type === "int8" ? { ...first, dtype: "int8" } : (this.#integers ?? floats);
    const { dtype, quantization } = output.type === undefined ? type : { dtype: output.type, quantization: null };
    const tensor = this.#add({ name: output.name, shape: output.shape, type: dtype, data: null, quantization });
    this.operators.push({ op, version: this.#version(op, inputs, options), inputs, output: tensor, options });
    return tensor;
  }

  /** Weights, in the precision of the file, or as integers of a `type`, whose axis is then the first or the last one. */
  weights(
    name: string,
    shape: readonly number[],
    data: Float32Array,
    kind: ConstantKind,
    type?: NumberType | undefined,
  ): number {
    return this.#once(name, () => {
      if (type?.quantization) {
        const axis = kind === "depthwise" ? shape.length - 1 : 0;
        const inner = kind === "dense" ? data.length / (shape[0] ?? 1) : 1;
        const quantization = { ...type.quantization, axis };
        const integers = integersOf(data, type, inner);
        return this.#add({ name, shape, type: type.dtype, data: bytesOf(integers), quantization });
      }
      const { dtype, data: stored, quantization } = storeConstant(this.#storage, kind, data, shape[0] ?? 1);
      const tensor = this.#add({ name, shape, type: dtype, data: bytesOf(stored), quantization });
      if (dtype !== "float16") return tensor;
      return this.op("DEQUANTIZE", [tensor], { name: `${name}/float32`, shape });
    });
  }

  /** Untrained constants, such as those of a gate or a clock, which stay float32 whatever the precision. */
  floats(name: string, shape: readonly number[], data: Float32Array): number {
    return this.#once(name, () => this.#add({ name, shape, type: "float32", data: bytesOf(data), quantization: null }));
  }

  scalar(value: number): number {
    return this.floats(`number ${value}`, [1], Float32Array.of(value));
  }

  ints(values: readonly number[], shape: readonly number[] = [values.length]): number {
    const name = `integers ${values.join(",")} [${shape}]`;
    const data = () => bytesOf(Int32Array.from(values));
    return this.#once(name, () => this.#add({ name, shape, type: "int32", data: data(), quantization: null }));
  }

  reshape(tensor: number, name: string, shape: readonly number[]): number {
    return this.op("RESHAPE", [tensor, this.ints(shape)], { name, shape });
  }

  /** An output of the network: a vector as `[1, channels]`, a map unchanged. */
  result(value: string, name: string): number {
    const shape = this.shape(value);
    const { frames, height, width, channels } = shape;
    return this.reshape(this.value(value), name, isVector(shape) ? [1, channels] : [frames, height, width, channels]);
  }

  #add(tensor: WrittenTensor): number {
    this.tensors.push(tensor);
    return this.tensors.length - 1;
  }

  #once(name: string, make: () => number): number {
    const tensor = this.#shared.get(name) ?? make();
    this.#shared.set(name, tensor);
    return tensor;
  }

  /** Operator versions from tensorflow/compiler/mlir/lite/tools/versioning/op_version.cc, for what is emitted here. */
  #version(op: string, inputs: readonly number[], options: Partial<OperatorOptions>): number {
    const [first, weights] = [this.tensors[inputs[0] ?? -1], this.tensors[inputs[1] ?? -1]];
    if (first?.type === "int8") return integerVersions[op] ?? 2;
    if (op === "CONV_2D") return weights?.type === "int8" ? 5 : 1;
    if (op === "DEPTHWISE_CONV_2D") return (options.dilationHeight ?? 1) > 1 ? 2 : 1;
    return op === "DEQUANTIZE" ? 3 : 1;
  }
}

const floats: NumberType = { dtype: "float32", quantization: null };
/** The operators whose output has the numbers of their first input. */
const copying: ReadonlySet<string> = new Set(["RESHAPE", "CONCATENATION", "SLICE", "PAD", "TILE", "AVERAGE_POOL_2D"]);
/** Of operators on int8; the others have 2. */
const integerVersions: Readonly<Record<string, number>> = {
  CONV_2D: 3,
  DEPTHWISE_CONV_2D: 3,
  RESHAPE: 1,
  HARD_SWISH: 1,
};

function bytesOf(data: Float32Array | Int32Array | Int8Array | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
