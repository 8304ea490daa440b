/** What is no session, and yet must be disposed of: once, and no use of it afterwards. */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { ClipMode } from "../../src/evaluate/agreement.ts";
import { emitOnnx } from "../../src/formats/onnx/write/file.ts";
import { Program } from "../../src/session/program.ts";
import { FrozenBody } from "../../src/train/frozen-features.ts";
import { Decoders, openVideo } from "../../src/video/video.node.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";
import { disposed } from "../session/stream-session.ts";
import { makeVideo } from "../video/make-video.ts";

const model = hashedModel("t0-stream", { classes: 7, resolution: { height: 32, width: 32 } });
const picture = randomPictures(1, 1, 32, 32);
const folder = mkdtempSync(join(tmpdir(), "movinet-disposal-"));
const clip = join(folder, "clip.mp4");
makeVideo(clip, { count: 20 });
afterAll(() => rm(folder, { recursive: true }));

async function expectOnce(one: AsyncDisposable): Promise<void> {
  await Promise.all([one[Symbol.asyncDispose](), one[Symbol.asyncDispose]()]);
  await one[Symbol.asyncDispose]();
}

test("an ONNX file: runs that are not awaited are carried out in order, and come to their end", async () => {
  const engine = await nodeEngine({ threads: 1 });
  const file = await Program.open(emitOnnx(model, { form: "step" }), "file.onnx", engine);
  const opened = await file.openStream();
  const runs = [opened.step(picture), opened.step(randomPictures(2, 1, 32, 32))] as const;
  const disposal = expectOnce(file);
  await expect(file.openStream()).rejects.toMatchObject({ ...disposed, subject: "file.onnx" });
  const program = await Program.compile(model, engine);
  const session = await program.openStream();
  expect(distance((await session.step(picture)).logits, (await runs[0]).logits)).toBeLessThanOrEqual(1e-4);
  expect(
    distance((await session.step(randomPictures(2, 1, 32, 32))).logits, (await runs[1]).logits),
  ).toBeLessThanOrEqual(1e-4);
  await disposal;
  await program[Symbol.asyncDispose]();
});

test("a frozen body and the whole clips of an evaluation", async () => {
  const engine = await nodeEngine({ threads: 1 });
  const body = await FrozenBody.compile(model, engine);
  const frozen = { data: new Uint8Array(3 * 32 * 32), frames: 1, width: 32, height: 32 };
  const pooled = body.pool(frozen);
  await expectOnce(body);
  expect((await pooled).length).toBe(model.spec.head);
  await expect(body.pool(frozen)).rejects.toMatchObject(disposed);

  const whole = new ClipMode(model, engine);
  const compared = whole.compare([picture], new Float32Array(7));
  await expectOnce(whole);
  await compared;
  expect(whole.agreement?.clips).toBe(1);
  await expect(whole.compare([picture], new Float32Array(7))).rejects.toMatchObject(disposed);
});

describe("videos and decoders", () => {
  const read = async (video: AsyncIterable<unknown>) => {
    let frames = 0;
    for await (const _ of video) frames++;
    return frames;
  };

  test("before the first picture, in the midst of the loop, and at the end", async () => {
    const unread = openVideo(clip, { fps: 5 });
    await expectOnce(unread);
    await expect(read(unread)).rejects.toMatchObject({ ...disposed, subject: clip });

    const video = openVideo(clip, { fps: 5 });
    const reading = (async () => {
      for await (const _ of video) await video[Symbol.asyncDispose]();
    })();
    await expect(reading).rejects.toMatchObject(disposed);

    const whole = openVideo(clip, { fps: 5 });
    expect(await read(whole)).toBeGreaterThan(0);
    await expectOnce(whole);
  });

  test("decoders: a video at work goes on, no other is opened", async () => {
    const decoders = new Decoders();
    const video = decoders.openVideo(clip, { fps: 5 });
    await expectOnce(decoders);
    expect(await read(video)).toBeGreaterThan(0);
    expect(() => decoders.openVideo(clip, { fps: 5 })).toThrow(expect.objectContaining(disposed));
    expect(() => decoders.warm()).toThrow(expect.objectContaining(disposed));
  });
});
