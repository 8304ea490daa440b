/** Files of the official exporter, opened as they are by LiteRT.js in Node. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { litertEngine } from "../../../src/engines/litert/litert.node.ts";
import { nodeEngine } from "../../../src/engines/onnxruntime/onnx.node.ts";
import { open } from "../../../src/flow/open.node.ts";
import { readModel } from "../../../src/formats/model-file.ts";
import { Program } from "../../../src/session/program.ts";
import { hasShared, reason, sharedFile, sharedJson } from "../../formats/tflite/shared.ts";
import { largestDifference } from "../../golden/figures.ts";
import { hashedFrames } from "../../golden/material.ts";
import { distance, interleave, randomPictures } from "../../laws/models.ts";
import { carvingIce, officialModel, sharedFolder } from "../../shared.ts";
import { told } from "../../told.ts";

/** Distance to native LiteRT with XNNPACK; the dynamic file quantizes activations, which turns tiny differences into steps. */
const files = [
  { name: "t0_stream_posenc_fp32", tolerance: 1e-5 },
  { name: "a0_stream_fp16", tolerance: 1e-5 },
  { name: "a0_stream_dynamic", tolerance: 0.03 },
  { name: "a0_stream_int8", tolerance: 1e-5 },
  { name: "a0_stream_relu6_nose_int8", tolerance: 1e-5 },
];

test.skipIf(!hasShared).each(files)(`$name gives the logits of native LiteRT${reason}`, async ({ name, tolerance }) => {
  const expected = sharedJson(`golden/tflite/${name}.json`).logitsXnnpack;
  const program = await Program.open(sharedFile(`golden/tflite/${name}.tflite`), name, await litertEngine());
  const { height, width } = program.model.spec.resolution;
  const picture = 3 * height * width;
  const frames = hashedFrames(6, height, width);
  const session = await program.openStream();
  for (const [t, logits] of Object.entries(expected)) {
    const got = (await session.step(frames.subarray(Number(t) * picture, (Number(t) + 1) * picture))).logits;
    expect(got.length).toBe(10);
    expect(largestDifference(logits, got)).toBeLessThanOrEqual(tolerance);
  }
  await session[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
});

describe.skipIf(!hasShared)(`a float32 file${reason}`, () => {
  const name = "t0_stream_posenc_fp32.tflite";
  const side = 160;
  const picture = 3 * side * side;
  const frames = randomPictures(7, 5, side, side);
  const frame = (t: number) => frames.subarray(t * picture, (t + 1) * picture);
  const labels = [..."abcdefghij"];
  let program: Program;
  beforeAll(async () => {
    program = await Program.open(sharedFile(`golden/tflite/${name}`), name, await litertEngine(), { labels });
  });
  afterAll(() => program?.[Symbol.asyncDispose]());

  test("tells what can be known of it", () => {
    const { spec, card } = program.model;
    expect(spec).toEqual({ mode: "stream", classes: 10, resolution: { height: side, width: side } });
    expect(card).toMatchObject({ name: "t0-stream", fps: 2.5, labels, input: { width: side, height: side } });
  });

  test("its state and that of the imported model are the same, and continue each other", async () => {
    const imported = await Program.compile(readModel(sharedFile(`golden/tflite/${name}`), name), await nodeEngine());
    const [ours, theirs] = [await imported.openStream(), await program.openStream()];
    expect(theirs.stateBytes).toBe(ours.stateBytes);
    await ours.step(frames.subarray(0, 3 * picture));
    await theirs.step(frames.subarray(0, 3 * picture));
    const [a, b] = [await ours.snapshot(), await theirs.snapshot()];
    expect(Object.keys(b).sort()).toEqual(Object.keys(a).sort());
    for (const [state, { shape, data }] of Object.entries(a)) {
      expect(b[state]?.shape, state).toEqual(shape);
      expect(distance(data, b[state]?.data ?? []), state).toBeLessThanOrEqual(1e-3);
    }
    await theirs.reset();
    await theirs.restore(a);
    await ours.restore(b);
    expect(distance((await ours.step(frame(3))).logits, (await theirs.step(frame(3))).logits)).toBeLessThanOrEqual(
      1e-4,
    );
    await imported[Symbol.asyncDispose]();
  });

  test("restore continues bit-equal, reset begins anew, streams are apart", async () => {
    const session = await program.openStream({ streams: 2 });
    const other = randomPictures(8, 5, side, side);
    await session.step(interleave([frames.subarray(0, 2 * picture), other.subarray(0, 2 * picture)], picture));
    const state = await session.snapshot(1);
    const next = interleave([frame(2), other.subarray(2 * picture, 3 * picture)], picture);
    const first = (await session.step(next)).logits;
    await session.restore(state, 1);
    await session.reset(0);
    const again = (await session.step(next)).logits;
    expect(again.subarray(10)).toEqual(first.subarray(10));
    const alone = await program.openStream();
    expect(again.subarray(0, 10)).toEqual((await alone.step(frame(2))).logits);
    await expect(session.restore({ ...state, state_nowhere: state["state_head_pool_buffer"]! })).rejects.toThrow(
      told("E_MODEL_STATE", /unknown state_nowhere/),
    );
  });

  test("pools with a half-life forget by the nearest whole count", async () => {
    const imported = await Program.compile(readModel(sharedFile(`golden/tflite/${name}`), name), await nodeEngine());
    const halfLifeFrames = Math.log(0.5) / Math.log(3 / 4); // keeps 3/4 of the past: four frames
    const [exact, counted] = [
      await imported.openStream({ halfLifeFrames }),
      await program.openStream({ halfLifeFrames }),
    ];
    const still = new Float32Array(picture).fill(0.3);
    for (let t = 0; t < 4; t++) await Promise.all([exact.step(frame(t)), counted.step(frame(t))]);
    for (let t = 0; t < 20; t++) await Promise.all([exact.step(still), counted.step(still)]);
    expect(distance((await exact.step(still)).logits, (await counted.step(still)).logits)).toBeLessThanOrEqual(2e-3);
    const state = await counted.snapshot();
    expect(state["state_head_pool_frame_count"]?.data).toEqual(Int32Array.of(4));
    expect(state["state_block1_layer0_pos_enc_frame_count"]?.data).toEqual(Int32Array.of(25));
    await imported[Symbol.asyncDispose]();
  });
});

describe.skipIf(!hasShared)(`the official int8 file${reason}`, () => {
  test("states that it hands back as they came are no part of a snapshot", async () => {
    const path = "models/movinet_a0_stream_k600_int8.tflite";
    const program = await Program.open(sharedFile(path), path, await litertEngine());
    const session = await program.openStream();
    await session.step(new Float32Array(3 * 172 * 172));
    const state = await session.snapshot();
    expect(Object.keys(state).length).toBe(13);
    const passed = { shape: [1], data: Int32Array.of(0) };
    await session.restore({ ...state, state_block0_layer0_pool_frame_count: passed });
    expect(program.model.card.fps).toBe(5);
    await program[Symbol.asyncDispose]();
  });

  test("names the action in a real video", async () => {
    const labels = `${sharedFolder}/models/kinetics600_label_map.txt`;
    await using recognizer = await open(readFileSync(officialModel), { device: "litert", labels });
    let last: string | undefined;
    for await (const { predictions } of recognizer.classify(carvingIce, { recent: true })) last = predictions[0]?.label;
    expect(last).toBe("carving ice");
  });

  test("damaged files and files of something else are refused", async () => {
    const litert = await litertEngine();
    const bytes = sharedFile("models/movinet_a0_stream_k600_int8.tflite");
    await expect(Program.open(bytes.subarray(0, 100_000), "cut.tflite", litert)).rejects.toMatchObject({
      code: expect.stringMatching(/^E_MODEL_(FORMAT|RUNTIME)$/),
      subject: "cut.tflite",
    });
    await expect(Program.open(new TextEncoder().encode("no model at all"), "x.tflite", litert)).rejects.toMatchObject({
      code: "E_MODEL_FORMAT",
    });
  });
});
