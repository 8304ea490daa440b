import type { SessionSource } from "../session/program.ts";
import type { Frame } from "../video/frame.ts";
import { addTimings, type FlowOptions, type FrameResult, type Timings, untilFailure } from "./frame-result.ts";
import { probabilities } from "./predict.ts";
import { preprocess } from "./preprocess.ts";
import { RecentLogits } from "./recent-logits.ts";

/**
 * Half-life of the pools of the session for the recent past, in seconds, chosen on concatenated clips
 * (docs/decisions.md). Half of the weight of its scores is older than that, so they describe the moment that long ago.
 */
const recentHalfLife = 1;
/** Seconds covered by an estimate for the recent past (bench/cuts.ts). */
const recentWindow = 1.6;

/** Frames per group: more save little (docs/decisions.md) and keep more pictures in memory. */
const groupFrames = 8;

/** A frame that the network has seen and whose answer is pending. */
interface Waiting {
  readonly frame: number;
  readonly time: number;
  readonly picture: Frame;
  readonly timings: Timings;
}

/** Frame by frame through a stream model. */
export async function* classifyStream(
  frames: AsyncIterable<Frame>,
  program: SessionSource,
  { recent: withRecent, fit, answers }: FlowOptions,
): AsyncGenerator<FrameResult> {
  const { card, spec } = program.model;
  const session = await program.openStream(
    withRecent === true ? { recentHalfLifeFrames: recentHalfLife * card.fps } : {},
  );
  const estimate =
    withRecent === "estimated" ? new RecentLogits(Math.max(1, Math.round(recentWindow * card.fps))) : null;
  const age = withRecent === true ? recentHalfLife : recentWindow / 2;
  const waiting: Waiting[] = [];
  const drop = () => waiting.shift()?.picture[Symbol.dispose]?.();

  async function* tell(): AsyncGenerator<FrameResult> {
    const asked = performance.now();
    const count = waiting.length;
    const { logits, recent } = await session.outputs(count);
    const share = (performance.now() - asked) / count;
    const rowOf = (values: Float32Array, k: number) => values.subarray(k * spec.classes, (k + 1) * spec.classes);
    for (let k = 0; k < count; k++) {
      const { timings, ...told } = waiting[0] as Waiting;
      const started = performance.now();
      const row = rowOf(logits, k);
      const ageing = recent ? rowOf(recent, k) : (estimate?.add(row) ?? null);
      const scores = probabilities(row, card.output);
      const since = Math.max(0, told.time - age);
      const past = ageing && { since, scores: probabilities(ageing, card.output) };
      const own = { preprocessMs: 0, inferMs: share + performance.now() - started };
      yield { ...told, scores, recent: past, timings: addTimings(timings, own) };
      drop();
    }
  }

  try {
    const failures: unknown[] = [];
    let index = 0;
    const input = new Float32Array(3 * card.input.width * card.input.height);
    for await (const picture of untilFailure(frames, failures)) {
      let timings = { preprocessMs: 0, inferMs: 0 };
      if (answers === "last" && waiting[0]) {
        timings = waiting[0].timings;
        drop();
      }
      waiting.push({ frame: index++, time: picture.timestamp, picture, timings });
      const started = performance.now();
      preprocess(picture, { ...card.input, fit }, input);
      const preprocessed = performance.now();
      await session.advance(input);
      const own = { preprocessMs: preprocessed - started, inferMs: performance.now() - preprocessed };
      waiting.push({ ...(waiting.pop() as Waiting), timings: addTimings(timings, own) });
      if (answers === "each" || (answers === "grouped" && waiting.length === groupFrames)) yield* tell();
    }
    if (waiting.length > 0) yield* tell();
    if (failures.length > 0) throw failures[0];
  } finally {
    while (waiting.length > 0) drop();
    await session[Symbol.asyncDispose]();
  }
}
