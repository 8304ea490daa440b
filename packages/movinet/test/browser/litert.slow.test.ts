/** LiteRT.js in a real browser: files as they are, on WebAssembly, under a policy that allows no eval. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { largestDifference } from "../golden/figures.ts";
import { hashedFrames } from "../golden/material.ts";
import { hasShared, reason, sharedFile, sharedJson } from "../tflite/shared.ts";
import { hasChromium, type OpenPage, openPage, where } from "./chromium.ts";
import { RemoteProgram } from "./remote.ts";

const wasm = join(dirname(createRequire(import.meta.url).resolve("@litertjs/core")), "../wasm");
const goldens = [
  { name: "t0_stream_posenc_fp32", tolerance: 1e-3 },
  { name: "a0_stream_fp16", tolerance: 1e-3 },
  { name: "a0_stream_dynamic", tolerance: 0.03 },
  { name: "a0_stream_int8", tolerance: 1e-3 },
  { name: "a0_stream_relu6_nose_int8", tolerance: 1e-3 },
];
const official = "models/movinet_a0_stream_k600_int8.tflite";

describe.skipIf(!hasChromium)(`LiteRT.js ${where}`, () => {
  const served: Record<string, Uint8Array> = {};
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage({ entry: "./litert-page.web.ts", global: "movinet", served, folders: { litert: wasm } });
  });
  afterAll(async () => {
    expect(open.errors).toEqual([]);
    await open.close();
  });

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
        const got = await session.step(frames.subarray(Number(t) * picture, (Number(t) + 1) * picture));
        expect(largestDifference(logits, got)).toBeLessThanOrEqual(file.tolerance);
      }
      await program[Symbol.asyncDispose]();
    },
  );

  test.skipIf(!hasShared)(`the file of the official exporter for Kinetics-600 steps${reason}`, async () => {
    served["/official.tflite"] = sharedFile(official);
    const program = await RemoteProgram.open(open.page, "/official.tflite");
    const session = await program.openStream();
    const logits = await session.step(hashedFrames(1, 172, 172));
    expect(logits.length).toBe(600);
    expect(Object.keys(await session.snapshot()).length).toBe(13);
    await program[Symbol.asyncDispose]();
  });
});
