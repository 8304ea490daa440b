/** Law 4 for training: the WebAssembly program computes what the reference interpreter does, forth and back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { type Spec, type SpecName, specOf } from "../../../src/arch/spec.ts";
import { randomOf } from "../../../src/common/random.ts";
import { TrainingProgram } from "../../../src/engines/wasm/program.ts";
import { buildTraining, type TrainingOptions } from "../../../src/graph/gradient.ts";
import { type Graph, type Node, outputOf, type Shape } from "../../../src/graph/ir.ts";
import { hashedWeights } from "../../golden/material.ts";
import { interpretTraining } from "../../graph/interpret-gradient.ts";

/** `[N, H, W, C]` → `[N, C, H, W]`. */
function toPlanes(data: ArrayLike<number>, { channels, height, width }: Shape): Float64Array {
  const area = height * width;
  const planes = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const c = i % channels;
    const pixel = Math.floor(i / channels) % area;
    planes[(Math.floor(i / (channels * area)) * channels + c) * area + pixel] = data[i] as number;
  }
  return planes;
}

function compare(graph: Graph, batch: number, options: TrainingOptions): { logits: number; gradients: number } {
  const training = buildTraining(graph, options);
  const weights = hashedWeights(graph.params);
  const program = new TrainingProgram(training, batch);
  program.setWeights(weights);
  const random = randomOf("training program");
  const inputs: Record<string, ArrayLike<number>> = {};
  for (const node of graph.nodes) {
    if (node.op !== "input") continue;
    const own = program.input(node.id);
    for (let i = 0; i < own.length; i++) {
      const frame = Math.floor(i / batch);
      const clock = node.role === "position" ? frame : 1 / (frame + 1);
      own[i] = node.role === "inverseCount" || node.role === "position" ? clock : random.next();
    }
    inputs[node.id] = toPlanes(own, node.shape);
  }
  const seed = Float32Array.from({ length: batch * (training.shapes[training.seed] as Shape).channels }, () =>
    random.normal(),
  );
  const values = interpretTraining(training, weights, { ...inputs, [training.seed]: seed }, batch);
  const logits = relative(program.forward().slice(), values[outputOf(graph)] as Float64Array);
  for (let times = 0; times < 2; times++) {
    program.clearGradients();
    program.forward();
    program.backward(seed);
  }
  const entries = Object.entries(training.gradients);
  const whole = Math.hypot(...entries.map(([, id]) => Math.hypot(...(values[id] as Float64Array))));
  // Some gradients are zero by their nature: a norm takes away what a shift before it does.
  const errors = entries.map(([param, id]) =>
    relative(program.gradient(param), values[id] as Float64Array, 1e-3 * whole),
  );
  return { logits, gradients: Math.max(...errors) };
}

/** Distance relative to the expected vector's length. */
function relative(got: ArrayLike<number>, expected: Float64Array, floor = 1e-6): number {
  expect(got.length).toBe(expected.length);
  const difference = expected.map((value, i) => value - (got[i] as number));
  return Math.hypot(...difference) / (Math.hypot(...expected) + floor);
}

const blocks = [
  { filters: 8, stride: 2, layers: [{ expand: 24, kernel: { time: 1, space: 5 } }] },
  {
    filters: 8,
    stride: 1,
    layers: [
      { expand: 16, kernel: { time: 3, space: 3 } },
      { expand: 20, kernel: { time: 5, space: 3 } },
    ],
  },
  {
    filters: 12,
    stride: 2,
    layers: [
      { expand: 40, kernel: { time: 3, space: 3 } },
      { expand: 16, kernel: { time: 1, space: 5 } },
    ],
  },
] as const satisfies Spec["blocks"];
const sizes = { classes: 5, head: 16, hidden: 20, stem: 8, blocks };

describe("the training program agrees with the interpreter", () => {
  it.each<[SpecName, TrainingOptions["statistics"], number, number]>([
    ["a0-stream", "stored", 3, 2],
    ["a0-stream", "batch", 2, 3],
    ["a3-stream", "stored", 3, 1],
    ["a0-base", "stored", 3, 2],
    ["a0-base", "batch", 4, 1],
  ])("%s, %s statistics, %i frames, batch %i", (name, statistics = "stored", frames, batch) => {
    const graph = buildGraph(
      { ...specOf(name), ...sizes, resolution: { height: 21, width: 18 } },
      { form: "clip", frames },
    );
    const { logits, gradients } = compare(graph, batch, { statistics });
    expect(logits).toBeLessThan(1e-5);
    expect(gradients).toBeLessThan(1e-4);
  });

  it.each([1, 3])("%i frames of streams that have a past: it is the beginning of the running sums", (frames) => {
    const spec = { ...specOf("a0-stream"), ...sizes, resolution: { height: 21, width: 18 } };
    const step = buildGraph(spec, { form: "step", frames });
    const sums = step.nodes.filter((node) => node.op === "cumulativeSum" && node.initial !== null);
    expect(sums.length).toBeGreaterThan(1);
    const { logits, gradients } = compare({ ...step, states: [] }, 2, {});
    expect(logits).toBeLessThan(1e-5);
    expect(gradients).toBeLessThan(1e-4);
  });

  it("running sums that begin with something learned", () => {
    const spec = { ...specOf("a0-stream"), ...sizes, resolution: { height: 21, width: 18 } };
    const graph = buildGraph(spec, { form: "clip", frames: 3 });
    const shapes = { ...graph.shapes };
    const nodes = graph.nodes.flatMap((node): Node[] => {
      if (node.op !== "cumulativeSum") return [node];
      const first = `${node.id}.first`;
      shapes[first] = { ...(shapes[node.x] as Shape), frames: 1 };
      return [
        { op: "slice", id: first, x: node.x, start: 0, count: 1 },
        { ...node, initial: first },
      ];
    });
    expect(nodes.length).toBeGreaterThan(graph.nodes.length);
    const { logits, gradients } = compare({ ...graph, nodes, shapes }, 2, {});
    expect(logits).toBeLessThan(1e-5);
    expect(gradients).toBeLessThan(1e-4);
  });

  it("for any size, kernel, stride, length and batch", () => {
    const kernel = fc.record({ time: fc.constantFrom(1, 3, 5), space: fc.constantFrom(1, 3, 5) });
    const network = fc.record({
      height: fc.integer({ min: 5, max: 15 }),
      width: fc.integer({ min: 5, max: 15 }),
      frames: fc.integer({ min: 1, max: 4 }),
      batch: fc.integer({ min: 1, max: 3 }),
      kernel,
      stride: fc.constantFrom(1 as const, 2 as const),
      expand: fc.constantFrom(4, 12, 16, 28),
      name: fc.constantFrom<SpecName>("a0-stream", "a0-base"),
      activation: fc.constantFrom("swish" as const, "hard_swish" as const, "relu6" as const),
      gates: fc.boolean(),
      statistics: fc.constantFrom("batch" as const, "stored" as const),
    });
    fc.assert(
      fc.property(network, ({ name, height, width, frames, batch, stride, expand, gates, statistics, ...rest }) => {
        const layers = [{ expand, kernel: rest.kernel }];
        const base = specOf(name, gates ? {} : { squeezeExcite: "none" });
        const spec: Spec = {
          ...base,
          ...sizes,
          activation: rest.activation,
          stem: 4,
          blocks: [{ filters: 8, stride, layers }],
          resolution: { height, width },
        };
        const graph = buildGraph(spec, { form: "clip", frames });
        const { logits, gradients } = compare(graph, batch, { statistics });
        expect(logits).toBeLessThan(1e-4);
        expect(gradients).toBeLessThan(1e-3);
      }),
      { numRuns: 40, seed: 1 },
    );
  });
});
