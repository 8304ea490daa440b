import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Model } from "../../src/model/model.ts";
import type { SessionSource } from "../../src/session/program.ts";
import {
  rememberedFrames,
  type StreamOptions,
  type StreamSession,
  type StreamState,
} from "../../src/session/stream-session.ts";
import { interpretClip } from "../../src/verify/runner.ts";
import { figuresOf, largestDifference, modelOfFigures } from "../golden/figures.ts";
import { hashedFrames } from "../golden/material.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";

interface SessionProgram extends AsyncDisposable {
  openStream(options?: StreamOptions): Promise<StreamSession>;
}

/** What every use after disposal throws. */
export const disposed = { name: "SessionError", code: "E_SESSION_DISPOSED" };

/** What every engine, and every place where sessions run, must do alike. */
export function streamSessionContract(title: string, compile: (model: Model) => Promise<SessionProgram>): void {
  describe(`stream sessions of ${title}`, () => {
    const figures = figuresOf("t0-stream-posenc-10classes");
    const [, frames, height, width] = figures.shape;
    const picture = 3 * height * width;
    const images = hashedFrames(frames, height, width);
    const upTo = (t: number) => images.subarray(0, (t + 1) * picture);
    const expectFrame = (logits: Float32Array, t: number) =>
      expect(largestDifference(figures.logits[t] as number[], logits)).toBeLessThanOrEqual(1e-4);
    const model = modelOfFigures(figures);
    let program: SessionProgram;
    beforeAll(async () => {
      program = await compile(model);
    });
    afterAll(() => program[Symbol.asyncDispose]());

    /** Every use of a disposed session says so, and another disposal does nothing. */
    const expectDisposed = async (session: StreamSession, state: Awaited<ReturnType<StreamSession["snapshot"]>>) => {
      await expect(session.step(upTo(0))).rejects.toMatchObject(disposed);
      await expect(session.advance(upTo(0))).rejects.toMatchObject(disposed);
      await expect(session.outputs()).rejects.toMatchObject(disposed);
      await expect(session.reset()).rejects.toMatchObject(disposed);
      await expect(session.reset(0)).rejects.toMatchObject(disposed);
      await expect(session.snapshot()).rejects.toMatchObject(disposed);
      await expect(session.restore(state)).rejects.toMatchObject(disposed);
      await session[Symbol.asyncDispose]();
    };

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
      await a[Symbol.asyncDispose]();
      expectFrame((await b.step(images.subarray(2 * picture, 3 * picture))).logits, 2);
      await b[Symbol.asyncDispose]();
    });

    test("steps that are not awaited are carried out in order", async () => {
      const session = await program.openStream();
      const calls = Array.from({ length: frames }, (_, t) =>
        session.step(images.subarray(t * picture, (t + 1) * picture)),
      );
      const answers = await Promise.all(calls);
      expect(answers.length).toBe(frames);
      for (const [t, { logits }] of answers.entries()) expectFrame(logits, t);
      await session[Symbol.asyncDispose]();
    });

    test("outputs are told when they are asked for, of one frame and of several", async () => {
      const session = await program.openStream();
      const unknown = (message: RegExp) => ({ name: "TypeError", message: expect.stringMatching(message) });
      await expect(session.outputs()).rejects.toMatchObject(unknown(/no outputs yet/));
      await expect(session.advance(upTo(0).subarray(1))).rejects.toMatchObject(unknown(/must contain T · 1 frames/));
      await session.advance(upTo(1));
      expectFrame((await session.outputs()).logits, 1);
      const [, , { logits }, again] = await Promise.all([
        session.advance(images.subarray(2 * picture, 3 * picture)),
        session.advance(images.subarray(3 * picture, 4 * picture)),
        session.outputs(3),
        session.outputs(),
      ]);
      const classes = figures.logits[0]?.length ?? 0;
      for (let t = 1; t <= 3; t++) expectFrame(logits.subarray((t - 1) * classes, t * classes), t);
      expectFrame(again.logits, 3);
      for (const frames of [0, 1.5, 5, rememberedFrames + 1])
        await expect(session.outputs(frames)).rejects.toMatchObject(unknown(/frames must be in 1..4/));
      const state = await session.snapshot();
      expectFrame((await session.outputs()).logits, 3);
      await session.restore(state);
      await expect(session.outputs()).rejects.toMatchObject(unknown(/after reset and restore/));
      expectFrame((await session.step(images.subarray(4 * picture, 5 * picture))).logits, 4);
      await session.reset();
      await expect(session.outputs()).rejects.toMatchObject(unknown(/after reset and restore/));
      await session[Symbol.asyncDispose]();
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
      await session[Symbol.asyncDispose]();
    });

    test("wrong sizes, unknown streams and foreign states are refused", async () => {
      const session = await program.openStream({ streams: 2 });
      const wrong = (message: RegExp) => ({ name: "TypeError", message: expect.stringMatching(message) });
      await expect(session.step(upTo(0))).rejects.toMatchObject(
        wrong(/frames must contain T · 2 frames of 3 × 64 × 64, got 12288/),
      );
      for (const Numbers of [Float64Array, Int32Array, Uint8Array]) {
        const foreign = new Numbers(2 * picture) as unknown as Float32Array;
        await expect(session.step(foreign)).rejects.toMatchObject(
          wrong(new RegExp(`frames must be a Float32Array, got ${Numbers.name}`)),
        );
      }
      await expect(session.reset(2)).rejects.toMatchObject(wrong(/stream must be in 0..1, got 2/));
      await expect(session.snapshot(2)).rejects.toMatchObject(wrong(/stream must be in 0..1, got 2/));
      await expect(session.restore({}, 2)).rejects.toMatchObject(wrong(/stream must be in 0..1, got 2/));
      await expect(session.restore({})).rejects.toMatchObject({
        name: "ModelError",
        code: "E_MODEL_STATE",
        problem: expect.stringMatching(/missing state_head_pool_buffer/),
        remedy: "Restore a snapshot of the same model at the same resolution",
      });
      const doubles = Object.entries(await session.snapshot()).map(([name, { shape, data }]) => {
        return [name, { shape, data: data instanceof Float32Array ? Float64Array.from(data) : data }];
      });
      await expect(session.restore(Object.fromEntries(doubles) as StreamState)).rejects.toMatchObject({
        code: "E_MODEL_STATE",
        problem: expect.stringMatching(/must be a Float32Array, got Float64Array/),
      });
      // What was refused has changed nothing.
      const both = Float32Array.from({ length: 2 * picture }, (_, i) => images[i % picture] as number);
      expectFrame((await session.step(both)).logits.subarray(figures.logits[0]?.length ?? 0), 0);
      await session[Symbol.asyncDispose]();
    });

    test("options that make no session are refused", async () => {
      await expect(program.openStream({ streams: 0 })).rejects.toMatchObject({ name: "TypeError" });
      await expect(program.openStream({ halfLifeFrames: 0 })).rejects.toMatchObject({ name: "TypeError" });
    });

    test("a session that was disposed of is refused, and may be disposed of again", async () => {
      const session = await program.openStream();
      await session.step(upTo(0));
      const state = await session.snapshot();
      await session[Symbol.asyncDispose]();
      await expectDisposed(session, state);
    });

    test("disposal lets the steps under way come to their end, and refuses the next at once", async () => {
      const session = await program.openStream();
      const state = await session.snapshot();
      const steps = [session.step(upTo(1)), session.step(images.subarray(2 * picture, 3 * picture))] as const;
      const disposals = [session[Symbol.asyncDispose](), session[Symbol.asyncDispose]()];
      await expect(session.step(upTo(0))).rejects.toMatchObject(disposed);
      expectFrame((await steps[0]).logits, 1);
      expectFrame((await steps[1]).logits, 2);
      await Promise.all(disposals);
      await expectDisposed(session, state);
    });

    test("a program that is disposed of takes its sessions along", async () => {
      const own = await compile(model);
      const [idle, busy] = [await own.openStream(), await own.openStream()];
      await idle.step(upTo(0));
      const state = await idle.snapshot();
      // Steps that were made come to their end, also the session's first ones, and answers of a number that nobody asked for before.
      await busy.step(upTo(0));
      const [step, both] = [busy.step(images.subarray(picture, 2 * picture)), busy.outputs(2)];
      const first = (await own.openStream()).step(upTo(0));
      await Promise.all([own[Symbol.asyncDispose](), own[Symbol.asyncDispose]()]);
      expectFrame((await step).logits, 1);
      expect((await both).logits.length).toBe(2 * (figures.logits[0]?.length ?? 0));
      expectFrame((await first).logits, 0);
      await expectDisposed(idle, state);
      await expectDisposed(busy, state);
      await own[Symbol.asyncDispose]();
      await expect(own.openStream()).rejects.toMatchObject(disposed);
    });
  });
}

type ClipProgram = Pick<SessionSource, "openClip" | "openStream"> & AsyncDisposable;
type RecentProgram = Pick<SessionSource, "openStream" | "openClip"> & AsyncDisposable;

const small = { classes: 7, resolution: { height: 32, width: 32 } };

/** What whole clips owe, wherever they run. */
export function clipSessionContract(title: string, compile: (model: Model) => Promise<ClipProgram>): void {
  describe(`clip sessions of ${title}`, () => {
    const base = hashedModel("t0-base", small);
    const model = { ...base, card: { ...base.card, frames: 3 } };
    const pictures = Array.from({ length: 3 }, (_, t) => randomPictures(t, 1, 32, 32));
    const clip = (...frames: readonly number[]) =>
      Float32Array.from(frames.flatMap((t) => [...(pictures[t] as Float32Array)]));
    const expectClip = async (logits: Float32Array, ...frames: readonly number[]) => {
      const shown = frames.map((t) => pictures[t] as Float32Array);
      expect(distance(await interpretClip(model, shown), logits)).toBeLessThanOrEqual(1e-4);
    };

    test("a window gives the reference's logits, a shorter clip is repeated from its start", async () => {
      const program = await compile(model);
      const session = await program.openClip();
      expect(session.frames).toBe(3);
      const [whole, short] = await Promise.all([session.run(clip(0, 1, 2)), session.run(clip(1, 0))]);
      await expectClip(whole, 0, 1, 2);
      await expectClip(short, 1, 0, 1);
      await expect(session.run(clip())).rejects.toMatchObject({ name: "TypeError" });
      const doubles = Float64Array.from(clip(0, 1, 2)) as unknown as Float32Array;
      await expect(session.run(doubles)).rejects.toMatchObject({ name: "TypeError" });
      await expect(session.run(clip(0, 1, 2, 0))).rejects.toMatchObject({ name: "TypeError" });
      await expect(program.openStream()).rejects.toMatchObject({ name: "TypeError" });
      await session[Symbol.asyncDispose]();
      await program[Symbol.asyncDispose]();
    });

    test("disposal lets the runs under way come to their end, then refuses; the program's ends its sessions", async () => {
      const program = await compile(model);
      const [session, other] = [await program.openClip(), await program.openClip()];
      const run = session.run(clip(0, 1, 2));
      const disposals = [session[Symbol.asyncDispose](), session[Symbol.asyncDispose]()];
      await expect(session.run(clip(0))).rejects.toMatchObject(disposed);
      await expectClip(await run, 0, 1, 2);
      await Promise.all(disposals);
      await session[Symbol.asyncDispose]();
      await expectClip(await other.run(clip(0, 1, 2)), 0, 1, 2);
      await Promise.all([program[Symbol.asyncDispose](), program[Symbol.asyncDispose]()]);
      await expect(other.run(clip(0))).rejects.toMatchObject(disposed);
      await other[Symbol.asyncDispose]();
      await expect(program.openClip()).rejects.toMatchObject(disposed);
    });
  });
}

/** What one stream remembered in two ways owes, wherever it runs. */
export function recentSessionContract(title: string, compile: (model: Model) => Promise<RecentProgram>): void {
  describe(`sessions for the recent past of ${title}`, () => {
    const frame = (t: number) => randomPictures(t, 1, 32, 32);

    test.each([
      ["t0-stream", {}],
      ["a0-stream", { squeezeExcite: "none" }],
    ] as const)("%s %o: both memories, then disposal", async (name, options) => {
      const program = await compile(hashedModel(name, { ...small, ...options }));
      const both = await program.openStream({ recentHalfLifeFrames: 2 });
      const [whole, ageing] = [await program.openStream(), await program.openStream({ halfLifeFrames: 2 })];
      for (let t = 0; t < 3; t++) {
        const { logits, recent = new Float32Array() } = await both.step(frame(t));
        expect(distance(logits, (await whole.step(frame(t))).logits)).toBeLessThanOrEqual(1e-4);
        expect(distance(recent, (await ageing.step(frame(t))).logits)).toBeLessThanOrEqual(1e-4);
      }
      const rows = await both.outputs(3);
      expect([rows.logits.length, rows.recent?.length]).toEqual([3 * small.classes, 3 * small.classes]);
      expect(distance(rows.logits.subarray(2 * small.classes), (await whole.outputs()).logits)).toBeLessThanOrEqual(
        1e-4,
      );
      expect(distance(rows.recent ?? [], (await ageing.outputs(3)).logits)).toBeLessThanOrEqual(1e-4);
      await expect(both.snapshot()).rejects.toMatchObject({ name: "TypeError" });
      await expect(both.restore({})).rejects.toMatchObject({ name: "TypeError" });
      await expect(both.step(frame(0).subarray(1))).rejects.toMatchObject({ name: "TypeError" });
      await expect(program.openClip()).rejects.toMatchObject({ name: "TypeError" });

      const step = both.step(frame(3));
      const disposals = [both[Symbol.asyncDispose](), both[Symbol.asyncDispose]()];
      await expect(both.step(frame(0))).rejects.toMatchObject(disposed);
      expect(distance((await step).logits, (await whole.step(frame(3))).logits)).toBeLessThanOrEqual(1e-4);
      await Promise.all(disposals);
      await both[Symbol.asyncDispose]();

      const other = await program.openStream({ recentHalfLifeFrames: 2 });
      await program[Symbol.asyncDispose]();
      await expect(other.step(frame(0))).rejects.toMatchObject(disposed);
      await other[Symbol.asyncDispose]();
      await expect(program.openStream({ recentHalfLifeFrames: 2 })).rejects.toMatchObject(disposed);
    });
  });
}
