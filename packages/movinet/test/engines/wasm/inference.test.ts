/** Our WebAssembly beyond the contract: odd widths, every op, and which module is taken. */
import { describe, expect, test, vi } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { type SpecOptions, specOf } from "../../../src/arch/spec.ts";
import { block } from "../../../src/arch/variants.ts";
import { referenceEngine } from "../../../src/engines/reference.ts";
import { wasmEngine } from "../../../src/engines/wasm/inference/engine.ts";
import { kernelModules } from "../../../src/engines/wasm/inference/modules.ts";
import { interpret } from "../../../src/graph/interpret.ts";
import type { Graph, Node, Param, Shape } from "../../../src/graph/ir.ts";
import { elementsOf, rebuild } from "../../../src/graph/shapes.ts";
import { defaultCard } from "../../../src/model/card.ts";
import { Program } from "../../../src/session/program.ts";
import { hashedWeights } from "../../golden/material.ts";
import { distance, randomPictures } from "../../laws/models.ts";
import { told } from "../../told.ts";
import { wasmEngines } from "./engines.ts";

const size = { height: 22, width: 19 };

/** A network whose widths are no multiples of 4, with windows of 1, 3, 5 and 7 pixels. */
function oddModel(mode: "stream" | "base", options: SpecOptions) {
  const spec = {
    ...specOf(`t0-${mode}`, { resolution: size, classes: 13, ...options }),
    stem: 5,
    blocks: [
      block(6, 2, [9, { time: 1, space: 5 }], [21, { time: 3, space: 3 }]),
      block(11, 1, [23, { time: 5, space: 3 }], [10, { time: 3, space: 7 }], [7, { time: 1, space: 1 }]),
    ],
    head: 30,
    hidden: 41,
  };
  const weights = hashedWeights(buildGraph(spec, { form: "clip", frames: 1 }).params);
  return { spec, weights, card: { ...defaultCard(spec), frames: 4 } };
}

describe.each(Object.entries(wasmEngines))("%s", (_, open) => {
  test.each([
    {},
    { gate: "sigmoid", positionalEncoding: true },
    { gate: "hard_sigmoid_a", activation: "swish", squeezeExcite: "3d" },
    { convType: "3d", activation: "relu6", squeezeExcite: "2d" },
    { convType: "3d_2plus1d", squeezeExcite: "none", classifierActivation: "hard_swish" },
  ] as const)("any widths, streams and chunks: %o", async (options) => {
    const model = oddModel("stream", options);
    const [expected, got] = await Promise.all(
      [referenceEngine, await open()].map(async (engine) => {
        const program = await Program.compile(model, engine);
        const session = await program.openStream({ streams: 2, chunk: 3 });
        const logits = await session.step(randomPictures(1, 14, size.height, size.width));
        return { logits: logits.logits, state: await session.snapshot(1) };
      }),
    );
    expect(distance(got?.logits ?? [], expected?.logits ?? [])).toBeLessThanOrEqual(1e-5);
    for (const [name, { data }] of Object.entries(expected?.state ?? {})) {
      expect(distance(got?.state[name]?.data ?? [], data), name).toBeLessThanOrEqual(1e-5);
    }
  });

  test.each([{}, { convType: "2plus1d", squeezeExcite: "2plus3d" }] as const)("whole clips: %o", async (options) => {
    const model = oddModel("base", options);
    const clip = randomPictures(2, 4, size.height, size.width);
    const [expected, got] = await Promise.all(
      [referenceEngine, await open()].map(async (engine) =>
        (await (await Program.compile(model, engine)).openClip()).run(clip),
      ),
    );
    expect(distance(got ?? [], expected ?? [])).toBeLessThanOrEqual(1e-5);
  });

  test.each(["swish", "hard_swish", "relu6"] as const)("what is no number stays none: %s", async (activation) => {
    const model = oddModel("stream", { activation, squeezeExcite: "none" });
    const session = await (await Program.compile(model, await open())).openStream();
    const frame = randomPictures(1, 1, size.height, size.width).fill(Number.NaN, 200, 201);
    expect((await session.step(frame)).logits.every(Number.isNaN)).toBe(true);
  });

  test("each op alone, where nothing takes it in", async () => {
    const engine = await open();
    for (const { nodes, outputs, params } of alone) {
      const graph = graphOf(nodes, outputs, params);
      const weights = new Map(
        Object.entries(graph.params).map(([name, param], i) => {
          const count = elementsOf(param.shape);
          return [
            name,
            {
              shape: param.shape,
              data: randomPictures(i, 1, 1, count)
                .subarray(0, count)
                .map((value) => value / 5),
            },
          ];
        }),
      );
      const feeds = new Map(
        graph.nodes.flatMap((node, i) => (node.op === "input" ? [[node.id, fill(node.shape, 2, i)] as const] : [])),
      );
      const expected = interpret(graph, weights, Object.fromEntries(feeds), 2);
      const executable = await engine.load({ graph, weights });
      const inputs = executable.inputs.map(({ name }) => executable.upload(name, feeds.get(name) as Float32Array));
      const got = await executable.run(inputs);
      for (const [i, { name }] of executable.outputs.entries()) {
        const values = (await got[i]?.read()) ?? [];
        expect(distance(values, expected[name] ?? []), `${nodes.at(-1)?.op} ${name}`).toBeLessThanOrEqual(1e-5);
      }
    }
  });
});

const image: Node = { op: "input", id: "image", role: "image", shape: shape(2, 6, 7, 5) };
const other: Node = { op: "input", id: "other", role: "sum", shape: shape(1, 6, 7, 5) };
const x = "image";
const once = { taps: 1, tap: 0, before: 0, after: 0 } as const;
const norm = { gamma: "gamma", beta: "beta", mean: "mean", variance: "variance" } as const;
const kinds = ["swish", "hard_swish", "relu6", "sigmoid", "hard_sigmoid_a", "hard_sigmoid_b"] as const;
const gate = ([channels, height, width]: readonly [number, number, number]): Node => ({
  op: "input",
  id: "gate",
  role: "sum",
  shape: shape(2, channels, height, width),
});

/** The last node of each is what is looked at. */
const alone: readonly {
  readonly nodes: readonly Node[];
  readonly outputs?: readonly string[];
  readonly params?: Readonly<Record<string, readonly number[]>>;
}[] = [
  ...kinds.map((kind) => ({ nodes: [image, { op: "activation", id: "y", x, kind } as const] })),
  {
    nodes: [image, { op: "conv", id: "y", x, kernel: "k", bias: null, size: 3, stride: 2, filters: 9 }],
    params: { k: [3, 3, 6, 9] },
  },
  {
    nodes: [image, { op: "conv", id: "y", x, kernel: "k", bias: "b", size: 1, stride: 2, filters: 3 }],
    params: { k: [1, 1, 6, 3], b: [3] },
  },
  {
    nodes: [
      image,
      { op: "conv", id: "a", x, kernel: "k", bias: null, size: 1, stride: 1, filters: 6 },
      { op: "conv", id: "y", x: "a", kernel: "l", bias: null, size: 5, stride: 1, filters: 2 },
      { op: "conv", id: "z", x, kernel: "k", bias: null, size: 1, stride: 1, filters: 6 },
      { op: "activation", id: "u", x: "z", kind: "swish" },
      { op: "add", id: "v", a: "u", b: "a" },
    ],
    outputs: ["a", "y", "v"],
    params: { k: [1, 1, 6, 6], l: [5, 5, 6, 2] },
  },
  {
    nodes: [image, { op: "depthwise", id: "y", x, kernel: "k", bias: "b", size: 1, stride: 2, time: once }],
    params: { k: [1, 1, 1, 6], b: [6] },
  },
  {
    nodes: [
      image,
      {
        op: "depthwise",
        id: "y",
        x,
        kernel: "k",
        bias: null,
        size: 7,
        stride: 1,
        time: { taps: 2, tap: 1, before: 1, after: 1 },
      },
    ],
    params: { k: [3, 7, 7, 6] },
  },
  { nodes: [image, { op: "norm", id: "y", x, ...norm }], params: { gamma: [6], beta: [6], mean: [6], variance: [6] } },
  { nodes: [image, { op: "averagePool", id: "y", x }] },
  { nodes: [gate([3, 2, 1]), { op: "averagePool", id: "y", x: "gate" }, image], outputs: ["y"] },
  { nodes: [image, { op: "spatialMean", id: "y", x }] },
  { nodes: [image, { op: "frameMean", id: "y", x }] },
  { nodes: [image, other, { op: "cumulativeSum", id: "y", x, initial: "other" }] },
  { nodes: [image, { op: "cumulativeSum", id: "y", x, initial: null }] },
  {
    nodes: [
      image,
      other,
      { op: "join", id: "a", xs: ["other", x] },
      { op: "slice", id: "y", x: "a", start: 1, count: 2 },
    ],
  },
  { nodes: [image, other, { op: "join", id: "y", xs: ["other", x, "other"] }] },
  { nodes: [image, { op: "pad", id: "y", x, before: 1, after: 2 }] },
  { nodes: [image, other, { op: "repeat", id: "a", x: "other", count: 2 }, { op: "add", id: "y", a: "a", b: x }] },
  { nodes: [image, { op: "concat", id: "y", xs: [x, x, x] }] },
  { nodes: [image, { op: "multiply", id: "y", a: x, b: x }] },
  ...(
    [
      [6, 1, 1],
      [1, 1, 1],
      [1, 7, 5],
      [6, 7, 1],
      [1, 1, 5],
    ] as const
  ).map((sides) => ({
    nodes: [image, gate(sides), { op: "multiply", id: "y", a: x, b: "gate" } as const],
  })),
  { nodes: [image, { op: "scale", id: "y", x, factor: "f" }], params: { f: [1] } },
];

function shape(frames: number, channels: number, height: number, width: number): Shape {
  return { frames, channels, height, width };
}

function fill({ frames, channels, height, width }: Shape, streams: number, seed: number): Float32Array {
  return randomPictures(seed, 1, 1, frames * channels * height * width * streams).subarray(
    0,
    frames * channels * height * width * streams,
  );
}

function graphOf(
  nodes: readonly Node[],
  outputs: readonly string[] = [nodes.at(-1)?.id ?? ""],
  params: Readonly<Record<string, readonly number[]>> = {},
): Graph {
  const declared = Object.entries(params).map(([name, sides]): [string, Param] => [
    name,
    { shape: sides, role: "kernel", owner: "test" },
  ]);
  const empty = { name: "test", nodes: [], shapes: {}, params: {}, states: [], endpoints: {}, frames: 2 };
  const named = Object.fromEntries(outputs.map((value) => [value, value]));
  return rebuild({ ...empty, outputs: named }, nodes, Object.fromEntries(declared));
}

describe("modules", () => {
  const none = async () => btoa("no module");

  test("the first that the machine takes is used", async () => {
    expect((await wasmEngine()).name).toBe("wasm relaxed");
    expect((await wasmEngine({ relaxed: none, simd: kernelModules.simd })).name).toBe("wasm simd");
  });

  test("a machine without SIMD is told so", async () => {
    await expect(wasmEngine({ relaxed: none, simd: none })).rejects.toThrow(
      told("E_DEVICE_UNAVAILABLE", /wasm: .*no WebAssembly with SIMD.*Chrome 91/),
    );
  });

  test("one without any WebAssembly too", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    try {
      await expect(wasmEngine()).rejects.toThrow(told("E_DEVICE_UNAVAILABLE", /no WebAssembly with SIMD/));
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
