import { describe, expect, it } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { interpret } from "../../src/graph/interpret.ts";
import { outputOf } from "../../src/graph/ir.ts";
import {
  foldNorms,
  frontier,
  graphAfter,
  graphBefore,
  learns,
  normsAsBiases,
  withNoise,
} from "../../src/train/network.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";

const resolution = { height: 24, width: 24 };
const model = hashedModel("a0-stream", { classes: 7, resolution });
const graph = buildGraph(model.spec, { form: "clip", frames: 2 });
const inputs = { image: randomPictures(1, 2, 24, 24), inverse_count: [1, 0.5] };
const logits = interpret(graph, model.weights, inputs)[outputOf(graph)] as Float64Array;

describe("the network that is trained", () => {
  it("computes the same with folded norms, which become biases", () => {
    const folded = foldNorms(model);
    const biased = normsAsBiases(graph);
    expect(biased.nodes.some((node) => node.op === "norm")).toBe(false);
    expect(distance(interpret(graph, folded.weights, inputs)[outputOf(graph)] as Float64Array, logits)).toBeLessThan(
      1e-5,
    );
    expect(distance(interpret(biased, folded.weights, inputs)[outputOf(graph)] as Float64Array, logits)).toBeLessThan(
      1e-5,
    );
    expect(Object.keys(biased.params).filter((name) => /gamma|mean|variance/.test(name))).toEqual([]);
  });

  it("is the frozen part, then the part that learns", () => {
    const value = frontier(model.spec, { lastBlocks: 2 }) as string;
    expect(value).toBe("block2.layer2");
    const [before, after] = [graphBefore(graph, value), graphAfter(graph, value)];
    const middle = interpret(before, model.weights, inputs)[value] as Float64Array;
    expect(middle.length).toBe(2 * 56 * 2 * 2);
    const whole = interpret(after, model.weights, { inverse_count: [1, 0.5], [value]: middle });
    expect(distance(whole[outputOf(after)] as Float64Array, logits)).toBe(0);
    const own = learns(graph, model.spec, { lastBlocks: 2 });
    expect(Object.keys(before.params).filter(own)).toEqual([]);
    expect(Object.keys(after.params).filter((name) => !own(name))).toEqual([]);
  });

  it("leaves out branches at rates that grow with depth", () => {
    const { graph: noisy, masks } = withNoise(graph, { dropout: 0.5, stochasticDepth: 0.2 });
    expect(masks.length).toBe(16);
    expect(masks[0]?.rate).toBeCloseTo(0.2 / 15);
    expect(masks[14]?.rate).toBeCloseTo(0.2);
    const ones = Object.fromEntries(
      noisy.nodes.flatMap((node) =>
        node.op === "input" && node.role === "mask"
          ? [[node.id, new Float64Array(node.shape.frames * node.shape.channels).fill(1)]]
          : [],
      ),
    );
    expect(
      distance(interpret(noisy, model.weights, { ...inputs, ...ones })[outputOf(noisy)] as Float64Array, logits),
    ).toBe(0);
    const tail = withNoise(graphAfter(graph, "block2.layer2"), { dropout: 0, stochasticDepth: 0.2 });
    expect(tail.masks.length).toBe(8);
  });
});
