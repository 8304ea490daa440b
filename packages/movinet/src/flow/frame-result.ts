import type { Fit } from "../model/card.ts";
import type { Frame } from "../video/frame.ts";
import { checkFrame } from "./check-input.ts";

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
  /** What was spent on this frame, with its share of what a group was asked at once; since the result before where not every frame has one. */
  readonly timings: { readonly preprocessMs: number; readonly inferMs: number };
}

/** Probability of each class given the recent past: what the video shows from `since` (seconds) to the next result's. */
export interface Recent {
  readonly since: number;
  readonly scores: Float32Array;
}

export interface ClassifyOptions {
  /** Frames a second at which a video is looked at, above 0. Default: the model's rate. Frames of your own come as they are. */
  readonly fps?: number | undefined;
  /** How many predictions each result names, at least 1. Default 5. */
  readonly top?: number | undefined;
  /**
   * Also tell what the recent past says, which segments are made of: pools that forget half in a second (a base
   * model: each window by itself). Takes a stream model with gates (squeeze-and-excitation) twice the time. `estimated`
   * takes no time: it reckons what the last 1.6 seconds say from how the answer changes, so it needs every answer, and serves
   * for videos of up to half a minute. Default false.
   */
  readonly recent?: boolean | "estimated" | undefined;
  /**
   * When a stream model's classifier runs, and what results there are. `each`: after each frame, whose result comes at once.
   * `grouped`: once for eight frames, whose results come together and whose pictures are kept until then; for files, as it
   * costs less. `last`: once, at the end, or where the frames or the signal break off: that result is the only one. A model
   * of whole clips answers after each window, or, with `last`, after the last one. Default: `grouped` for the path of a file,
   * else `each`.
   */
  readonly answers?: "each" | "grouped" | "last" | undefined;
  /** How a picture becomes the network's input. Default: as the model was trained. */
  readonly fit?: Fit | undefined;
  /**
   * Ends the flow, also while it waits for a frame: the iteration then throws the signal's reason, after the results of the
   * frames before.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How frames are gone through, whoever names what is said of them. */
export type FramesOptions = Omit<ClassifyOptions, "fps" | "top">;

export type Timings = FrameResult["timings"];

/** Options of which none is open. */
export type FlowOptions = Required<Pick<FramesOptions, "recent" | "answers">> & { readonly fit: Fit };

/**
 * The same frames, checked. An error of theirs ends them, and is kept in `failures`: it is thrown once the results of the frames
 * before it were told.
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
    if (isGiven) throw error; // of frames that were told to end
    failures.push(error);
  }
}

/** Both together. */
export function addTimings(a: Timings, b: Timings): Timings {
  return { preprocessMs: a.preprocessMs + b.preprocessMs, inferMs: a.inferMs + b.inferMs };
}
