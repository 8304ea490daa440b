/** Law: every op of an integer graph is within one quantum of XNNPACK's integer kernels, as LiteRT.js runs them. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../../src/engines/engine.ts";
import { channelsFirst, channelsLast } from "../../../src/engines/layout.ts";
import { litertEngine } from "../../../src/engines/litert/litert.node.ts";
import { readModel } from "../../../src/formats/tflite/read/schema.ts";
import { emitGraph } from "../../../src/formats/tflite/write/emit.ts";
import { interpret } from "../../../src/graph/interpret.ts";
import type { Graph, Node, Param, Shape } from "../../../src/graph/ir.ts";
import { quantizedValues, quantizeGraph } from "../../../src/graph/quantize.ts";
import { elementsOf, rebuild } from "../../../src/graph/shapes.ts";
import type { Weights } from "../../../src/graph/tensor.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await litertEngine();
});

const seeds = [1, 2, 3, 4, 5];
const image: Shape = { frames: 1, channels: 8, height: 9, width: 11 };
const vector: Shape = { frames: 1, channels: 8, height: 1, width: 1 };
const time = { taps: 1, tap: 0, before: 0, after: 0 };

/** Nodes from the inputs (default: `x`, an image) to `y`. */
interface Case {
  readonly nodes: readonly Node[];
  readonly inputs?: Readonly<Record<string, Shape>>;
  readonly params?: Readonly<Record<string, readonly number[]>>;
  /** Operators of the file that compute on int8. */
  readonly operators: readonly string[];
}

const pointwise = (id: string, x: string): Node => {
  return { op: "conv", id, x, kernel: "k", bias: "b", size: 1, stride: 1, filters: 6 };
};
const relu6 = (id: string, x: string): Node => ({ op: "activation", id, x, kind: "relu6" });
const depthwise = (size: number, stride: 1 | 2): Node => {
  return { op: "depthwise", id: "y", x: "x", kernel: "d", bias: "e", size, stride, time };
};

const cases: Readonly<Record<string, Case>> = {
  "pointwise convolution": { nodes: [pointwise("y", "x")], operators: ["CONV_2D"] },
  "pointwise convolution and ReLU6": { nodes: [pointwise("c", "x"), relu6("y", "c")], operators: ["CONV_2D"] },
  "3 × 3 convolution with stride 2": {
    nodes: [{ op: "conv", id: "y", x: "x", kernel: "s", bias: "b", size: 3, stride: 2, filters: 6 }],
    params: { s: [3, 3, 8, 6] },
    operators: ["CONV_2D"],
  },
  "dense layer": { nodes: [pointwise("y", "v")], inputs: { v: vector }, operators: ["CONV_2D"] },
  "5 × 5 depthwise": { nodes: [depthwise(5, 1)], params: { d: [5, 5, 8, 1] }, operators: ["DEPTHWISE_CONV_2D"] },
  "3 × 3 depthwise with stride 2": {
    nodes: [depthwise(3, 2)],
    params: { d: [3, 3, 8, 1] },
    operators: ["DEPTHWISE_CONV_2D"],
  },
  "depthwise over time": {
    nodes: [
      {
        op: "depthwise",
        id: "y",
        x: "x",
        kernel: "d",
        bias: "e",
        size: 1,
        stride: 1,
        time: { taps: 3, tap: 0, before: 2, after: 0 },
      },
    ],
    inputs: { x: { ...image, frames: 4 } },
    params: { d: [3, 1, 8, 1] },
    operators: ["RESHAPE", "PAD", "DEPTHWISE_CONV_2D", "RESHAPE"],
  },
  sum: { nodes: [{ op: "add", id: "y", a: "x", b: "z" }], inputs: { x: image, z: image }, operators: ["ADD"] },
  "sum and ReLU6": {
    nodes: [{ op: "add", id: "s", a: "x", b: "z" }, relu6("y", "s")],
    inputs: { x: image, z: image },
    operators: ["ADD"],
  },
  "product with a vector": {
    nodes: [{ op: "multiply", id: "y", a: "x", b: "z" }],
    inputs: { x: image, z: vector },
    operators: ["MUL"],
  },
  "average pool": { nodes: [{ op: "averagePool", id: "y", x: "x" }], operators: ["AVERAGE_POOL_2D"] },
  "spatial mean": { nodes: [{ op: "spatialMean", id: "y", x: "x" }], operators: ["MEAN"] },
  "hard swish": { nodes: [{ op: "activation", id: "y", x: "x", kind: "hard_swish" }], operators: ["HARD_SWISH"] },
  "concatenation of channels": {
    nodes: [{ op: "concat", id: "y", xs: ["x", "z"] }],
    inputs: { x: image, z: image },
    operators: ["CONCATENATION"],
  },
};

describe.each(Object.entries(cases))("%s", (name, { nodes, inputs = {}, params = {}, operators }) => {
  test.each(seeds)("seed %i", async (seed) => {
    const random = randomNumbers(seed);
    const all = Object.keys(inputs).length > 0 ? inputs : { x: image };
    const graph = graphOf(nodes, all, params);
    const weights: Weights = new Map(
      Object.entries(graph.params).map(([param, { shape }]) => [
        param,
        { shape, data: random(elementsOf(shape), 0.4) },
      ]),
    );
    const fed = Object.fromEntries(Object.entries(all).map(([id, shape]) => [id, random(sizeOf(shape), 3)]));
    const real = interpret(graph, weights, fed);
    const ranges = Object.fromEntries(
      quantizedValues(graph).map((value) => {
        const values = real[value] as Float64Array;
        return [value, [Math.min(...values), Math.max(...values)] as const];
      }),
    );
    const quantized = quantizeGraph(graph, weights, { ranges, floats: [] });
    const values = interpret(quantized, weights, fed);

    const file = emitGraph(quantized, weights);
    const { tensors, operators: written } = readModel(file, name);
    const integers = written.filter(
      ({ op, outputs }) => op !== "QUANTIZE" && tensors[outputs[0] ?? -1]?.type === "int8",
    );
    expect(integers.map(({ op }) => op)).toEqual(operators);
    // One scale for each channel of a kernel.
    for (const {
      op,
      inputs: [, kernel = -1],
    } of written.filter(({ op }) => /CONV/.test(op))) {
      const { shape, quantization } = tensors[kernel] as (typeof tensors)[number];
      expect(quantization?.scale.length).toBe(op === "CONV_2D" ? shape[0] : shape.at(-1));
    }
    const executable = await engine.load({ file, subject: name });
    const tensorsOf = executable.inputs.map(({ name: input }) =>
      executable.upload(input, interleaved(fed[input] as Float32Array, all[input] as Shape)),
    );
    const [result] = await executable.run(tensorsOf);
    const shape = graph.shapes["y"] as Shape;
    const said = planar((await result?.read()) as Float32Array, shape);
    await executable.dispose();

    const quantum = quantized.types?.["y"]?.quantization?.scale[0] as number;
    const expected = values["y"] as Float64Array;
    expect(said.length).toBe(expected.length);
    const steps = expected.map((value, i) => Math.round(Math.abs(value - (said[i] as number)) / quantum));
    expect(Math.max(...steps)).toBeLessThanOrEqual(1);
    // Not far from floats either: half a quantum of each input and of the weights.
    const worst = Math.max(...expected.map((value, i) => Math.abs(value - (real["y"]?.[i] as number))));
    expect(worst).toBeLessThan(6 * quantum);
  });
});

function graphOf(nodes: readonly Node[], inputs: Readonly<Record<string, Shape>>, params: Case["params"] = {}): Graph {
  const shapes = { k: [1, 1, 8, 6], b: [6], e: [8], ...params };
  const isRead = (param: string) => nodes.some((node) => Object.values(node).includes(param));
  const declared = Object.entries(shapes)
    .filter(([param]) => isRead(param))
    .map(([param, shape]): [string, Param] => [param, { shape, role: "kernel", owner: "test" }]);
  const pictures = Object.entries(inputs).map(([id, shape]): Node => ({ op: "input", id, role: "image", shape }));
  const frames = Object.values(inputs)[0]?.frames ?? 1;
  const empty: Graph = {
    name: "test",
    nodes: [],
    shapes: {},
    params: {},
    outputs: { y: "y" },
    states: [],
    endpoints: {},
    frames,
  };
  return rebuild(empty, [...pictures, ...nodes], Object.fromEntries(declared));
}

function randomNumbers(seed: number): (count: number, bound: number) => Float32Array {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return (count, bound) => Float32Array.from({ length: count }, () => bound * next());
}

const sizeOf = ({ frames, channels, height, width }: Shape) => frames * channels * height * width;

function rowsOf(data: Float32Array, { frames }: Shape): Float32Array[] {
  const size = data.length / frames;
  return Array.from({ length: frames }, (_, t) => data.subarray(t * size, (t + 1) * size));
}

const interleaved = (data: Float32Array, shape: Shape) =>
  channelsLast(rowsOf(data, shape), shape, new Float32Array(data.length));

function planar(data: Float32Array, shape: Shape): Float32Array {
  return Float32Array.from(
    rowsOf(data, shape).flatMap((row) => channelsFirst(row, shape).flatMap((plane) => [...plane])),
  );
}
