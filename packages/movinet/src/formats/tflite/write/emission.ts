import { type Graph, isVector, type Node, onlyReaders, requireFloats, type Shape } from "../../../graph/ir.ts";
import { resolveParams } from "../../../graph/params.ts";
import { type ConstantKind, type Storage, storeConstant } from "../../../graph/precision.ts";
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

  constructor(graph: Graph, weights: Weights, storage: Storage) {
    requireFloats(graph, "the TFLite emitter");
    this.graph = graph;
    this.param = resolveParams(graph, weights);
    this.#storage = storage;
    this.onlyReader = onlyReaders(graph);
  }

  shape(value: string): Shape {
    return this.graph.shapes[value] as Shape;
  }

  /** The tensor of a value of the graph. */
  value(name: string): number {
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
    const tensor = this.tensor(output.name, output.shape, output.type);
    this.operators.push({ op, version: this.#version(op, inputs, options), inputs, output: tensor, options });
    return tensor;
  }

  /** Weights, in the precision of the file. */
  weights(name: string, shape: readonly number[], data: Float32Array, kind: ConstantKind): number {
    return this.#once(name, () => {
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
    const weights = this.tensors[inputs[1] ?? -1];
    if (op === "CONV_2D") return weights?.type === "int8" ? 5 : 1;
    if (op === "DEPTHWISE_CONV_2D") return (options.dilationHeight ?? 1) > 1 ? 2 : 1;
    return op === "DEQUANTIZE" ? 3 : 1;
  }
}

function bytesOf(data: Float32Array | Int32Array | Int8Array | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
