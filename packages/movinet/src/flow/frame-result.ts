import type { Fit } from "../model/card.ts";
import type { Frame } from "../video/frame.ts";
import { checkFrame } from "./check-input.ts";

/** The model's answer after a frame. */
export interface FrameResult {
  /** Index of the sampled frame. */
  readonly frame: number;
  /** Seconds since the first frame. */
  readonly time: number;
  /** Probability of each class, given every frame so far. */
  readonly scores: Float32Array;
  /** Scores for the recent past alone, if requested. */
  readonly recent: Recent | null;
  /** The picture; it is released when you ask for the next result. */
  readonly picture: Frame;
  /**
   * Time spent on this frame, including its share of a group; if not every frame has a result, the time since the
   * previous one.
   */
  readonly timings: { readonly preprocessMs: number; readonly inferMs: number };
}

/** Probability of each class in the recent past: what the video shows from `since` (seconds) until the next result. */
export interface Recent {
  readonly since: number;
  readonly scores: Float32Array;
}

export interface ClassifyOptions {
  /**
   * Frames per second to sample from a video, above 0. Default: the model's rate. Your own frames are used as they
   * come.
   */
  readonly fps?: number | undefined;
  /** Number of predictions per result, at least 1. Default 5. */
  readonly top?: number | undefined;
  /**
   * Also returns scores for the recent past, the basis of segments: pools with a half-life of half a second (for a
   * base model, each window by itself). Takes twice the time for stream models with gates (squeeze-and-excitation).
   * `estimated` is free: it estimates what the last 1.6 seconds show from how the answer changes, so it needs every
   * answer and works for videos of up to half a minute. Default false.
   */
  readonly recent?: boolean | "estimated" | undefined;
  /**
   * When a stream model's classifier runs, and which results you get. `each`: after each frame, at once. `grouped`:
   * once per eight frames, whose results come together and whose pictures are kept until then; cheaper, for files.
   * `last`: once, at the end (or when the frames or the signal stop), as the only result. A base model gives a result
   * after each window, or with `last` after the last one. Default: `grouped` for a file, otherwise `each`.
   */
  readonly answers?: "each" | "grouped" | "last" | undefined;
  /** How a picture is fitted to the network's input. Default: as the model was trained. */
  readonly fit?: Fit | undefined;
  /**
   * Stops classification, even while waiting for a frame: the iteration then throws the signal's reason, after the
   * results for the frames before.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How frames are processed, whatever the results are used for. */
export type FramesOptions = Omit<ClassifyOptions, "fps" | "top">;

export type Timings = FrameResult["timings"];

/** The options with defaults filled in. */
export type FlowOptions = Required<Pick<FramesOptions, "recent" | "answers">> & { readonly fit: Fit };

/**
 * The same frames, checked. If they throw, iteration ends and the error is stored in `failures`: it is thrown after
 * the results for the frames before it.
 */
export async function* untilFailure(frames: AsyncIterable<Frame>, failures: unknown[]): AsyncGenerator<Frame, void> {
  let isGiven = false;
  try {
    for await (const frame of frames) {
      checkFrame(frame);
      isGiven = true;
      yield frame;
      isGiven = false;
    }
  } catch (error) {
    if (isGiven) throw error; // of frames that were asked to stop
    failures.push(error);
  }
}

/** Both combined. */
export function addTimings(a: Timings, b: Timings): Timings {
  return { preprocessMs: a.preprocessMs + b.preprocessMs, inferMs: a.inferMs + b.inferMs };
}
