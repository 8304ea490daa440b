import type { ClipCache, ClipFailure } from "../data/clip-cache.node.ts";
import type { Sample } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import type { Model } from "../model/model.ts";
import { callMacs, measureCosts } from "./costs.node.ts";
import { compareFamily, costLengths, type FamilyComparison, medianLength } from "./family.ts";
import { evaluateModel, framesOfClip } from "./run.node.ts";
import { evaluateWindows, mostFrames } from "./windows.ts";

/** A stream network, and its relatives trained on the same clips. */
export interface Family {
  readonly stream: Model;
  /** Its card has the frames per window. */
  readonly base: Model;
  readonly frameByFrame: Model;
}

export interface JudgeFamilyOptions {
  readonly engine: Engine;
  /** The engine's device, for the processes that measure costs. */
  readonly device: string;
  readonly threads: number | undefined;
  readonly cache: ClipCache;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (phase: string, done: number, total: number) => void;
}

export interface JudgedFamily {
  /** Null if no sample could be decoded. */
  readonly comparison: FamilyComparison | null;
  readonly failures: readonly ClipFailure[];
}

/**
 * Evaluates the networks on the same samples, and measures their costs. An undecodable sample is a failure in the
 * result. Throws what {@link ClipCache.fill} and {@link measureCosts} throw.
 */
export async function judgeFamily(
  { stream, base, frameByFrame }: Family,
  samples: readonly Sample[],
  { engine, device, threads, cache, signal, onProgress }: JudgeFamilyOptions,
): Promise<JudgedFamily> {
  const { input, fps, labels, output } = stream.card;
  const view = { ...input, fps };
  const { usable, failures } = await cache.fill(samples, view, {
    signal,
    onClip: ({ done, total }) => onProgress?.("decoding", done, total),
  });
  if (usable.length === 0) return { comparison: null, failures };

  const read = (sample: Sample) => cache.read(sample, view, signal);
  const lengths: number[] = [];
  const streamed = async (model: Model, phase: string) => {
    const { answers } = await evaluateModel(model, usable, {
      engine,
      signal,
      compared: 0,
      openFrames: (sample) => framesOfClip(read(sample)),
      onClip: ({ frames }) => onProgress?.(phase, lengths.push(frames), usable.length),
    });
    return answers;
  };
  const answers = { stream: await streamed(stream, "stream network") };
  const frames = Math.min(mostFrames, medianLength(lengths));
  lengths.length = 0;
  const flat = await streamed(frameByFrame, "2-D network");
  const onPass = (done: number, total: number) => onProgress?.("base network", done, total);
  const { whole, averaged } = await evaluateWindows(base, usable, { engine, read, signal, onPass });

  const window = base.card.frames ?? 1;
  const measured = costLengths(frames, window, input.width * input.height);
  const costsOf = (model: Model, done: number) => {
    onProgress?.("memory and time", done, 3);
    return measureCosts(model, measured, { device, threads, signal });
  };
  const costs = {
    stream: await costsOf(stream, 0),
    base: await costsOf(base, 1),
    frameByFrame: await costsOf(frameByFrame, 2),
  };
  const macs = {
    stream: callMacs(stream, 1),
    whole: callMacs(base, frames),
    averaged: callMacs(base, window),
    frameByFrame: callMacs(frameByFrame, 1, true),
  };
  const findings = { answers: { ...answers, whole, averaged, frameByFrame: flat }, costs, macs };
  const comparison = compareFamily(findings, { frames, fps, window, labels: labels ?? [], output });
  return { comparison, failures };
}
