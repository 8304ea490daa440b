import { encodingFrequencies } from "../../../graph/encoding.ts";
import { onGrid } from "../../../graph/integers.ts";
import {
  type ActivationKind,
  type Graph,
  isVector,
  type Node,
  type NodeOf,
  normEpsilon,
  outputsOf,
  type PerOp,
  perOp,
  type Shape,
} from "../../../graph/ir.ts";
import { renameValues } from "../../../graph/passes.ts";
import type { NumberType } from "../../../graph/precision.ts";
import { samePadding } from "../../../graph/shapes.ts";
import type { Storage } from "../../../graph/storage.ts";
import { reversed, type Weights } from "../../../graph/tensor.ts";
import { type OnnxValue, writeOnnx } from "../proto.ts";
import { Emission, windowOf } from "./emission.ts";

/** An output that says by how much a sum became larger than an input. */
export interface Growth {
  readonly name: string;
  readonly sum: string;
  readonly before: string;
}

interface EmitOptions {
  /** Values that the model returns; default: the graph's outputs and what its states need. */
  readonly outputs?: readonly string[];
  readonly growths?: readonly Growth[];
  /** Return the graph's outputs too, under their names; those of one frame and one pixel as `[batch, channels]`. */
  readonly named?: boolean;
  /** Default: every constant as float32. */
  readonly storage?: Storage;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Emits a graph lowered for inference as an ONNX model: NCHW, rank 4 or less. Inputs and outputs are the graph's;
 * their first dimension is `frames · batch`, with a dynamic batch. A separate classifier treats its batch as the
 * pixels of one picture: a convolution then reads its weights once for all rows.
 */
export function emitOnnxGraph(
  graph: Graph,
  weights: Weights,
  { outputs = outputsOf(graph), growths = [], named = false, storage, metadata = {} }: EmitOptions = {},
): Uint8Array {
  const turned = isOfPixels(graph) ? valuesAtTheEdge(graph) : [];
  const rounded = graph.nodes.flatMap(({ op, id }) => (op === "input" && graph.types?.[id] ? [id] : []));
  const names = new Map(turned.map((name) => [name, `${name}/pixels`]));
  for (const name of rounded) names.set(name, `${name}/rounded`);
  const inner = renameValues(graph, names);
  const out = new Emission(inner, weights, storage);
  for (const name of rounded) out.rounded(`${name}/rounded`, name, graph.types?.[name] as NumberType);
  for (const node of inner.nodes) {
    const row = node.op === "input" && turned.find((name) => node.id === `${name}/pixels`);
    if (row) out.node("Transpose", node.id, [row], { perm: [2, 1, 3, 0] });
    else perOp<[Emission], unknown>(emitters, node, out);
  }
  for (const name of outputsOf(graph)) {
    if (turned.includes(name)) out.node("Transpose", name, [`${name}/pixels`], { perm: [3, 1, 0, 2] });
  }
  const value = (name: string): OnnxValue => {
    const { frames, channels, height, width } = graph.shapes[name] as Shape;
    return { name, dims: [frames === 1 ? "batch" : `batch_times_${frames}`, channels, height, width] };
  };
  const grown = growths.map(({ name, sum, before }) => ({ ...value(sum), name: out.node("Sub", name, [sum, before]) }));
  const results = [...new Set(outputs)].map(value);
  const said = Object.entries(named ? graph.outputs : {}).map(([name, from]): OnnxValue => {
    const shape = graph.shapes[from] as Shape;
    if (!isVector(shape)) return { ...value(from), name: out.node("Identity", name, [from]) };
    out.node("Flatten", name, [from], { axis: 1 });
    return { name, dims: ["batch", shape.channels] };
  });
  return writeOnnx(
    {
      name: graph.name,
      nodes: out.nodes,
      initializers: [...out.initializers.values()],
      inputs: graph.nodes.filter((node) => node.op === "input").map((node) => value(node.id)),
      outputs: [...said, ...results, ...grown],
    },
    metadata,
  );
}

/** Whether a graph uses only single pixels of one picture. */
function isOfPixels(graph: Graph): boolean {
  return graph.nodes.every(
    (node) =>
      pixelOps.has(node.op) &&
      (node.op !== "conv" || node.size === 1) &&
      (node.op !== "input" || (node.role === "image" && isVector(node.shape))),
  );
}

const pixelOps: ReadonlySet<Node["op"]> = new Set(["input", "conv", "activation", "norm", "add", "multiply", "scale"]);

/** The inputs and outputs. */
function valuesAtTheEdge(graph: Graph): readonly string[] {
  return [...graph.nodes.flatMap(({ op, id }) => (op === "input" ? [id] : [])), ...new Set(outputsOf(graph))];
}

const emitters = {
  input: () => {},
  conv(node, out) {
    const { channels } = out.shape(node.x);
    const { size, filters } = node;
    const kernel = reversed(out.param(node.kernel), [size * size, channels, filters]);
    const dims = [filters, channels, size, size];
    const inputs = [
      out.operand(node.x, node.kernel),
      out.weights(node.kernel, node.kernel, dims, kernel, "dense"),
      ...biasOf(out, node),
    ];
    out.node("Conv", node.id, inputs, windowOf(out.shape(node.x), node));
  },
  depthwise(node, out) {
    const { channels, height } = out.shape(node.x);
    const { size, time } = node;
    const overTime = time.taps > 1;
    if (overTime && (size > 1 || out.shape(node.id).frames > 1))
      throw new Error(`internal: ${node.id} was not lowered to 2-D`);
    const dims = [channels, 1, overTime ? time.taps : size, size];
    const kernel = out.weights(`${node.kernel}#${time.tap}`, node.kernel, dims, out.tap(node, channels), "depthwise");
    const window = overTime
      ? { kernel_shape: [time.taps, 1], dilations: [height, 1] }
      : windowOf(out.shape(node.x), node);
    out.node("Conv", node.id, [out.operand(node.x, node.kernel), kernel, ...biasOf(out, node)], {
      ...window,
      group: channels,
    });
  },
  norm(node, out) {
    const vectors = [node.gamma, node.beta, node.mean, node.variance].map((name) => {
      const data = out.param(name);
      return out.floats(name, [data.length], data);
    });
    out.node("BatchNormalization", node.id, [node.x, ...vectors], { epsilon: { float: normEpsilon } });
  },
  activation: (node, out) => activations[node.kind](out, node.id, node.x),
  averagePool(node, out) {
    const { height, width } = out.shape(node.x);
    const [size, stride] = [3, 2];
    const [vertical, horizontal] = [samePadding(height, size, stride), samePadding(width, size, stride)];
    // SAME padding only at the end is a window that extends beyond it: some runtimes pad pools only symmetrically.
    const overhangs = vertical.begin !== vertical.end || horizontal.begin !== horizontal.end;
    const window = {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads: [vertical.begin, horizontal.begin, vertical.begin, horizontal.begin],
      count_include_pad: 0,
      ...(overhangs && { ceil_mode: 1 }),
    };
    out.mean(node.id, node.x, (id, x) => out.node("AveragePool", id, [x], window));
  },
  spatialMean: (node, out) => out.node("GlobalAveragePool", node.id, [node.x]),
  frameMean: (node, out) =>
    out.overFrames(node.id, node.x, (id, view) => out.node("ReduceMean", id, [view], { axes: [0], keepdims: 1 })),
  cumulativeSum(node, out) {
    if (out.shape(node.x).frames === 1) {
      if (node.initial === null) out.node("Identity", node.id, [node.x]);
      else out.node("Add", node.id, [node.x, node.initial]);
      return;
    }
    out.overFrames(node.id, node.x, (id, view) => {
      // These are the defaults, but onnx2torch assumes others.
      const forwards = { exclusive: 0, reverse: 0 };
      const sums = out.node("CumSum", `${id}/sums`, [view, out.ints([0], [])], forwards);
      if (node.initial === null) return sums;
      const { height, width } = out.shape(node.x);
      const start = out.node("Reshape", `${id}/initial`, [node.initial, out.ints([1, -1, height, width])]);
      return out.node("Add", id, [sums, start]);
    });
  },
  slice: (node, out) =>
    out.overFrames(node.id, node.x, (id, view) =>
      out.node("Slice", id, [view, out.ints([node.start]), out.ints([node.start + node.count]), out.ints([0])]),
    ),
  join: (node, out) => (out.isWindow(node) ? out.window(node) : out.node("Concat", node.id, node.xs, { axis: 0 })),
  pad: (node, out) =>
    out.overFrames(node.id, node.x, (id, view) =>
      out.node("Pad", id, [view, out.ints([node.before, 0, 0, 0, node.after, 0, 0, 0])], { mode: "constant" }),
    ),
  // Not Expand or Tile: tract moves those incorrectly behind a convolution.
  repeat: (node, out) => out.node("Concat", node.id, Array<string>(node.count).fill(node.x), { axis: 0 }),
  concat: (node, out) => out.node("Concat", node.id, node.xs, { axis: 1 }),
  add: (node, out) => out.node("Add", node.id, [node.a, node.b]),
  multiply: (node, out) => out.node("Mul", node.id, [node.a, node.b]),
  scale(node, out) {
    const type = out.graph.params[node.factor]?.type;
    const value = out.param(node.factor);
    const factor = type?.quantization ? Float32Array.from(onGrid(value, type)) : value;
    out.node("Mul", node.id, [node.x, out.floats(factorName(node.factor), [1], factor)]);
  },
  positionalEncoding(node, out) {
    const [sines, cosines] = encodingFrequencies(node.channels);
    const part = (name: string, frequencies: Float64Array, op: string) => {
      const data = Float32Array.from(frequencies);
      const constant = out.floats(`frequencies_of_${op}_${node.channels}`, [1, data.length, 1, 1], data);
      return out.node(op, `${node.id}/${name}`, [out.node("Mul", `${node.id}/${name}/angle`, [node.x, constant])]);
    };
    out.node("Concat", node.id, [part("sines", sines, "Sin"), part("cosines", cosines, "Cos")], { axis: 1 });
  },
} satisfies PerOp<[Emission], unknown>;

/** The value that is multiplied by a factor may have its name. */
export const factorName = (param: string) => `${param}/factor`;

function biasOf(out: Emission, { id, bias }: NodeOf<"conv" | "depthwise">): readonly string[] {
  if (bias === null) return [];
  return [out.weights(bias, bias, [out.shape(id).channels], out.param(bias), "vector")];
}

const activations: Readonly<Record<ActivationKind, (out: Emission, id: string, x: string) => string>> = {
  swish: (out, id, x) => out.node("Mul", id, [x, out.node("Sigmoid", `${id}/sigmoid`, [x])]),
  hard_swish: (out, id, x) => out.node("HardSwish", id, [x]),
  relu6: (out, id, x) => out.node("Clip", id, [x, out.scalar(0), out.scalar(6)]),
  sigmoid: (out, id, x) => out.node("Sigmoid", id, [x]),
  hard_sigmoid_a: (out, id, x) => out.node("HardSigmoid", id, [x], { alpha: { float: 0.2 }, beta: { float: 0.5 } }),
  hard_sigmoid_b(out, id, x) {
    const shifted = out.node("Add", `${id}/shifted`, [x, out.scalar(3)]);
    const clipped = out.node("Clip", `${id}/clipped`, [shifted, out.scalar(0), out.scalar(6)]);
    return out.node("Mul", id, [clipped, out.scalar(0.16667)]);
  },
};
