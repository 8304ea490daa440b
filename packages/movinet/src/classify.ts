import type { Model } from "./model/model.ts";
import { probabilities } from "./run/predict/predict.ts";
import { preprocess } from "./run/preprocess/preprocess.ts";
import type { Program } from "./run/session/program.ts";
import type { Frame } from "./run/video/frame.ts";

/** What the model says after a frame. */
export interface FrameResult {
  /** Index of the sampled frame. */
  readonly frame: number;
  /** Seconds since the first picture. */
  readonly time: number;
  /** Probability of each class, given every frame so far. */
  readonly scores: Float32Array;
  /** The picture; it is released when the next result is asked for. */
  readonly picture: Frame;
  /** What this frame cost. */
  readonly timings: { readonly preprocessMs: number; readonly inferMs: number };
}

/**
 * Names the action in a video, frame by frame. A stream model answers after every frame; a base model after every
 * window of its card's length, with the mean over the windows so far (a last window shorter than half is left out,
 * unless it is the only one). `frames` should be sampled at the card's frame rate.
 */
export function classify(frames: AsyncIterable<Frame>, program: Program): AsyncGenerator<FrameResult> {
  return program.model.spec.mode === "stream" ? classifyStream(frames, program) : classifyWindows(frames, program);
}

async function* classifyStream(frames: AsyncIterable<Frame>, program: Program): AsyncGenerator<FrameResult> {
  const { card } = program.model;
  const session = await program.openStream();
  try {
    let index = 0;
    for await (const picture of frames) {
      const started = performance.now();
      const input = preprocess(picture, card.input);
      const preprocessed = performance.now();
      const scores = probabilities(await session.step(input), card.output);
      const timings = { preprocessMs: preprocessed - started, inferMs: performance.now() - preprocessed };
      yield { frame: index++, time: picture.timestamp, scores, picture, timings };
      picture[Symbol.dispose]();
    }
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

async function* classifyWindows(frames: AsyncIterable<Frame>, program: Program): AsyncGenerator<FrameResult> {
  const { card } = program.model;
  const session = await program.openClip();
  const window = new Window(program.model, session.frames);
  const sum = new Float32Array(program.model.spec.classes);
  let windows = 0;
  let last: Omit<FrameResult, "scores"> | null = null;

  const run = async (result: Omit<FrameResult, "scores">): Promise<FrameResult> => {
    const started = performance.now();
    const scores = probabilities(await session.run(window.take()), card.output);
    windows++;
    for (const [c, score] of scores.entries()) sum[c] = (sum[c] as number) + score;
    const timings = { ...result.timings, inferMs: performance.now() - started };
    return { ...result, scores: sum.map((score) => score / windows), timings };
  };

  let index = 0;
  let preprocessMs = 0;
  for await (const picture of frames) {
    const started = performance.now();
    window.push(preprocess(picture, card.input));
    preprocessMs += performance.now() - started;
    last?.picture[Symbol.dispose]();
    last = { frame: index++, time: picture.timestamp, picture, timings: { preprocessMs, inferMs: 0 } };
    if (window.length < session.frames) continue;
    yield await run(last);
    preprocessMs = 0;
  }
  if (last && window.length > 0 && (windows === 0 || window.length >= session.frames / 2)) yield await run(last);
  last?.picture[Symbol.dispose]();
}

/** Collects the pictures of one window. */
class Window {
  length = 0;
  readonly #pictures: Float32Array;
  readonly #size: number;

  constructor({ spec }: Model, frames: number) {
    this.#size = 3 * spec.resolution.height * spec.resolution.width;
    this.#pictures = new Float32Array(frames * this.#size);
  }

  push(picture: Float32Array): void {
    this.#pictures.set(picture, this.length * this.#size);
    this.length++;
  }

  take(): Float32Array {
    const taken = this.#pictures.subarray(0, this.length * this.#size);
    this.length = 0;
    return taken;
  }
}
