import { describe, expect, it } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import type { SpecOptions } from "../../src/arch/spec.ts";
import { interpret } from "../../src/graph/interpret.ts";
import { outputOf } from "../../src/graph/ir.ts";
import type { Model } from "../../src/model/model.ts";
import { frameByFrame, wholeClip } from "../../src/train/relatives.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";

const side = 20;
const picture = 3 * side * side;
const resolution = { height: side, width: side };
const kinds: Record<string, SpecOptions> = {
  "(2+1)-D with gates": {},
  "3-D without gates": { convType: "3d", squeezeExcite: "none" },
  "3-D with 3-D gates": { convType: "3d", squeezeExcite: "3d" },
  "with a positional encoding": { positionalEncoding: true },
};

function logits({ spec, weights }: Model, image: Float32Array): Float64Array {
  const frames = image.length / picture;
  const graph = buildGraph(spec, { form: "clip", frames });
  const moments = Array.from({ length: frames }, (_, t) => t);
  const inputs = { image, inverse_count: moments.map((t) => 1 / (t + 1)), position: moments };
  return interpret(graph, weights, inputs)[outputOf(graph)] as Float64Array;
}

/** Frames in another order: each moved so many places on. */
function turned(image: Float32Array, by: number): Float32Array {
  const frames = image.length / picture;
  const result = new Float32Array(image.length);
  for (let t = 0; t < frames; t++) {
    const to = (t + by) % frames;
    result.set(image.subarray(t * picture, (t + 1) * picture), to * picture);
  }
  return result;
}

describe.each(Object.entries(kinds))("the frame-by-frame form of a stream model, %s", (_, options) => {
  const model = hashedModel("a0-stream", { classes: 4, resolution, ...options });
  const flat = frameByFrame(model);

  it("does not care for the order of frames, which the model does", () => {
    const image = randomPictures(5, 3, side, side);
    expect(distance(logits(flat.model, image), logits(flat.model, turned(image, 1)))).toBeLessThan(1e-6);
    expect(distance(logits(model, image), logits(model, turned(image, 1)))).toBeGreaterThan(1e-4);
  });

  it("keeps to its masks", () => {
    for (const [name, mask] of flat.masks) {
      const { data } = flat.model.weights.get(name) ?? { data: new Float32Array() };
      expect(data.length).toBe(mask.length);
      expect(data.every((value, i) => value === 0 || mask[i] === 1)).toBe(true);
    }
  });
});

describe("the frame-by-frame form", () => {
  const model = hashedModel("a0-stream", { classes: 4, resolution });

  it("has masks where a kernel keeps its taps: 11 temporal ones and 15 gates", () => {
    expect(frameByFrame(model).masks.size).toBe(11 + 15);
  });

  it("needs none where kernels are 3-D and there are no gates", () => {
    const { masks, model: flat } = frameByFrame(
      hashedModel("a0-stream", { ...kinds["3-D without gates"], resolution }),
    );
    expect(masks.size).toBe(0);
    expect(flat.spec.blocks.every(({ layers }) => layers.every(({ kernel }) => kernel.time === 1))).toBe(true);
  });

  it("sums the taps of each channel", () => {
    const taps = model.weights.get("block1.layer0.temporal.kernel")?.data ?? new Float32Array();
    const summed = frameByFrame(model).model.weights.get("block1.layer0.temporal.kernel")?.data ?? [];
    for (let c = 0; c < 80; c++) {
      expect(summed[160 + c]).toBeCloseTo((taps[c] ?? 0) + (taps[80 + c] ?? 0) + (taps[160 + c] ?? 0), 6);
      expect(summed[c]).toBe(0);
    }
  });
});

describe("the base form of a stream model", () => {
  it.each(["a0-stream", "a3-stream"] as const)("of %s sees a clip at once, frames ahead among them", (name) => {
    const model = hashedModel(name, { classes: 4, resolution });
    const base = wholeClip(model, 5).model;
    expect(base.card.frames).toBe(5);
    const { params } = buildGraph(base.spec, { form: "clip", frames: 5 });
    expect([...base.weights.keys()].sort()).toEqual(Object.keys(params).sort());
    const image = randomPictures(5, 5, side, side);
    expect(distance(logits(base, image), logits(model, image))).toBeGreaterThan(1e-3);
  });

  it("refuses a base model", () => {
    const base = hashedModel("a0-base", { classes: 4, resolution });
    expect(() => wholeClip(base, 5)).toThrow("only a stream model");
    expect(() => frameByFrame(base)).toThrow("only a stream model");
  });
});
