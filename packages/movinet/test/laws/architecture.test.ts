/** Law 1: parameter counts, states and multiply–accumulates equal the official ones. */
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { type SpecName, specNames, specOf } from "../../src/arch/spec.ts";
import type { Graph } from "../../src/graph/ir.ts";
import { elementsOf, macsOf } from "../../src/graph/shapes.ts";
import { stateBytes, stateDtype, stateShape } from "../../src/graph/states.ts";
import { allFigures, specOfFigures } from "../golden/figures.ts";

/** Spec §1.5: parameters, norm statistics among them, trainable and stored tensors. */
const official: Record<SpecName, readonly [parameters: number, statistics: number, trained: number, stored: number]> = {
  "a0-base": [3_126_071, 14_272, 232, 102],
  "a1-base": [4_717_912, 27_616, 358, 156],
  "a2-base": [5_280_922, 31_360, 386, 168],
  "a3-base": [7_443_289, 45_744, 487, 212],
  "a4-base": [11_422_727, 73_264, 680, 294],
  "a5-base": [18_763_355, 112_832, 851, 368],
  "t0-base": [1_740_502, 13_088, 218, 96],
  "a0-stream": [3_765_983, 17_952, 265, 124],
  "a1-stream": [6_481_560, 34_208, 409, 190],
  "a2-stream": [7_366_050, 39_088, 443, 206],
  "a3-stream": [11_043_146, 56_528, 589, 258],
  "a4-stream": [18_228_326, 92_144, 832, 364],
  "a5-stream": [31_636_734, 140_800, 1039, 454],
  "t0-stream": [2_385_118, 16_160, 242, 112],
};

/** Spec §1.5, "int8-style": (2+1)-D without squeeze-and-excitation. */
const withoutGates: Record<string, number> = {
  "a0-stream": 2_750_335,
  "a1-stream": 3_784_600,
  "a2-stream": 4_118_618,
  "a3-stream": 5_487_633,
  "a4-stream": 7_833_015,
  "a5-stream": 12_116_379,
  "t0-stream": 1_368_558,
};

/** Spec §1.6: millions of multiply–accumulates of a frame without, and of a call of, the classifier. */
const streamMacs: Record<string, readonly [frame: number, classifier: number]> = {
  "a0-stream": [48.48, 2.21],
  "a1-stream": [110.76, 2.46],
  "a2-stream": [213.96, 2.54],
  "a3-stream": [434.42, 2.75],
  "a4-stream": [1209.23, 2.98],
  "a5-stream": [2180.89, 3.26],
  "t0-stream": [33.35, 0.86],
};

/** Spec §3.2: states, stream buffers, elements of the float states, at native resolution. */
const streamStates: Record<string, readonly [states: number, buffers: number, floats: number]> = {
  "a0-stream": [43, 11, 674_192],
  "a1-stream": [67, 17, 1_220_560],
  "a2-stream": [73, 19, 2_707_088],
  "a3-stream": [124, 23, 4_568_880],
  "a4-stream": [178, 35, 12_350_080],
  "a5-stream": [222, 43, 18_773_392],
  "t0-stream": [38, 8, 326_448],
};

function count(graph: Graph, only: (name: string) => boolean = () => true): number {
  return Object.entries(graph.params).reduce((sum, [name, { shape }]) => sum + (only(name) ? elementsOf(shape) : 0), 0);
}

const isStatistic = (name: string) => /\.(mean|variance)$/.test(name);

describe.each(specNames)("%s", (name) => {
  const graph = buildGraph(specOf(name), { form: "clip", frames: 1 });

  test("has the official number of parameters and tensors", () => {
    const names = Object.keys(graph.params);
    const stored = names.filter(isStatistic).length;
    expect([count(graph), count(graph, isStatistic), names.length - stored, stored]).toEqual(official[name]);
  });
});

describe.each(specNames.filter((name) => name.endsWith("stream")))("%s", (name) => {
  const graph = buildGraph(specOf(name), { form: "step", frames: 1 });

  test("without gates has the official number of parameters", () => {
    expect(count(buildGraph(specOf(name, { squeezeExcite: "none" }), { form: "step", frames: 1 }))).toBe(
      withoutGates[name],
    );
  });

  test("multiplies as often a frame as the reference", () => {
    const macs = (classifier: boolean) =>
      graph.nodes.reduce(
        (sum, node) => sum + (node.id.startsWith("classifier") === classifier ? macsOf(node, graph) : 0),
        0,
      );
    const [frame, classifier] = streamMacs[name] as [number, number];
    expect(macs(false) / 1e6).toBeCloseTo(frame, 2);
    expect(macs(true) / 1e6).toBeCloseTo(classifier, 2);
  });

  test("has the official states", () => {
    const floats = graph.states.filter((state) => state.kind !== "count");
    const elements = floats.reduce((sum, state) => sum + elementsOf(stateShape(state)), 0);
    const buffers = graph.states.filter((state) => state.kind === "buffer").length;
    expect([graph.states.length, buffers, elements]).toEqual(streamStates[name]);
    expect(stateBytes(graph)).toBe(4 * (elements + graph.states.length - floats.length));
  });
});

describe.each(allFigures.filter((figures) => figures.states))("$case", (figures) => {
  test("has the reference's state names, shapes and dtypes", () => {
    const graph = buildGraph(specOfFigures(figures), { form: "step", frames: 1 });
    const states = graph.states.map((state) => [state.name, `${stateShape(state).join(",")} ${stateDtype(state)}`]);
    expect(Object.fromEntries(states)).toEqual(figures.states);
    expect(count(graph)).toBe(figures.parameters);
  });
});

test("states come in the order in which the reference creates them", () => {
  const { states } = buildGraph(specOf("a3-stream"), { form: "step", frames: 1 });
  expect(states.slice(3, 7).map((state) => state.name)).toEqual([
    "state_block0_layer1_stream_buffer",
    "state_block0_layer1_pool_buffer",
    "state_block0_layer1_pool_frame_count",
    "state_block0_layer1_pos_enc_frame_count",
  ]);
  expect(states.at(-1)?.name).toBe("state_head_pool_frame_count");
});
