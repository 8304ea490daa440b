/** ONNX files step as the network does, by their documented names alone. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { SpecOptions } from "../../../src/arch/spec.ts";
import { emitOnnx } from "../../../src/formats/onnx/write/file.ts";
import type { Model } from "../../../src/model/model.ts";
import { distance, hashedModel, randomPictures } from "../../laws/models.ts";
import { told } from "../../told.ts";
import { clipLogits } from "../tflite/hosts.ts";

const small: SpecOptions = { classes: 5, resolution: { height: 32, width: 44 } };
const picture = 3 * 32 * 44;
const frames = 5;

async function open(bytes: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
}

/** A host that knows the names only: streams `[B][T, 3, H, W]` → logits after each frame. */
async function host(bytes: Uint8Array, streams: readonly Float32Array[]): Promise<Float32Array[]> {
  const session = await open(bytes);
  const batch = streams.length;
  const states = new Map<string, Tensor>();
  for (const meta of session.inputMetadata) {
    if (!meta.isTensor || !meta.name.startsWith("state_")) continue;
    const dims = [batch, ...meta.shape.slice(1).map(Number)];
    states.set(meta.name, new Tensor(new Float32Array(dims.reduce((a, b) => a * b, 1)), dims));
  }
  const clocks = session.inputNames.filter((name) => name === "inverse_count" || name === "position");
  const logits: Float32Array[] = [];
  for (let t = 0; t < frames; t++) {
    const image = Float32Array.from(streams.flatMap((stream) => [...stream.subarray(t * picture, (t + 1) * picture)]));
    const clock = (name: string) => new Float32Array(batch).fill(name === "position" ? t : 1 / (t + 1));
    const fed = Object.fromEntries(clocks.map((name) => [name, new Tensor(clock(name), [batch, 1, 1, 1])]));
    const outputs = await session.run({
      ...Object.fromEntries(states),
      ...fed,
      image: new Tensor(image, [batch, 3, 32, 44]),
    });
    logits.push(outputs["logits"]?.data as Float32Array);
    const seen = new Map([...states, ...Object.entries(outputs)]);
    for (const [name, before] of states) {
      const slot = /^(.*_stream_buffer_)(\d+)$/.exec(name);
      if (slot) states.set(name, seen.get(`${slot[1]}${Number(slot[2]) + 1}`) as Tensor);
      else {
        const added = seen.get(`${name}_frame`)?.data as Float32Array;
        const sum = (before.data as Float32Array).map((value, i) => value + (added[i] as number));
        states.set(name, new Tensor(sum, before.dims));
      }
    }
  }
  await session.release();
  return logits;
}

const networks: readonly (readonly [string, Model])[] = (
  [
    ["a0-stream", {}],
    ["a0-stream", { convType: "3d", squeezeExcite: "3d", gate: "hard_sigmoid_a" }],
    ["a0-stream", { squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" }],
    ["t0-stream", { positionalEncoding: true }],
  ] as const
).map(([name, options]) => [`${name} ${JSON.stringify(options)}`, hashedModel(name, { ...small, ...options })]);

describe("the step form", () => {
  test.each(networks)("frame by frame = the whole clip, for two streams in a batch: %s", async (_, model) => {
    const streams = [randomPictures(1, frames, 32, 44), randomPictures(2, frames, 32, 44)];
    const logits = await host(emitOnnx(model), streams);
    for (const [b, stream] of streams.entries()) {
      for (let t = 0; t < frames; t++) {
        const own = (logits[t] as Float32Array).subarray(5 * b, 5 * b + 5);
        expect(distance(own, clipLogits(model, stream.subarray(0, (t + 1) * picture)))).toBeLessThan(1e-4);
      }
    }
  });

  test("half precision: half the bytes, logits within what halves of the weights can do", async () => {
    const model = hashedModel("a0-stream", small);
    const [full, half] = [emitOnnx(model), emitOnnx(model, { dtype: "float16" })];
    expect(half.length / full.length).toBeLessThan(0.53);
    const stream = randomPictures(1, frames, 32, 44);
    const [a, b] = [await host(full, [stream]), await host(half, [stream])];
    expect(distance(a.at(-1) ?? [], b.at(-1) ?? [])).toBeLessThan(0.01);
    expect(distance(a.at(-1) ?? [], b.at(-1) ?? [])).toBeGreaterThan(0);
  });
});

describe("the clip form", () => {
  test.each(["a0-base", "t0-stream"] as const)("two clips in a batch: %s", async (name) => {
    const model = hashedModel(name, { ...small, positionalEncoding: name === "t0-stream" });
    const session = await open(emitOnnx(model, { form: "clip", frames }));
    const clips = [randomPictures(1, frames, 32, 44), randomPictures(2, frames, 32, 44)];
    const rows = Array.from({ length: 2 * frames }, (_, row) => ({ t: row >> 1, b: row % 2 }));
    const image = rows.flatMap(({ t, b }) => [...(clips[b] as Float32Array).subarray(t * picture, (t + 1) * picture)]);
    const column = (value: (t: number) => number) => {
      return new Tensor(
        Float32Array.from(rows, ({ t }) => value(t)),
        [2 * frames, 1, 1, 1],
      );
    };
    const clocks = { inverse_count: column((t) => 1 / (t + 1)), position: column((t) => t) };
    const fed = Object.entries(clocks).filter(([clock]) => session.inputNames.includes(clock));
    const { logits } = await session.run({
      image: new Tensor(Float32Array.from(image), [2 * frames, 3, 32, 44]),
      ...Object.fromEntries(fed),
    });
    expect(logits?.dims).toEqual([2, 5]);
    for (const [b, clip] of clips.entries()) {
      const own = (logits?.data ?? []).slice(5 * b, 5 * b + 5) as Float32Array;
      expect(distance(own, clipLogits(model, clip))).toBeLessThan(1e-4);
    }
    await session.release();
  });

  test("what has no such form", () => {
    expect(() => emitOnnx(hashedModel("a0-base", small), { form: "step" })).toThrow(
      told("E_MODEL_EXPORT", /has no ONNX step form/),
    );
    expect(() => emitOnnx(hashedModel("a0-stream", small), { form: "clip" })).toThrow(
      told("E_MODEL_EXPORT", /needs a number of frames/),
    );
  });
});
