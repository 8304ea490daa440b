/** The library in a real browser: a model steps in Chromium, with onnxruntime-web and with our own WebAssembly, like the reference. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeModel } from "../../src/formats/model-file.ts";
import { figuresOf, largestDifference, modelOfFigures } from "../golden/figures.ts";
import { hashedFrames } from "../golden/material.ts";
import { hasChromium, type OpenPage, openPage, ortFolder, where } from "./chromium.ts";

describe.skipIf(!hasChromium)(`stream models ${where}`, () => {
  const figures = figuresOf("t0-stream-posenc-10classes");
  const [, frames, height, width] = figures.shape;
  let open: OpenPage;

  beforeAll(async () => {
    open = await openPage({
      entry: new URL("./page.web.ts", import.meta.url),
      global: "step",
      served: {
        "/model.safetensors": writeModel(modelOfFigures(figures)),
        "/frames.bin": new Uint8Array(hashedFrames(frames, height, width).buffer),
      },
      folders: { ort: ortFolder },
    });
  });
  afterAll(() => open?.close());

  test.each(["auto", "onnxruntime", "wasm without relaxed SIMD"])(
    "on %s, frame by frame like the reference",
    async (device) => {
      const logits = (await open.page.evaluate(`step(${frames}, "${device}")`)) as number[];
      expect(open.errors).toEqual([]);
      expect(largestDifference(figures.logits[frames - 1] as number[], logits)).toBeLessThanOrEqual(1e-4);
    },
  );
});
