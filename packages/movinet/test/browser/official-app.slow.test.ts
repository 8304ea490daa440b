/** A program that knows nothing but the official signature takes Google's files and ours, with no change. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { channelsLast } from "../../src/engines/layout.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import { hasShared, reason, sharedFile, sharedJson } from "../formats/tflite/shared.ts";
import { figuresOf, largestDifference, modelOfFigures } from "../golden/figures.ts";
import { hashedFrames } from "../golden/material.ts";
import { hasChromium, litertFolder, type OpenPage, openPage, where } from "./chromium.ts";
import { toPlain } from "./remote.ts";

describe.skipIf(!hasChromium)(`somebody else's program ${where}`, () => {
  const served: Record<string, Uint8Array> = {};
  let open: OpenPage;
  beforeAll(async () => {
    const folders = { litert: litertFolder };
    open = await openPage({
      entry: new URL("./official-app.web.ts", import.meta.url),
      global: "officialApp",
      served,
      folders,
    });
  });
  afterAll(() => open?.close());

  /** The logits of a file after each hashed frame. */
  async function run(bytes: Uint8Array, frames: number, height: number, width: number): Promise<number[][]> {
    served["/app.tflite"] = bytes;
    const size = 3 * height * width;
    const images = hashedFrames(frames, height, width);
    const planes = Array.from({ length: frames }, (_, t) => images.subarray(t * size, (t + 1) * size));
    const text = toPlain(channelsLast(planes, { channels: 3, height, width })).text;
    const results = (await open.page.evaluate(`officialApp("/app.tflite", "${text}")`)) as number[][];
    expect(open.errors).toEqual([]);
    expect(results.length).toBe(frames);
    return results;
  }

  test.skipIf(!hasShared)(`the file of the official exporter for Kinetics-600${reason}`, async () => {
    const results = await run(sharedFile("models/movinet_a0_stream_k600_int8.tflite"), 4, 172, 172);
    expect(results.map((logits) => logits.length)).toEqual([600, 600, 600, 600]);
    expect(results.flat().every(Number.isFinite)).toBe(true);
  });

  test.skipIf(!hasShared).each([
    ["t0_stream_posenc_fp32", 160],
    ["a0_stream_int8", 172],
  ] as const)(`an official export with known logits: %s${reason}`, async (name, side) => {
    const results = await run(sharedFile(`golden/tflite/${name}.tflite`), 6, side, side);
    for (const [t, logits] of Object.entries(sharedJson(`golden/tflite/${name}.json`).logitsXnnpack)) {
      expect(largestDifference(logits, results[Number(t)] ?? [])).toBeLessThanOrEqual(1e-3);
    }
  });

  test.each(["a0-stream", "a0-stream-relu6-nose", "a3-stream", "t0-stream"])(
    "our official form of %s",
    async (name) => {
      const figures = figuresOf(name);
      const [, frames, height, width] = figures.shape;
      const results = await run(emitTflite(modelOfFigures(figures), { form: "official" }), frames, height, width);
      for (const [t, logits] of Object.entries(figures.logits)) {
        expect(largestDifference(logits, results[Number(t)] ?? [])).toBeLessThanOrEqual(1e-3);
      }
    },
  );
});
