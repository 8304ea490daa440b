import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { specOf } from "../../src/arch/spec.ts";
import { interpret } from "../../src/graph/interpret.ts";
import { type Graph, outputOf } from "../../src/graph/ir.ts";
import {
  dropIdentities,
  foldGate,
  foldNorm,
  foldScale,
  headFeatures,
  lowerForInference,
  lowerSpaceTime,
  lowerTime,
  type SplitHead,
  splitHead,
} from "../../src/graph/passes.ts";
import { rebuild, samePadding } from "../../src/graph/shapes.ts";
import { hashedWeights } from "../golden/material.ts";
import { distance, randomPictures } from "../laws/models.ts";

const size = { height: 20, width: 28 };
const cases = [
  ["t0-stream", { convType: "2plus1d" }, "step", 1],
  ["t0-stream", { convType: "2plus1d", positionalEncoding: true }, "step", 3],
  ["t0-stream", { convType: "3d", squeezeExcite: "3d", gate: "hard_sigmoid_a" }, "step", 1],
  ["t0-stream", { convType: "3d", squeezeExcite: "3d" }, "clip", 4],
  ["t0-base", {}, "clip", 4],
] as const;

/** Every input filled with something that is not zero, so that a lost or swapped slot shows. */
function inputsOfGraph(graph: Graph): Record<string, Float32Array> {
  const inputs: Record<string, Float32Array> = {};
  for (const [i, node] of graph.nodes.entries()) {
    if (node.op !== "input") continue;
    const { frames, channels, height, width } = node.shape;
    inputs[node.id] = randomPictures(i + 1, 1, 1, Math.ceil((frames * channels * height * width) / 3)).slice(
      0,
      frames * channels * height * width,
    );
  }
  return inputs;
}

describe.each(cases)("%s %o %s of %i", (name, options, form, frames) => {
  const graph = buildGraph(specOf(name, { ...options, resolution: size, classes: 5 }), { form, frames });
  const weights = hashedWeights(graph.params);
  const inputs = inputsOfGraph(graph);
  const expected = interpret(graph, weights, inputs);

  test.each([
    ["foldNorm", foldNorm],
    ["foldScale", (g: Graph) => foldScale(foldNorm(g))],
    ["foldGate", foldGate],
    ["lowerTime", lowerTime],
    ["lowerSpaceTime", lowerSpaceTime],
    ["dropIdentities", dropIdentities],
    ["lowerForInference", lowerForInference],
  ])("%s keeps logits, states and endpoints", (_, pass) => {
    const passed = pass(graph);
    const values = interpret(passed, weights, inputs);
    const pairs: [string, string][] = [[outputOf(graph), outputOf(passed)]];
    for (const [endpoint, value] of Object.entries(graph.endpoints))
      pairs.push([value, passed.endpoints[endpoint] as string]);
    for (const [i, state] of graph.states.entries()) {
      const after = passed.states[i];
      if (state.kind === "sum" && after?.kind === "sum") pairs.push([state.output, after.output]);
      if (state.kind === "buffer" && after?.kind === "buffer") {
        for (const [k, newest] of state.newest.entries()) pairs.push([newest, after.newest[k] as string]);
      }
    }
    for (const [before, after] of pairs) {
      expect(distance(values[after] as Float64Array, expected[before] as Float64Array), before).toBeLessThan(1e-5);
    }
  });

  test("nothing is left to fold, lower or drop", () => {
    const lowered = lowerForInference(graph);
    expect(lowered.nodes.filter((node) => node.op === "norm")).toEqual([]);
    const gates = foldGate(lowered).nodes.filter((node) => node.op === "activation" && /^hard_sig/.test(node.kind));
    expect(gates).toEqual([]);
    expect(lowered.nodes.filter((node) => node.op === "scale" && node.factor.endsWith("rezero"))).toEqual([]);
    expect(lowered.nodes.filter((node) => node.op === "depthwise" && node.time.taps > 1)).toEqual([]);
    expect(lowerForInference(lowered).nodes).toEqual(lowered.nodes);
  });
});

test("in a step of one frame a temporal convolution reads its slots where they are", () => {
  const graph = lowerForInference(buildGraph(specOf("a0-stream"), { form: "step", frames: 1 }));
  expect(graph.nodes.filter((node) => node.op === "join" || node.op === "slice" || node.op === "pad")).toEqual([]);
});

test("SAME padding covers every input once at stride 1 and gives ceil(n / stride) windows", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.constantFrom(1, 3, 5), fc.constantFrom(1, 2), (n, k, s) => {
      const { begin, end } = samePadding(n, k, s);
      expect(Math.floor((n + begin + end - k) / s) + 1).toBe(Math.ceil(n / s));
      expect(end - begin === 0 || end - begin === 1).toBe(true);
    }),
  );
  expect([samePadding(86, 3, 2), samePadding(43, 3, 2), samePadding(86, 5, 2)]).toEqual([
    { begin: 0, end: 1 },
    { begin: 1, end: 1 },
    { begin: 1, end: 2 },
  ]);
});

test.each(["none", "2plus3d"] as const)(
  "splitHead: body, mean, then classifier is the whole (squeeze-excite %s)",
  (squeezeExcite) => {
    const spec = specOf("t0-stream", { squeezeExcite, resolution: size, classes: 5 });
    const graph = buildGraph(spec, { form: "step", frames: 1 });
    const weights = hashedWeights(graph.params);
    const inputs = inputsOfGraph(graph);
    const { body, classifier } = splitHead(graph) as SplitHead;
    const vector = interpret(body, weights, inputs)[headFeatures] as Float64Array;
    const before = inputs["state_head_pool_buffer"] as ArrayLike<number>;
    const share = inputs["inverse_count"]?.[0] as number;
    const mean = vector.map((value, c) => ((before[c] as number) + value) * share);
    const split = interpret(classifier, weights, { "head.pool": mean })[outputOf(classifier)] as Float64Array;
    expect(distance(split, interpret(graph, weights, inputs)[outputOf(graph)] as Float64Array)).toBeLessThanOrEqual(
      1e-9,
    );
    const heads = ["state_head_pool_buffer", "state_head_pool_frame_count"];
    expect([...body.states.map((state) => state.name), ...heads]).toEqual(graph.states.map((state) => state.name));
    const inputNames = (part: Graph) => part.nodes.flatMap((node) => (node.op === "input" ? [node.role] : []));
    expect(inputNames(classifier)).toEqual(["image"]);
    const sums = (part: Graph) => inputNames(part).filter((role) => role === "sum").length;
    expect(sums(body)).toBe(sums(graph) - 1);
    const others = squeezeExcite === "none" ? [] : ["inverseCount", "sum"];
    expect([...new Set(inputNames(body))].sort()).toEqual(["image", ...others, "slot"].sort());
  },
);

test("splitHead: what needs no pool comes of each frame, and what needs both the pool and a picture cannot be cut", () => {
  const graph = buildGraph(specOf("t0-stream", { resolution: size, classes: 5 }), { form: "step", frames: 2 });
  const { logits = "" } = graph.outputs;
  const parts = splitHead({ ...graph, outputs: { map: "head.activation", logits } });
  expect(parts?.body.outputs).toEqual({ [headFeatures]: headFeatures, map: "head.activation" });
  expect(parts?.classifier.outputs).toEqual({ logits });
  expect(parts?.classifier.nodes.filter(({ op }) => op === "input").map(({ id }) => id)).toEqual(["head.pool"]);
  const both = { op: "multiply", id: "both", a: "head.activation", b: "head.pool" } as const;
  const single = buildGraph(specOf("t0-stream", { resolution: size, classes: 5 }), { form: "step", frames: 1 });
  const product = rebuild(single, [...single.nodes, both], single.params);
  expect(splitHead({ ...product, outputs: { logits, both: "both" } })).toBeNull();
  expect(splitHead({ ...graph, outputs: { logits, pooled: "head.pool" } })).toBeNull();
  expect(splitHead({ ...graph, outputs: { logits, last: "head.sum.last" } })).toBeNull();
  expect(splitHead({ ...graph, outputs: { map: "head.activation" } })).toBeNull();
});
