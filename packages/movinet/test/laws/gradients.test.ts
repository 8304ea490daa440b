/** Law 6: every gradient rule agrees with finite differences. */
import { describe, expect, it } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { randomWeights } from "../../src/arch/random-weights.ts";
import { type Spec, type SpecName, specOf } from "../../src/arch/spec.ts";
import { randomOf } from "../../src/common/random.ts";
import { buildTraining, type TrainingGraph, type TrainingOptions } from "../../src/graph/gradient.ts";
import { type ActivationKind, type Graph, type Node, outputOf, type Param, type Shape } from "../../src/graph/ir.ts";
import { rebuild } from "../../src/graph/shapes.ts";
import type { Weights } from "../../src/graph/tensor.ts";
import { interpretTraining } from "../graph/interpret-gradient.ts";

const batch = 2;

/** Weights of which nothing is zero or one by convention. */
function unevenWeights(graph: Graph, seed: number): Weights {
  const random = randomOf("weights", seed);
  return new Map(
    [...randomWeights(graph, seed)].map(([name, { shape, data }]) => {
      const uneven = name.endsWith("kernel") ? data.map((v) => 2 * v) : data.map(() => 0.5 + random.next());
      return [
        name,
        { shape, data: name.endsWith("bias") || name.endsWith("beta") ? uneven.map((v) => v - 1) : uneven },
      ];
    }),
  );
}

function inputsOf(training: TrainingGraph): Record<string, Float64Array> {
  const random = randomOf("inputs");
  const fill = ({ frames, channels, height, width }: Shape, f: (i: number) => number) =>
    Float64Array.from({ length: frames * batch * channels * height * width }, (_, i) => f(i));
  const inputs: Record<string, Float64Array> = {
    [training.seed]: fill(training.shapes[training.seed] as Shape, () => random.normal()),
  };
  for (const node of training.forward.nodes) {
    if (node.op !== "input") continue;
    const frameOf = (i: number) => Math.floor(i / batch);
    if (node.role === "inverseCount") inputs[node.id] = fill(node.shape, (i) => 1 / (frameOf(i) + 1));
    else if (node.role === "position") inputs[node.id] = fill(node.shape, frameOf);
    else inputs[node.id] = fill(node.shape, () => random.next());
  }
  return inputs;
}

/**
 * The greatest relative error of the gradient along random directions: for each parameter by itself, so that no rule hides
 * behind another. The loss is the product of the logits with the seed.
 */
function worstError(graph: Graph, options: TrainingOptions = {}): number {
  const training = buildTraining(graph, options);
  const weights = unevenWeights(graph, 3);
  const inputs = inputsOf(training);
  const forward = { ...training, nodes: training.nodes.slice(0, graph.nodes.length) };
  const loss = (params: Weights) => {
    const values = interpretTraining(forward, params, inputs, batch);
    const seed = inputs[training.seed] as Float64Array;
    return (values[outputOf(graph)] as Float64Array).reduce((sum, v, i) => sum + v * (seed[i] as number), 0);
  };
  const values = interpretTraining(training, weights, inputs, batch);
  const noise = 1e-10 * (values[outputOf(graph)] as Float64Array).length; // a gradient may be zero: a norm takes every shift away
  let error = 0;
  for (const [name, id] of Object.entries(training.gradients)) {
    const tensor = weights.get(name) as { shape: readonly number[]; data: Float32Array };
    const gradient = values[id] as Float64Array;
    expect(gradient.length, name).toBe(tensor.data.length);
    const random = randomOf(name);
    const direction = tensor.data.map(() => 1e-5 * random.normal());
    const shifted = (sign: number) => tensor.data.map((v, i) => v + sign * (direction[i] as number));
    const [plus, minus] = [shifted(1), shifted(-1)];
    const moved = (data: Float32Array) => loss(new Map(weights).set(name, { ...tensor, data }));
    const expected = moved(plus) - moved(minus);
    const got = gradient.reduce((sum, g, i) => sum + g * ((plus[i] as number) - (minus[i] as number)), 0);
    const scale = Math.abs(expected) + 0.1 * Math.hypot(...gradient) * Math.hypot(...direction) + noise;
    error = Math.max(error, Math.abs(got - expected) / scale);
  }
  return error;
}

const roles = { k: "kernel", b: "bias", g: "gamma", m: "mean", v: "variance", f: "factor" } as const;

/** A small network around one op: a convolution that learns before it, so that the op must send its gradient back. */
function around(
  shape: Partial<Shape>,
  nodes: readonly Node[],
  params: Partial<Record<keyof typeof roles, number[]>> = {},
): Graph {
  const image = { frames: 3, channels: 4, height: 5, width: 6, ...shape };
  const conv: Node = {
    op: "conv",
    id: "x",
    x: "image",
    kernel: "x.kernel",
    bias: "x.bias",
    size: 1,
    stride: 1,
    filters: 4,
  };
  const own = Object.entries(params).map(([name, size]): [string, Param] => [
    name,
    { shape: size, role: roles[name as keyof typeof roles], owner: "y" },
  ]);
  const all: Record<string, Param> = {
    "x.kernel": { shape: [1, 1, image.channels, 4], role: "kernel", owner: "x" },
    "x.bias": { shape: [4], role: "bias", owner: "x" },
    ...Object.fromEntries(own),
  };
  const graph = {
    name: "op",
    nodes: [],
    shapes: {},
    params: all,
    outputs: { y: nodes.at(-1)?.id ?? "x" },
    states: [],
    endpoints: {},
    frames: image.frames,
  };
  return rebuild(graph, [{ op: "input", id: "image", role: "image", shape: image }, conv, ...nodes], all);
}

const y = { id: "y", x: "x" } as const;
const time = { taps: 1, tap: 0, before: 0, after: 0 };
const cases: Readonly<Record<string, Graph>> = {
  "conv 1×1": around({}, [{ op: "conv", ...y, kernel: "k", bias: "b", size: 1, stride: 1, filters: 5 }], {
    k: [1, 1, 4, 5],
    b: [5],
  }),
  "conv 3×3 /2": around({}, [{ op: "conv", ...y, kernel: "k", bias: "b", size: 3, stride: 2, filters: 5 }], {
    k: [3, 3, 4, 5],
    b: [5],
  }),
  "depthwise 3×3": around({}, [{ op: "depthwise", ...y, kernel: "k", bias: "b", size: 3, stride: 1, time }], {
    k: [3, 3, 4, 1],
    b: [4],
  }),
  "depthwise 5×5 /2": around({}, [{ op: "depthwise", ...y, kernel: "k", bias: null, size: 5, stride: 2, time }], {
    k: [5, 5, 4, 1],
  }),
  "depthwise 3×3×3 /2, SAME in time": around(
    {},
    [
      {
        op: "depthwise",
        ...y,
        kernel: "k",
        bias: null,
        size: 3,
        stride: 2,
        time: { ...time, taps: 3, before: 1, after: 1 },
      },
    ],
    { k: [3, 3, 3, 1, 4] },
  ),
  "depthwise 3×1×1, causal": around(
    {},
    [{ op: "depthwise", ...y, kernel: "k", bias: null, size: 1, stride: 1, time: { ...time, taps: 3, before: 2 } }],
    { k: [3, 1, 4, 1] },
  ),
  norm: around({}, [{ op: "norm", ...y, gamma: "g", beta: "b", mean: "m", variance: "v" }], {
    g: [4],
    b: [4],
    m: [4],
    v: [4],
  }),
  "average pool": around({ height: 6, width: 7 }, [{ op: "averagePool", ...y }]),
  "spatial mean": around({}, [{ op: "spatialMean", ...y }]),
  "frame mean": around({}, [{ op: "frameMean", ...y }]),
  "cumulative sum": around({}, [{ op: "cumulativeSum", ...y, initial: null }]),
  slice: around({}, [{ op: "slice", ...y, start: 1, count: 1 }]),
  "join, pad": around({}, [
    { op: "pad", id: "p", x: "x", before: 1, after: 2 },
    { op: "join", id: "y", xs: ["x", "p"] },
  ]),
  repeat: around({ frames: 1 }, [{ op: "repeat", ...y, count: 3 }]),
  concat: around({}, [
    { op: "spatialMean", id: "s", x: "x" },
    { op: "concat", id: "y", xs: ["s", "s"] },
  ]),
  add: around({}, [
    { op: "activation", id: "a", x: "x", kind: "swish" },
    { op: "add", id: "y", a: "a", b: "x" },
  ]),
  "multiply by a gate": around({}, [
    { op: "spatialMean", id: "s", x: "x" },
    { op: "multiply", id: "y", a: "x", b: "s" },
  ]),
  "multiply by itself": around({}, [{ op: "multiply", id: "y", a: "x", b: "x" }]),
  scale: around({}, [{ op: "scale", ...y, factor: "f" }], { f: [] }),
};

describe("each rule against finite differences", () => {
  it.each(Object.entries(cases))("%s", (_, graph) => {
    expect(worstError(graph)).toBeLessThan(1e-5);
  });
  it.each<ActivationKind>(["swish", "hard_swish", "relu6", "sigmoid", "hard_sigmoid_a", "hard_sigmoid_b"])(
    "%s",
    (kind) => {
      expect(worstError(around({ frames: 1 }, [{ op: "activation", ...y, kind }]))).toBeLessThan(1e-3);
    },
  );
  it("norm with batch statistics", () => {
    expect(worstError(cases["norm"] as Graph, { statistics: "batch" })).toBeLessThan(1e-5);
  });
});

/** A network of a few channels with every kind of layer. */
function tinyGraph(name: SpecName, frames = 3): Graph {
  const expand = 8;
  const small = { time: 3, space: 3 } as const;
  const blocks = [
    { filters: 4, stride: 2, layers: [{ expand, kernel: { time: 1, space: 5 } }] },
    {
      filters: 4,
      stride: 1,
      layers: [
        { expand, kernel: small },
        { expand, kernel: { time: 5, space: 3 } },
      ],
    },
    { filters: 6, stride: 1, layers: [{ expand, kernel: small }] },
  ] as const satisfies Spec["blocks"];
  const sizes = { classes: 3, head: 8, hidden: 8, stem: 4, resolution: { height: 16, width: 16 } };
  return buildGraph({ ...specOf(name), ...sizes, blocks }, { form: "clip", frames });
}

describe("whole networks against finite differences", () => {
  it.each<[SpecName, TrainingOptions["statistics"]]>([
    ["a3-stream", "stored"],
    ["a0-stream", "batch"],
    ["a0-base", "stored"],
    ["a0-base", "batch"],
  ])("%s, %s statistics", (name, statistics = "stored") => {
    expect(worstError(tinyGraph(name), { statistics })).toBeLessThan(2e-3);
  });

  it("computes nothing for what does not learn", () => {
    const graph = tinyGraph("a0-stream", 2);
    const head = buildTraining(graph, { trainable: (param) => param.startsWith("classifier2") });
    expect(Object.keys(head.gradients).sort()).toEqual(["classifier2.bias", "classifier2.kernel"]);
    expect(head.nodes.length - graph.nodes.length).toBe(2);
  });
});
