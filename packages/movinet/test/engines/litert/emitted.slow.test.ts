/** What is exported runs on LiteRT.js like the network, and its sessions keep the contract. */
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { litertEngine } from "../../../src/engines/litert/litert.node.ts";
import { nodeEngine } from "../../../src/engines/onnxruntime/onnx.node.ts";
import { emitTflite } from "../../../src/formats/tflite/write/emit.ts";
import { Program } from "../../../src/session/program.ts";
import { modelOfFigures } from "../../golden/figures.ts";
import { distance, hashedModel, randomPictures } from "../../laws/models.ts";
import { clipSessionContract, recentSessionContract, streamSessionContract } from "../../session/stream-session.ts";
import { distanceToFigures, forms, streamFigures } from "./steps.ts";

for (const form of forms) {
  streamSessionContract(`LiteRT.js, form ${form}`, async (model) =>
    Program.open(emitTflite(model, { form }), form, await litertEngine()),
  );
}
clipSessionContract("LiteRT.js, a file of whole clips", async (model) =>
  Program.open(emitTflite(model), "clip", await litertEngine()),
);
recentSessionContract("LiteRT.js, form step", async (model) =>
  Program.open(emitTflite(model, { form: "step" }), "step", await litertEngine()),
);

describe("a model compiled from its graph", () => {
  test.each([
    ["a0-stream", { squeezeExcite: "none" }],
    ["t0-stream", { positionalEncoding: true }],
  ] as const)("%s %o tells of the recent past what ONNX Runtime tells", async (name, options) => {
    const model = hashedModel(name, { ...options, classes: 7, resolution: { height: 48, width: 64 } });
    const programs = await Promise.all(
      [nodeEngine({ threads: 1 }), litertEngine()].map(async (engine) => Program.compile(model, await engine)),
    );
    const [a, b] = await Promise.all(programs.map((program) => program.openStream({ recentHalfLifeFrames: 3 })));
    for (let t = 0; t < 5; t++) {
      const picture = randomPictures(t, 1, 48, 64);
      const [expected, got] = [await a!.step(picture), await b!.step(picture)];
      expect(distance(expected.logits, got.logits)).toBeLessThanOrEqual(1e-4);
      expect(distance(expected.recent as Float32Array, got.recent as Float32Array)).toBeLessThanOrEqual(1e-4);
    }
    for (const program of programs) await program[Symbol.asyncDispose]();
  });

  test("steps of several frames are refused, windows of a base model are not", async () => {
    const litert = await litertEngine();
    const stream = hashedModel("t0-stream", { classes: 7, resolution: { height: 32, width: 32 } });
    const chunk = buildGraph(stream.spec, { form: "step", frames: 2 });
    await expect(litert.load({ graph: chunk, weights: stream.weights })).rejects.toMatchObject({
      code: "E_MODEL_EXPORT",
    });
    const base = hashedModel("t0-base", { classes: 7, resolution: { height: 32, width: 32 } });
    const model = { ...base, card: { ...base.card, frames: 4 } };
    const logits = await Promise.all(
      [nodeEngine({ threads: 1 }), litert].map(async (engine) => {
        const session = await (await Program.compile(model, await engine)).openClip();
        return session.run(randomPictures(2, 4, 32, 32));
      }),
    );
    expect(distance(logits[0]!, logits[1]!)).toBeLessThanOrEqual(1e-4);
  });
});

describe("exports of A0 and T0 give the logits of the official implementation", () => {
  test.each(streamFigures.filter(({ variant }) => /[at]0/.test(variant)))("$case", async (figures) => {
    const model = modelOfFigures(figures);
    for (const form of forms) {
      const program = await Program.open(emitTflite(model, { form }), form, await litertEngine());
      expect(await distanceToFigures(figures, program), form).toBeLessThanOrEqual(1e-4);
    }
  });
});

test("a base model runs as whole clips, shorter ones repeated", async () => {
  const base = hashedModel("t0-base", { classes: 7, resolution: { height: 48, width: 64 } });
  const model = { ...base, card: { ...base.card, name: "mine", labels: [..."abcdefg"], frames: 6 } };
  const [ours, file] = [
    await Program.compile(model, await nodeEngine({ threads: 1 })),
    await Program.open(emitTflite(model), "t0-base.tflite", await litertEngine()),
  ];
  expect(file.model.card).toEqual(model.card);
  const [a, b] = [await ours.openClip(), await file.openClip()];
  for (const frames of [6, 4]) {
    const clip = randomPictures(5, frames, 48, 64);
    expect(distance(await a.run(clip), await b.run(clip))).toBeLessThanOrEqual(1e-4);
  }
  await expect(file.openStream()).rejects.toThrow(/t0-base.tflite takes whole clips: open it with openClip/);
  await ours[Symbol.asyncDispose]();
  await file[Symbol.asyncDispose]();
});

test("labels that are not as many as classes are refused", async () => {
  const bytes = emitTflite(hashedModel("t0-stream", { classes: 7, resolution: { height: 32, width: 32 } }));
  const opening = Program.open(bytes, "t0.tflite", await litertEngine(), { labels: ["one"] });
  await expect(opening).rejects.toMatchObject({ code: "E_MODEL_LABELS" });
});
