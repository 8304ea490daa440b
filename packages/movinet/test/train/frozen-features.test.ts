import { afterAll, beforeAll, expect, test } from "vitest";
import type { Pictures } from "../../src/data/resample.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { preprocess } from "../../src/flow/preprocess.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import type { Model } from "../../src/model/model.ts";
import { Program } from "../../src/session/program.ts";
import { FrozenBody } from "../../src/train/frozen-features.ts";
import { headOf } from "../../src/train/frozen-head.ts";
import { chooseFrozenView } from "../../src/train/frozen-view.ts";
import { timesKernel } from "../../src/train/linear-algebra.ts";
import { distance, hashedModel } from "../laws/models.ts";

const size = { width: 32, height: 32 };
const options = { resolution: size, classes: 10 };
let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
const bodies: FrozenBody[] = [];
const compile = async (model: Model) => {
  const body = await FrozenBody.compile(model, engine);
  bodies.push(body);
  return body;
};
afterAll(async () => {
  for (const body of bodies) await body[Symbol.asyncDispose]();
});

function clipOf(frames: number, width = 32, height = 32): Pictures {
  const data = Uint8Array.from({ length: frames * width * height * 3 }, (_, i) => (i * 7919 + (i >> 5) * 31) % 251);
  return { data, frames, width, height };
}
const picturesOf = ({ data, frames, width, height }: Pictures, model: Model) =>
  Array.from({ length: frames }, (_, t) => {
    const bytes = width * height * 3;
    return preprocess({ data: data.subarray(t * bytes, (t + 1) * bytes), width, height }, model.card.input).slice();
  });
/** The model's logits of what its head is given. */
function logitsOf(model: Model, pooled: Float32Array): Float64Array {
  const kernel = (model.weights.get("classifier2.kernel") as Tensor).data;
  const bias = (model.weights.get("classifier2.bias") as Tensor).data;
  return timesKernel(headOf(model).hidden(pooled), kernel).map((value, c) => value + bias[c]!);
}

test("a stream's pooled vector gives the logits that the model gives after the last frame", async () => {
  for (const squeezeExcite of ["none", "2plus3d"] as const) {
    const model = hashedModel("t0-stream", { ...options, squeezeExcite });
    for (const clip of [clipOf(5), clipOf(3, 50, 40)]) {
      const pooled = await (await compile(model)).pool(clip);
      const program = await Program.compile(model, engine);
      const session = await program.openStream();
      let logits = new Float32Array();
      for (const picture of picturesOf(clip, model))
        logits = (await session.step(picture)).logits as Float32Array<ArrayBuffer>;
      expect(distance(logitsOf(model, pooled), logits)).toBeLessThan(1e-4);
      await program[Symbol.asyncDispose]();
    }
  }
});

test("a base model's window gives the logits that the model gives of it", async () => {
  const base = hashedModel("t0-base", options);
  const model = { ...base, card: { ...base.card, frames: 4 } };
  const body = await compile(model);
  const program = await Program.compile(model, engine);
  const session = await program.openClip();
  for (const frames of [4, 3]) {
    const clip = clipOf(frames);
    const images = Float32Array.from(picturesOf(clip, model).flatMap((picture) => [...picture]));
    const logits = await session.run(images);
    expect(distance(logitsOf(model, await body.pool(clip)), logits)).toBeLessThan(1e-4);
  }
  const [whole, first] = [await body.pool(clipOf(5)), await body.pool(clipOf(4))];
  expect(distance(whole, first)).toBe(0);
  await program[Symbol.asyncDispose]();
});

test("a mirrored clip is the clip of mirrored pictures", async () => {
  const model = hashedModel("t0-stream", options);
  const body = await compile(model);
  const clip = clipOf(2);
  const mirrored = clip.data.slice();
  for (let row = 0; row < clip.frames * clip.height; row++) {
    for (let x = 0; x < clip.width; x++) {
      for (let c = 0; c < 3; c++) {
        mirrored[(row * clip.width + x) * 3 + c] = clip.data[(row * clip.width + clip.width - 1 - x) * 3 + c] as number;
      }
    }
  }
  expect(distance(await body.pool(clip, { mirror: true }), await body.pool({ ...clip, data: mirrored }))).toBe(0);
});

test("is ended by its signal, refuses clips without frames", async () => {
  const body = await compile(hashedModel("t0-stream", options));
  await expect(body.pool(clipOf(2), { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  await expect(body.pool(clipOf(0))).rejects.toThrow(
    "a clip must have 32 × 32 × 3 bytes per frame, got 0 bytes for 0 frames",
  );
});

test("short clips are seen faster and in two ways, long ones as the model sees them", () => {
  const card = { fps: 5, input: { ...size, fit: "crop" as const } };
  expect(chooseFrozenView(card, [10, 2, 12])).toEqual({ fps: 5, fits: ["crop"] });
  expect(chooseFrozenView(card, [2.002, 2.002, 10])).toEqual({ fps: 8, fits: ["crop", "squash"] });
  expect(chooseFrozenView(card, [0.5])).toEqual({ fps: 10, fits: ["crop", "squash"] });
  expect(chooseFrozenView({ ...card, fps: 10 }, [0.5], 5).fps).toBe(10); // no faster from one training to the next
  expect(chooseFrozenView(card, [3])).toEqual({ fps: 5, fits: ["crop"] });
  expect(chooseFrozenView(card, [])).toEqual({ fps: 5, fits: ["crop"] });
});
