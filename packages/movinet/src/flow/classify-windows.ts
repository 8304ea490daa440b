import type { SessionModel } from "../model/model.ts";
import type { SessionSource } from "../session/program.ts";
import type { Frame } from "../video/frame.ts";
import { addTimings, type FlowOptions, type FrameResult, untilFailure } from "./frame-result.ts";
import { probabilities } from "./predict.ts";
import { preprocess } from "./preprocess.ts";

/** Runs a base model window by window. */
export async function* classifyWindows(
  frames: AsyncIterable<Frame>,
  program: SessionSource,
  { recent: withRecent, fit, answers }: FlowOptions,
): AsyncGenerator<FrameResult> {
  const { card } = program.model;
  const session = await program.openClip();
  const window = new Window(program.model, session.frames);
  const sum = new Float32Array(program.model.spec.classes);
  let windows = 0;
  let last: Pending | null = null;
  let since = 0;
  let preprocessMs = 0;
  /** With `last`, the result so far. */
  let kept = null as FrameResult | null;
  const release = (picture: Frame | undefined) => picture?.[Symbol.dispose]?.();

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

  async function* tell(result: FrameResult): AsyncGenerator<FrameResult> {
    if (answers !== "last") {
      yield result;
      return;
    }
    release(kept?.picture);
    kept = kept ? { ...result, timings: addTimings(kept.timings, result.timings) } : result;
  }

  let index = 0;
  try {
    const failures: unknown[] = [];
    for await (const picture of untilFailure(frames, failures)) {
      if (last?.picture !== kept?.picture) release(last?.picture);
      last = { frame: index++, time: picture.timestamp, picture };
      const started = performance.now();
      window.push(preprocess(picture, { ...card.input, fit }));
      preprocessMs += performance.now() - started;
      if (window.length < session.frames) continue;
      yield* tell(await run(last));
    }
    const isEnough = windows === 0 || window.length >= session.frames / 2;
    if (failures.length === 0 && last && window.length > 0 && isEnough) yield* tell(await run(last));
    if (kept) yield kept;
    if (failures.length > 0) throw failures[0];
  } finally {
    if (last?.picture !== kept?.picture) release(last?.picture);
    release(kept?.picture);
    await session[Symbol.asyncDispose]();
  }
}

/** A result whose scores are pending. */
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
