/** ONNX files of ours are models again: the same network comes out, whatever it is made of. */
import { describe, expect, test } from "vitest";
import type { SpecName, SpecOptions } from "../../../src/arch/spec.ts";
import { nodeEngine } from "../../../src/engines/onnxruntime/onnx.node.ts";
import { readModel } from "../../../src/formats/model-file.ts";
import { emitOnnx, type OnnxOptions } from "../../../src/formats/onnx/write/file.ts";
import type { Model } from "../../../src/model/model.ts";
import { Program } from "../../../src/session/program.ts";
import { distance, hashedModel, randomPictures } from "../../laws/models.ts";

const small: SpecOptions = { classes: 5, resolution: { height: 32, width: 44 } };
const labels = ["a", "b", "c", "d", "e"];
const frames = 4;

async function logitsOf(model: Model): Promise<Float32Array> {
  const program = await Program.compile(model, await nodeEngine({ threads: 1 }));
  const pictures = randomPictures(7, frames, 32, 44);
  try {
    if (model.spec.mode === "base") return await (await program.openClip()).run(pictures);
    const session = await program.openStream();
    const size = pictures.length / frames;
    let logits = new Float32Array();
    for (let t = 0; t < frames; t++)
      logits = (await session.step(pictures.slice(t * size, (t + 1) * size))).logits.slice();
    return logits;
  } finally {
    await program[Symbol.asyncDispose]();
  }
}

const cases: readonly (readonly [SpecName, SpecOptions, OnnxOptions])[] = [
  ["a0-stream", {}, {}],
  ["a0-stream", {}, { form: "clip", frames: 6 }],
  ["a1-stream", { convType: "3d", squeezeExcite: "3d", gate: "hard_sigmoid_a" }, {}],
  ["a2-stream", { convType: "3d_2plus1d", squeezeExcite: "2d", gate: "sigmoid" }, {}],
  ["a3-stream", {}, {}],
  ["t0-stream", { positionalEncoding: true, activation: "swish" }, { form: "clip", frames: 1 }],
  ["t0-stream", { squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" }, {}],
  ["a0-base", {}, {}],
  ["t0-base", { convType: "2plus1d", squeezeExcite: "none" }, {}],
];

describe("a file of ours is opened again", () => {
  test.each(cases)("%s %o as %o: spec, card and logits", async (name, options, file) => {
    const hashed = hashedModel(name, { ...small, ...options });
    const model = { ...hashed, card: { ...hashed.card, labels, frames: hashed.card.frames && frames } };
    const read = readModel(emitOnnx(model, file), "mine.onnx");
    expect(read).toMatchObject({ format: "onnx", spec: model.spec, card: model.card, warnings: [] });
    const expected = await logitsOf(model);
    const scale = Math.max(...expected.map(Math.abs));
    expect(distance(await logitsOf(read), expected) / scale).toBeLessThan(2e-5);
  });

  test("in half precision: what the file computes with", async () => {
    const model = hashedModel("a0-stream", small);
    const half = readModel(emitOnnx(model, { dtype: "float16" }), "mine.onnx");
    const [a, b] = [await logitsOf(model), await logitsOf(half)];
    expect(distance(a, b)).toBeGreaterThan(0);
    expect(distance(a, b)).toBeLessThan(0.01);
    const again = readModel(emitOnnx(half, { dtype: "float16" }), "mine.onnx");
    expect(distance(await logitsOf(again), b)).toBeLessThan(1e-5);
  });
});

test("tensors that were renamed or reshaped are named", () => {
  const bytes = Buffer.from(emitOnnx(hashedModel("t0-stream", small)));
  const name = "classifier2.bias";
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) bytes.write("classifier2.bia5", at);
  expect(() => readModel(new Uint8Array(bytes), "m.onnx")).toThrow(
    expect.objectContaining({
      code: "E_MODEL_TENSORS",
      message: expect.stringContaining("1 missing: classifier2.bias"),
    }),
  );
});
