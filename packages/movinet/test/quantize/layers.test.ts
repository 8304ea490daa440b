/** The noise of layers, and its picture. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { litertEngine } from "../../src/engines/litert/litert.node.ts";
import { referenceEngine } from "../../src/engines/reference.ts";
import type { TflitePrecision } from "../../src/formats/tflite/write/lower.ts";
import type { Model } from "../../src/model/model.ts";
import { renderFile } from "../../src/plot/svg.ts";
import { calibrate } from "../../src/quantize/calibrate.ts";
import { type LayerNoise, layerNoise, layersOf } from "../../src/quantize/layers.ts";
import { drawNoise } from "../../src/quantize/noise-chart.ts";
import { hashedModel, randomPictures } from "../laws/models.ts";

const side = 24;
const size = 3 * side * side;
const pictures = randomPictures(1, 5, side, side);
async function* clip() {
  for (let t = 0; t < 5; t++) yield pictures.subarray(t * size, (t + 1) * size);
}

describe("layers of a network", () => {
  const model = hashedModel("a0-stream", { classes: 5, resolution: { height: side, width: side } });
  let litert: Engine;
  let quantized: Model;
  beforeAll(async () => {
    litert = await litertEngine();
    const found = await calibrate(model, referenceEngine, [clip()]);
    quantized = { ...model, integers: { ranges: found.ranges("minmax"), floats: [] } };
  });
  const noiseOf = (dtype: TflitePrecision, own = quantized) => layerNoise(own, dtype, litert, [clip()]);
  const last = (layers: readonly LayerNoise[]) => layers.at(-1)?.decibels as number;

  test("their convolutions, each in one layer", () => {
    const layers = layersOf(model);
    expect([...layers.keys()].slice(0, 3)).toEqual(["stem", "block0.layer0", "block1.layer0"]);
    expect([...layers.keys()].slice(-3)).toEqual(["head", "classifier1", "classifier2"]);
    expect(layers.get("block1.layer1")).toEqual([
      "block1.layer1.expansion.norm",
      "block1.layer1.feature.norm",
      "block1.layer1.temporal.norm",
      "block1.layer1.se_reduce",
      "block1.layer1.se_expand",
      "block1.layer1.rezero",
    ]);
  });

  test("float32 is exact, float16 nearly, integers within a few percent", async () => {
    const [none, half, dynamic, full] = [
      await noiseOf("float32"),
      await noiseOf("float16"),
      await noiseOf("dynamic_int8"),
      await noiseOf("int8"),
    ];
    expect(none.every(({ decibels }) => decibels === null)).toBe(true);
    expect(none.map(({ layer }) => layer).slice(0, 3)).toEqual(["stem", "block0.layer0", "block1.layer0"]);
    expect(none.at(-1)?.layer).toBe("logits");
    expect(last(half)).toBeGreaterThan(last(dynamic) + 10);
    expect(last(dynamic)).toBeGreaterThan(25);
    expect(last(full)).toBeGreaterThan(25);
  });

  test("what stays float adds no noise", async () => {
    const floats = layersOf(model).get("stem") ?? [];
    const own = { ...quantized, integers: { ranges: quantized.integers?.ranges ?? {}, floats } };
    const [stem] = await noiseOf("int8", own);
    const [rounded] = await noiseOf("int8");
    // Its value is rounded for the next layer; its picture and its kernel are not.
    expect(stem?.decibels).toBeGreaterThan((rounded?.decibels as number) + 1);
  });
});

test("the picture has a bar for each layer that is not exact, and all names", () => {
  const layers = [
    { layer: "stem", decibels: null },
    { layer: "block0.layer0", decibels: 30 },
    { layer: "block1.layer0", decibels: -3 },
    { layer: "head", decibels: 12.4 },
  ];
  const drawing = drawNoise(layers, "Noise of mixed", ["head"]);
  const svg = renderFile(drawing);
  for (const { layer } of layers) expect(svg).toContain(`>${layer}<`);
  for (const number of ["exact", "30", "-3", "12"]) expect(svg).toContain(`>${number}<`);
  const bars = [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
  expect(bars).toHaveLength(2);
  expect((bars[0] as number) / (bars[1] as number)).toBeCloseTo(30 / 12.4, 1);
  expect(drawing.description).toBe("Noise of mixed. stem exact; block0.layer0 30; block1.layer0 -3; head 12");
});
