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
  lowerForInference,
  lowerSpaceTime,
  lowerTime,
  splitHead,
} from "../../src/graph/passes.ts";
import { samePadding } from "../../src/graph/shapes.ts";
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
  "splitHead: body, then head, is the whole (squeeze-excite %s)",
  (squeezeExcite) => {
    const spec = specOf("t0-stream", { squeezeExcite, resolution: size, classes: 5 });
    const graph = buildGraph(spec, { form: "step", frames: 1 });
    const weights = hashedWeights(graph.params);
    const inputs = inputsOfGraph(graph);
    const { body, head } = splitHead(graph);
    const vector = interpret(body, weights, inputs)[outputOf(body)] as Float64Array;
    const split = interpret(head, weights, { ...inputs, "head.spatial": vector })[outputOf(head)] as Float64Array;
    expect(distance(split, interpret(graph, weights, inputs)[outputOf(graph)] as Float64Array)).toBeLessThanOrEqual(
      1e-9,
    );
    expect([...body.states, ...head.states].map((state) => state.name).sort()).toEqual(
      graph.states.map((state) => state.name).sort(),
    );
    const inputNames = (part: Graph) => part.nodes.flatMap((node) => (node.op === "input" ? [node.role] : []));
    expect(inputNames(head).sort()).toEqual(["image", "inverseCount", "sum"]);
    const sums = (part: Graph) => inputNames(part).filter((role) => role === "sum").length;
    expect(sums(body)).toBe(sums(graph) - 1);
    const others = squeezeExcite === "none" ? [] : ["inverseCount", "sum"];
    expect([...new Set(inputNames(body))].sort()).toEqual(["image", ...others, "slot"].sort());
  },
);
