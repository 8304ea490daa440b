import { describe, expect, it } from "vitest";
import { frameByFrame, newestFrameOnly } from "../../src/make/train/frame-by-frame.ts";
import { buildGraph } from "../../src/model/arch/build.ts";
import { interpret } from "../../src/model/graph/interpret.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";

const resolution = { height: 20, width: 20 };
const model = hashedModel("a0-stream", { classes: 4, resolution });
const flat = frameByFrame(model);

function logits(weights: typeof model.weights, image: Float32Array): Float64Array {
  const frames = image.length / (3 * 20 * 20);
  const graph = buildGraph(model.spec, { call: "clip", frames });
  const inputs = { image, inverse_count: Array.from({ length: frames }, (_, t) => 1 / (t + 1)) };
  return interpret(graph, weights, inputs)[graph.logits] as Float64Array;
}

describe("the frame-by-frame form of a stream model", () => {
  it("does not care for the order of frames, which the model does", () => {
    const image = randomPictures(5, 3, 20, 20);
    const picture = 3 * 20 * 20;
    const backwards = new Float32Array(image.length);
    for (let t = 0; t < 3; t++) backwards.set(image.subarray(t * picture, (t + 1) * picture), (2 - t) * picture);
    expect(distance(logits(flat.weights, image), logits(flat.weights, backwards))).toBeLessThan(1e-6);
    expect(distance(logits(model.weights, image), logits(model.weights, backwards))).toBeGreaterThan(1e-4);
  });

  it("keeps to its masks", () => {
    const masks = newestFrameOnly(model);
    expect(masks.size).toBe(11 + 15);
    const holds = (weights: typeof model.weights) =>
      [...masks].every(([name, mask]) => weights.get(name)?.data.every((value, i) => value === 0 || mask[i] === 1));
    expect(holds(flat.weights)).toBe(true);
    expect(holds(model.weights)).toBe(false);
  });

  it("sums the taps of each channel", () => {
    const kernel = model.weights.get("block1.layer0.temporal.kernel");
    const summed = flat.weights.get("block1.layer0.temporal.kernel")?.data ?? [];
    const taps = kernel?.data ?? new Float32Array();
    for (let c = 0; c < 80; c++) {
      expect(summed[160 + c]).toBeCloseTo((taps[c] ?? 0) + (taps[80 + c] ?? 0) + (taps[160 + c] ?? 0), 6);
      expect(summed[c]).toBe(0);
    }
  });
});
