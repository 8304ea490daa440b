/** Hand-checkable vectors of spec §9, on the interpreter and on ONNX Runtime. */

import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { makeDivisible } from "../../src/arch/spec.ts";
import { emitOnnxGraph } from "../../src/formats/onnx/write/emit.ts";
import { activations, interpret } from "../../src/graph/interpret.ts";
import { type ActivationKind, type Graph, type Node, outputOf, type Param } from "../../src/graph/ir.ts";
import { lowerForInference } from "../../src/graph/passes.ts";
import { rebuild } from "../../src/graph/shapes.ts";

type Inputs = Readonly<
  Record<string, { readonly shape: readonly [number, number, number, number]; readonly data: number[] }>
>;

function graphOf(inputs: Inputs, node: Node, params: Record<string, { shape: number[]; data: number[] }> = {}) {
  const nodes: Node[] = Object.entries(inputs).map(([id, { shape }]) => {
    const [frames, channels, height, width] = shape;
    return { op: "input", id, role: "image", shape: { frames, channels, height, width } };
  });
  const declared: Record<string, Param> = Object.fromEntries(
    Object.entries(params).map(([name, { shape }]) => [name, { shape, role: "kernel", owner: "test" }]),
  );
  const empty: Graph = {
    name: "test",
    nodes: [],
    shapes: {},
    params: {},
    outputs: { y: node.id },
    states: [],
    endpoints: {},
    frames: 1,
  };
  const weights = new Map(
    Object.entries(params).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );
  return { graph: rebuild(empty, [...nodes, node], declared), weights };
}

const engines = {
  interpreter: async ({ graph, weights }: ReturnType<typeof graphOf>, inputs: Inputs) =>
    interpret(graph, weights, Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, v.data])))[
      outputOf(graph)
    ] as Float64Array,
  "ONNX Runtime": async ({ graph, weights }: ReturnType<typeof graphOf>, inputs: Inputs) => {
    const lowered = lowerForInference(graph);
    const session = await ort.InferenceSession.create(emitOnnxGraph(lowered, weights), { logSeverityLevel: 3 });
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([k, { shape, data }]) => [
        k,
        new ort.Tensor("float32", Float32Array.from(data), shape),
      ]),
    );
    return (await session.run(feeds))[outputOf(lowered)]?.data as Float32Array;
  },
};

const ones = (n: number) => Array.from({ length: n }, () => 1);
const ramp = (n: number) => Array.from({ length: n }, (_, i) => i);
const time = { taps: 1, tap: 0, before: 0, after: 0 };

describe.each(Object.entries(engines))("%s", (_, run) => {
  const check = async (inputs: Inputs, node: Node, expected: number[], params = {}) => {
    const got = await run(graphOf(inputs, node, params), inputs);
    expect(got.length).toBe(expected.length);
    for (const [i, value] of expected.entries()) expect(got[i]).toBeCloseTo(value, 5);
  };
  const depthwise = { op: "depthwise", id: "y", x: "x", kernel: "k", bias: null } as const;

  test.each([
    [4, [5, 6.5, 11, 12.5]],
    [5, [3, 4.5, 6, 10.5, 12, 13.5, 18, 19.5, 21]],
  ])("average pool of the %i×%i ramp divides by valid cells", async (n, expected) => {
    await check({ x: { shape: [1, 1, n, n], data: ramp(n * n) } }, { op: "averagePool", id: "y", x: "x" }, expected);
  });

  test.each([
    [4, 3, [9, 6, 6, 4]],
    [5, 3, [4, 6, 4, 6, 9, 6, 4, 6, 4]],
    [4, 5, [16, 12, 12, 9]],
  ])("stride 2 on %i×%i ones with a %i×%i kernel of ones", async (n, k, expected) => {
    const params = { k: { shape: [k, k, 1, 1], data: ones(k * k) } };
    const x = { x: { shape: [1, 1, n, n] as const, data: ones(n * n) } };
    await check(x, { ...depthwise, size: k, stride: 2, time }, expected, params);
    const conv = { op: "conv", id: "y", x: "x", kernel: "k", bias: null, size: k, stride: 2, filters: 1 } as const;
    await check(x, conv, expected, params);
  });

  test("a dense 3×3 convolution of ones on [1,2,2,2,3] gives 12 everywhere", async () => {
    const conv = { op: "conv", id: "y", x: "x", kernel: "k", bias: null, size: 3, stride: 1, filters: 3 } as const;
    const params = { k: { shape: [3, 3, 3, 3], data: ones(81) } };
    await check(
      { x: { shape: [2, 3, 2, 2], data: ones(24) } },
      conv,
      ones(24).map(() => 12),
      params,
    );
  });

  test("a causal temporal kernel of ones counts the frames it sees", async () => {
    const params = { k: { shape: [3, 1, 1, 1], data: ones(3) } };
    const node = { ...depthwise, size: 1, stride: 1, time: { taps: 3, tap: 0, before: 2, after: 0 } } as const;
    await check({ x: { shape: [4, 1, 1, 1], data: ones(4) } }, node, [1, 2, 3, 3], params);
  });

  test("a causal 3×3×3 depthwise kernel of ones with stride 2 on [1,2,4,4]", async () => {
    const params = { k: { shape: [3, 3, 3, 1, 1], data: ones(27) } };
    const node = { ...depthwise, size: 3, stride: 2, time: { taps: 3, tap: 0, before: 2, after: 0 } } as const;
    await check({ x: { shape: [2, 1, 4, 4], data: ones(32) } }, node, [9, 6, 6, 4, 18, 12, 12, 8], params);
  });

  test("cumulative sums go on from a state", async () => {
    const node = { op: "cumulativeSum", id: "y", x: "x", initial: "s" } as const;
    const inputs = {
      x: { shape: [4, 1, 1, 1] as const, data: [1, 2, 3, 4] },
      s: { shape: [1, 1, 1, 1] as const, data: [10] },
    };
    await check(inputs, node, [11, 13, 16, 20]);
  });

  test("positional encoding: sines, then cosines", async () => {
    const node = { op: "positionalEncoding", id: "y", x: "x", channels: 3 } as const;
    await check({ x: { shape: [4, 1, 1, 1], data: [0, 1, 2, 3] } }, node, [
      ...[0, 0, 1],
      ...[0.841471, 0.0021544, 0.5403023],
      ...[0.9092974, 0.0043088, -0.4161468],
      ...[0.14112, 0.0064633, -0.9899925],
    ]);
  });

  test.each([
    ["swish", 1, 0.7310586],
    ["swish", -1, -0.2689414],
    ["hard_swish", 1, 0.6666667],
    ["hard_swish", -1, -0.3333333],
    ["hard_sigmoid_a", 2.75, 1],
    ["hard_sigmoid_b", 2.75, 0.958353],
    ["hard_sigmoid_a", -2.75, 0],
    ["hard_sigmoid_b", -2.75, 0.041668],
    ["hard_sigmoid_b", 9, 1.00002],
    ["relu6", 7, 6],
  ] as const)("%s(%f) = %f", async (kind: ActivationKind, x, y) => {
    expect(activations[kind](x)).toBeCloseTo(y, 6);
    await check({ x: { shape: [1, 1, 1, 1], data: [x] } }, { op: "activation", id: "y", x: "x", kind }, [y]);
  });
});

test("makeDivisible gives the values of spec §2.4", () => {
  const widths = [24, 40, 80, 112, 184, 280, 344, 384];
  expect(widths.map((width) => makeDivisible(0.25 * width, 8))).toEqual([8, 16, 24, 32, 48, 72, 88, 96]);
  expect(widths.map((width) => makeDivisible(0.5 * width, 8))).toEqual([16, 24, 40, 56, 96, 144, 176, 192]);
});

test("shapes that do not fit name the node and the rule", () => {
  const inputs: Inputs = { a: { shape: [1, 2, 1, 1], data: [1, 2] }, b: { shape: [1, 3, 1, 1], data: [1, 2, 3] } };
  expect(() => graphOf(inputs, { op: "add", id: "sum", a: "a", b: "b" })).toThrow(
    "internal: add sum: channels differ: 2 and 3",
  );
});
