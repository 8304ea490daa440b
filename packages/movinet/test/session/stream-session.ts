import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Model } from "../../src/model/model.ts";
import type { StreamOptions, StreamSession } from "../../src/session/stream-session.ts";
import { figuresOf, largestDifference, modelOfFigures } from "../golden/figures.ts";
import { hashedFrames } from "../golden/material.ts";

interface SessionProgram extends AsyncDisposable {
  openStream(options?: StreamOptions): Promise<StreamSession>;
}

/** What every backend, and every place where sessions run, must do alike. */
export function streamSessionContract(title: string, compile: (model: Model) => Promise<SessionProgram>): void {
  describe(`stream sessions of ${title}`, () => {
    const figures = figuresOf("t0-stream-posenc-10classes");
    const [, frames, height, width] = figures.shape;
    const picture = 3 * height * width;
    const images = hashedFrames(frames, height, width);
    const upTo = (t: number) => images.subarray(0, (t + 1) * picture);
    const expectFrame = (logits: Float32Array, t: number) =>
      expect(largestDifference(figures.logits[t] as number[], logits)).toBeLessThanOrEqual(1e-4);
    let program: SessionProgram;
    beforeAll(async () => {
      program = await compile(modelOfFigures(figures));
    });
    afterAll(() => program[Symbol.asyncDispose]());

    test("one frame, a few and all give the reference's logits", async () => {
      const session = await program.openStream({ chunk: 2 });
      expectFrame((await session.step(upTo(0))).logits, 0);
      expectFrame((await session.step(images.subarray(picture, 4 * picture))).logits, 3);
      expectFrame((await session.step(images.subarray(4 * picture))).logits, frames - 1);
      await session[Symbol.asyncDispose]();
    });

    test("sessions of one program do not disturb each other", async () => {
      const [a, b] = await Promise.all([program.openStream(), program.openStream()]);
      const [first] = await Promise.all([a.step(upTo(2)), b.step(upTo(0))]);
      expectFrame(first.logits, 2);
      expectFrame((await b.step(images.subarray(picture, 2 * picture))).logits, 1);
    });

    test("steps that are not awaited are carried out in order", async () => {
      const session = await program.openStream();
      const calls = Array.from({ length: frames }, (_, t) =>
        session.step(images.subarray(t * picture, (t + 1) * picture)),
      );
      for (const [t, { logits }] of (await Promise.all(calls)).entries()) expectFrame(logits, t);
    });

    test("reset begins anew and restore goes back", async () => {
      const session = await program.openStream();
      await session.step(upTo(1));
      const state = await session.snapshot();
      await session.reset();
      expectFrame((await session.step(upTo(0))).logits, 0);
      await session.restore(state);
      expectFrame((await session.step(images.subarray(2 * picture, 3 * picture))).logits, 2);
      expect(state["state_head_pool_frame_count"]).toEqual({ shape: [1], data: Int32Array.of(2) });
    });

    test("wrong sizes and unknown streams are refused", async () => {
      const session = await program.openStream({ streams: 2 });
      await expect(session.step(upTo(0))).rejects.toThrow(/frames must hold T · 2 pictures of 3 × 64 × 64, got 12288/);
      await expect(session.snapshot(2)).rejects.toThrow(/stream must be in 0..1, got 2/);
      await expect(session.restore({})).rejects.toThrow(/state_head_pool_buffer is missing/);
    });

    test("a disposed session says so", async () => {
      const session = await program.openStream();
      await session[Symbol.asyncDispose]();
      await expect(session.step(upTo(0))).rejects.toThrow();
    });
  });
}
