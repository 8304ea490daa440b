import { type DepthwiseNode, type Graph, requireFloats, type Shape } from "../../../graph/ir.ts";
import { resolveParams } from "../../../graph/params.ts";
import type { Precision } from "../../../graph/precision.ts";
import { samePadding } from "../../../graph/shapes.ts";
import { allFloats, type ConstantKind, type Storage, storeConstant } from "../../../graph/storage.ts";
import { reversed, type Weights } from "../../../graph/tensor.ts";
import { elementType, type OnnxAttribute, type OnnxNode, type OnnxTensor } from "../proto.ts";

/** How constants are stored, by the precisions that we write; everything is computed in float32. */
export const onnxStorage = {
  float32: allFloats,
  float16: { dtype: "float16", kinds: ["dense", "depthwise", "vector"], leastElements: 64 },
} as const satisfies Partial<Record<Precision, Storage>>;

/** The nodes and constants of an ONNX graph in the making. */
export class Emission {
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, OnnxTensor>();
  readonly graph: Graph;
  readonly param: (name: string) => Float32Array;
  readonly #storage: Storage;

  constructor(graph: Graph, weights: Weights, storage: Storage = allFloats) {
    requireFloats(graph, "the ONNX emitter");
    this.graph = graph;
    this.#storage = storage;
    this.param = resolveParams(graph, weights);
  }

  shape(value: string): Shape {
    return this.graph.shapes[value] as Shape;
  }

  /** The planes `[channels, size, size]` of the one tap over time that a depthwise convolution uses. */
  tap({ kernel, size, time: { tap } }: DepthwiseNode, channels: number): Float32Array {
    const length = size * size * channels;
    return reversed(this.param(kernel).subarray(tap * length, (tap + 1) * length), [size * size, 1, channels]);
  }

  node(
    op: string,
    output: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute> = {},
    domain?: string,
  ): string {
    this.nodes.push({ op, ...(domain ? { domain } : {}), name: output, inputs, outputs: [output], attributes });
    return output;
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
