import type { Clip } from "../data/clip.ts";
import type { Sample } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import { probabilities } from "../flow/predict.ts";
import { preprocess } from "../flow/preprocess.ts";
import type { Model } from "../model/model.ts";
import { Program } from "../session/program.ts";
import { noMoments, noteMoment } from "./early.ts";
import { type Answer, answerOf } from "./metrics.ts";

/** Runs base networks on clips in the two usual ways. */
export interface WindowAnswers {
  /** The whole clip at once, and before that the first 1, 2, 4, 8, … frames. */
  readonly whole: readonly Answer[];
  /** The mean over overlapping windows of the card's length: the multi-clip evaluation of spec §6. */
  readonly averaged: readonly Answer[];
}

export interface EvaluateWindowsOptions {
  readonly engine: Engine;
  /** The frames of a sample at the model's size and rate; called several times per sample. */
  readonly read: (sample: Sample) => Promise<Clip>;
  readonly signal?: AbortSignal | undefined;
  /** Called after each pass over a clip, with the number of completed passes. */
  readonly onPass?: (done: number, total: number) => void;
}

/** Number of windows per clip. */
export const windowsOfClip = 10;
/**
 * For longer clips, the whole-clip network sees this many frames, evenly distributed: the longest evaluation clip of
 * the family (spec §1.1).
 */
export const mostFrames = 120;

/** A base model's answers for samples. Throws what `read` throws. */
export async function evaluateWindows(
  model: Model,
  samples: readonly Sample[],
  { engine, read, signal, onPass }: EvaluateWindowsOptions,
): Promise<WindowAnswers> {
  const lengths: number[] = [];
  for (const sample of samples) lengths.push((await read(sample)).frames);
  const passes = planPasses(lengths);
  const total = passes.reduce((sum, { clips }) => sum + clips.length, samples.length);
  let done = 0;
  const tell = () => {
    signal?.throwIfAborted();
    onPass?.(++done, total);
  };

  const whole = samples.map(noMoments);
  const last: Float32Array[] = [];
  for (const { frames, clips } of passes) {
    const network = await openWindow(model, Math.min(frames, mostFrames), engine);
    for (const i of clips) {
      const clip = await read(samples[i] as Sample);
      const scores = await network.scores(clip, spread(Math.min(frames, mostFrames), frames));
      noteMoment(whole[i] as (typeof whole)[number], frames, (frames - 1) / clip.fps, scores);
      last[i] = scores;
      tell();
    }
    await network.close();
  }

  const size = model.card.frames ?? 1;
  const network = await openWindow(model, size, engine);
  const averaged: Float32Array[] = [];
  for (const sample of samples) {
    const clip = await read(sample);
    const sum = new Float32Array(model.spec.classes);
    const starts = windowStarts(clip.frames, size);
    for (const start of starts) {
      const frames = Array.from({ length: Math.min(size, clip.frames) }, (_, t) => start + t);
      for (const [c, score] of (await network.scores(clip, frames)).entries()) {
        sum[c] = (sum[c] as number) + score / starts.length;
      }
    }
    averaged.push(sum);
    tell();
  }
  await network.close();

  return {
    whole: samples.map((sample, i) => answerOf(sample, last[i] as Float32Array, whole[i] ?? null)),
    averaged: samples.map((sample, i) => answerOf(sample, averaged[i] as Float32Array, null)),
  };
}

/** For each number of frames, in ascending order, the clips to run: powers of two, and each clip's own length. */
export function planPasses(lengths: readonly number[]): readonly { frames: number; clips: readonly number[] }[] {
  const longest = Math.max(0, ...lengths);
  const powers = Array.from({ length: Math.ceil(Math.log2(longest + 1)) }, (_, i) => 2 ** i);
  return [...new Set([...powers, ...lengths])]
    .sort((a, b) => a - b)
    .map((frames) => {
      const isPower = powers.includes(frames);
      const clips = lengths.flatMap((length, i) => (length === frames || (isPower && length > frames) ? [i] : []));
      return { frames, clips };
    })
    .filter(({ clips }) => clips.length > 0);
}

/** Start frames of a clip's windows: evenly distributed from its first frame to its last window. */
export function windowStarts(frames: number, size: number): readonly number[] {
  const last = Math.max(0, frames - size);
  return Array.from({ length: windowsOfClip }, (_, i) => Math.round((i * last) / (windowsOfClip - 1)));
}

/** `count` of `frames` frames, evenly distributed, including the first and the last. */
function spread(count: number, frames: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => (count === 1 ? 0 : Math.round((i * (frames - 1)) / (count - 1))));
}

/** A base network with another window length. */
async function openWindow(model: Model, frames: number, engine: Engine) {
  const card = { ...model.card, frames };
  const program = await Program.compile({ ...model, card }, engine);
  const session = await program.openClip();
  const { width, height } = card.input;
  const size = 3 * width * height;
  return {
    async scores({ data }: Clip, chosen: readonly number[]): Promise<Float32Array> {
      const input = new Float32Array(chosen.length * size);
      for (const [t, frame] of chosen.entries()) {
        const picture = { data: data.subarray(frame * size, (frame + 1) * size), width, height };
        preprocess(picture, card.input, input.subarray(t * size, (t + 1) * size));
      }
      return probabilities(await session.run(input), card.output);
    },
    close: () => program[Symbol.asyncDispose](),
  };
}
