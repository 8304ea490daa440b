/** LiteRT.js in a real browser: files as they are, on WebAssembly, under a policy that allows no eval. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeModel } from "../../src/formats/model-file.ts";
import { emitTflite, type TfliteOptions } from "../../src/formats/tflite/write/emit.ts";
import type { Model } from "../../src/model/model.ts";
import { distanceToFigures, forms, streamFigures } from "../engines/litert/steps.ts";
import { hasShared, reason, sharedFile, sharedJson } from "../formats/tflite/shared.ts";
import { figuresOf, largestDifference, modelOfFigures } from "../golden/figures.ts";
import { hashedFrames } from "../golden/material.ts";
import { hashedModel } from "../laws/models.ts";
import { streamSessionContract } from "../session/stream-session.ts";
import { hasChromium, litertFolder, type OpenPage, openPage, where } from "./chromium.ts";
import { RemoteProgram } from "./remote.ts";

const goldens = [
  { name: "t0_stream_posenc_fp32", tolerance: 1e-3 },
  { name: "a0_stream_fp16", tolerance: 1e-3 },
  { name: "a0_stream_dynamic", tolerance: 0.03 },
  { name: "a0_stream_int8", tolerance: 1e-3 },
  { name: "a0_stream_relu6_nose_int8", tolerance: 1e-3 },
];
const official = "models/movinet_a0_stream_k600_int8.tflite";

const served: Record<string, Uint8Array> = {};
let open: OpenPage;
beforeAll(async () => {
  if (!hasChromium) return;
  open = await openPage({
    entry: new URL("./litert-page.web.ts", import.meta.url),
    global: "movinet",
    served,
    folders: { litert: litertFolder },
  });
});
afterAll(async () => {
  expect(open?.errors ?? []).toEqual([]);
  await open?.close();
});

/** A model as a file in the page. */
function openExport(model: Model, options: TfliteOptions): Promise<RemoteProgram> {
  served["/export.tflite"] = emitTflite(model, options);
  return RemoteProgram.open(open.page, "/export.tflite");
}

describe.skipIf(!hasChromium)(`what is exported, on LiteRT.js ${where}`, () => {
  for (const form of forms) {
    streamSessionContract(`LiteRT.js, form ${form}`, (model) => openExport(model, { form }));
  }

  streamSessionContract("LiteRT.js, compiled from the graph", (model) => {
    served["/model.safetensors"] = writeModel(model);
    return RemoteProgram.open(open.page, "/model.safetensors", "openModel");
  });

  test.each(streamFigures)("$case: the logits of the official implementation", async (figures) => {
    const model = modelOfFigures(figures);
    for (const form of forms) {
      expect(await distanceToFigures(figures, await openExport(model, { form })), form).toBeLessThanOrEqual(1e-3);
    }
  });

  test.each([
    ["float16", 5e-3],
    ["dynamic_int8", 0.1],
  ] as const)("%s weights: within %f", async (dtype, tolerance) => {
    const figures = figuresOf("a0-stream-10classes");
    for (const form of forms) {
      const program = await openExport(modelOfFigures(figures), { form, dtype });
      expect(await distanceToFigures(figures, program), form).toBeLessThanOrEqual(tolerance);
    }
  });

  test("a file of a base model takes whole clips only", async () => {
    const model = hashedModel("t0-base", { classes: 7, resolution: { height: 32, width: 32 } });
    const program = await openExport(model, { frames: 4 });
    await expect(program.openStream()).rejects.toThrow(/takes whole clips: open it with openClip/);
    await program[Symbol.asyncDispose]();
  });
});

describe.skipIf(!hasChromium)(`files of the official exporter, on LiteRT.js ${where}`, () => {
  test.skipIf(!hasShared).each(goldens)(
    `golden/tflite/$name gives the logits of native LiteRT${reason}`,
    async (file) => {
      served["/golden.tflite"] = sharedFile(`golden/tflite/${file.name}.tflite`);
      const expected = sharedJson(`golden/tflite/${file.name}.json`).logitsXnnpack;
      const program = await RemoteProgram.open(open.page, "/golden.tflite");
      const { height, width } = program.resolution;
      const picture = 3 * height * width;
      const frames = hashedFrames(6, height, width);
      const session = await program.openStream();
      for (const [t, logits] of Object.entries(expected)) {
        const got = (await session.step(frames.subarray(Number(t) * picture, (Number(t) + 1) * picture))).logits;
        expect(largestDifference(logits, got)).toBeLessThanOrEqual(file.tolerance);
      }
      await program[Symbol.asyncDispose]();
    },
  );

  test.skipIf(!hasShared)(`the file of the official exporter for Kinetics-600 steps${reason}`, async () => {
    served["/official.tflite"] = sharedFile(official);
    const program = await RemoteProgram.open(open.page, "/official.tflite");
    const session = await program.openStream();
    const logits = (await session.step(hashedFrames(1, 172, 172))).logits;
    expect(logits.length).toBe(600);
    expect(Object.keys(await session.snapshot()).length).toBe(13);
    await program[Symbol.asyncDispose]();
  });
});
