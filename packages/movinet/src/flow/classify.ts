import type { Fit } from "../model/card.ts";
import type { SessionModel } from "../model/model.ts";
import type { SessionSource } from "../session/program.ts";
import { abortable, type Frame } from "../video/frame.ts";
import { checkFrame } from "./check-input.ts";
import { probabilities } from "./predict.ts";
import { preprocess } from "./preprocess.ts";
import { RecentLogits } from "./recent-logits.ts";

/** What the model says after a frame. */
export interface FrameResult {
  /** Index of the sampled frame. */
  readonly frame: number;
  /** Seconds since the first picture. */
  readonly time: number;
  /** Probability of each class, given every frame so far. */
  readonly scores: Float32Array;
  /** What the recent past alone says, where it was asked for. */
  readonly recent: Recent | null;
  /** The picture; it is released when the next result is asked for. */
  readonly picture: Frame;
  /** What this frame cost. */
  readonly timings: { readonly preprocessMs: number; readonly inferMs: number };
}

/** Probability of each class given the recent past: what the video shows from `since` (seconds) to the next result's. */
export interface Recent {
  readonly since: number;
  readonly scores: Float32Array;
}

export interface FramesOptions {
  /**
   * Also tell what the recent past says, which segments are made of: pools that forget half in a second (a base
   * model: each window by itself). Takes a stream model with gates (squeeze-and-excitation) twice the time. `estimated`
   * takes no time: it reckons what the last 1.6 seconds say from how the answer changes, and serves for videos of up to
   * half a minute. Default false.
   */
  readonly recent?: boolean | "estimated" | undefined;
  /** How a picture becomes the network's input. Default: as the model was trained. */
  readonly fit?: Fit | undefined;
  /** Ends the flow, also while it waits for a frame: the iteration then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Seconds in which the session for the recent past forgets half, chosen on concatenated clips (docs/decisions.md). Half of
 * what its scores weigh is older than that, so they speak of the moment that long ago.
 */
const recentHalfLife = 1;
/** Seconds of which an estimate for the recent past speaks (bench/cuts.ts). */
const recentWindow = 1.6;

/**
 * Names the action in a video, frame by frame. A stream model answers after every frame; a base model after every
 * window of its card's length, with the mean over the windows so far (a last window shorter than half is left out,
 * unless it is the only one). `frames` should be sampled at the card's frame rate; pictures of another size than the
 * model's are resized. Leaving the loop ends the iteration of `frames` and disposes of the session. Throws what `frames`
 * throws, and {@link ModelError} (`E_MODEL_LOGITS`).
 */
export function classifyFrames(
  frames: AsyncIterable<Frame>,
  program: SessionSource,
  { recent = false, fit = program.model.card.input.fit, signal }: FramesOptions = {},
): AsyncGenerator<FrameResult> {
  const flow = program.model.spec.mode === "stream" ? classifyStream : classifyWindows;
  return flow(signal ? abortable(frames, signal) : frames, program, { recent, fit });
}

async function* classifyStream(
  frames: AsyncIterable<Frame>,
  program: SessionSource,
  { recent: withRecent, fit }: Required<Pick<FramesOptions, "recent">> & { readonly fit: Fit },
): AsyncGenerator<FrameResult> {
  const { card } = program.model;
  const session = await program.openStream(
    withRecent === true ? { recentHalfLifeFrames: recentHalfLife * card.fps } : {},
  );
  const estimate =
    withRecent === "estimated" ? new RecentLogits(Math.max(1, Math.round(recentWindow * card.fps))) : null;
  const age = withRecent === true ? recentHalfLife : recentWindow / 2;
  try {
    let index = 0;
    const input = new Float32Array(3 * card.input.width * card.input.height);
    for await (const picture of frames) {
      checkFrame(picture);
      try {
        const started = performance.now();
        preprocess(picture, { ...card.input, fit }, input);
        const preprocessed = performance.now();
        const { logits, recent: ageing } = await session.step(input);
        const recent = ageing ?? estimate?.add(logits) ?? null;
        const scores = probabilities(logits, card.output);
        const past = recent && {
          since: Math.max(0, picture.timestamp - age),
          scores: probabilities(recent, card.output),
        };
        const timings = { preprocessMs: preprocessed - started, inferMs: performance.now() - preprocessed };
        yield { frame: index++, time: picture.timestamp, scores, recent: past, picture, timings };
      } finally {
        picture[Symbol.dispose]?.();
      }
    }
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

async function* classifyWindows(
  frames: AsyncIterable<Frame>,
  program: SessionSource,
  { recent: withRecent, fit }: Required<Pick<FramesOptions, "recent">> & { readonly fit: Fit },
): AsyncGenerator<FrameResult> {
  const { card } = program.model;
  const session = await program.openClip();
  const window = new Window(program.model, session.frames);
  const sum = new Float32Array(program.model.spec.classes);
  let windows = 0;
  let last: Pending | null = null;
  let since = 0;
  let preprocessMs = 0;

  const run = async (result: Pending): Promise<FrameResult> => {
    const started = performance.now();
    const scores = probabilities(await session.run(window.take()), card.output);
    windows++;
    for (const [c, score] of scores.entries()) sum[c] = (sum[c] as number) + score;
    const timings = { preprocessMs, inferMs: performance.now() - started };
    preprocessMs = 0;
    const recent = withRecent ? { since, scores } : null;
    since = result.time + 1 / card.fps;
    return { ...result, scores: sum.map((score) => score / windows), recent, timings };
  };

  let index = 0;
  try {
    for await (const picture of frames) {
      checkFrame(picture);
      last?.picture[Symbol.dispose]?.();
      last = { frame: index++, time: picture.timestamp, picture };
      const started = performance.now();
      window.push(preprocess(picture, { ...card.input, fit }));
      preprocessMs += performance.now() - started;
      if (window.length < session.frames) continue;
      yield await run(last);
    }
    if (last && window.length > 0 && (windows === 0 || window.length >= session.frames / 2)) {
      yield await run(last);
    }
  } finally {
    last?.picture[Symbol.dispose]?.();
    await session[Symbol.asyncDispose]();
  }
}

/** A result of which the scores are still to come. */
type Pending = Pick<FrameResult, "frame" | "time" | "picture">;

/** Collects the pictures of one window. */
class Window {
  length = 0;
  readonly #pictures: Float32Array;
  readonly #size: number;

  constructor({ spec }: SessionModel, frames: number) {
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
