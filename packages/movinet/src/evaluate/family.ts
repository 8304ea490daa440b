/** Compares a stream network with the two kinds that it competes with: accuracy and cost. Plain data. */
import { type Comparison, compareAnswers } from "./compare.ts";
import { type Answer, type Evaluation, evaluateAnswers } from "./metrics.ts";
import { groupsText } from "./verdict.ts";
import { windowsOfClip } from "./windows.ts";

export const familyNames = {
  stream: "stream",
  whole: "base, whole clip",
  averaged: `base, ${windowsOfClip} windows`,
  frameByFrame: "2-D, frame by frame",
} as const;
export type FamilyKind = keyof typeof familyNames;

/** One kind of network on the test clips. */
export interface Relation {
  readonly kind: FamilyKind;
  readonly evaluation: Evaluation;
  /** The stream network against it, clip by clip; null for the stream network itself. */
  readonly against: Comparison | null;
  /** For a clip of {@link FamilyComparison.frames} frames, counted (convolutions only) and measured. */
  readonly clip: { readonly macs: number; readonly ms: number };
  /** Before the first answer for such a clip: seconds of video needed, then milliseconds of compute time. */
  readonly first: { readonly seconds: number; readonly ms: number };
  /** Peak memory on clips of this length. */
  readonly memory: readonly { readonly frames: number; readonly bytes: number }[];
}

export interface FamilyComparison {
  /** Median length of the test clips in frames. */
  readonly frames: number;
  readonly fps: number;
  /** Frames per window of the base network. */
  readonly window: number;
  readonly relations: readonly Relation[];
}

/** Cost of a network on a clip of this length. */
export interface Cost {
  readonly frames: number;
  /** Median time of one call in milliseconds: a step of a stream model, the whole clip of a base model. */
  readonly callMs: number;
  /** Peak memory of a process running it, minus its memory before it loaded the model. */
  readonly peakBytes: number;
}

/** The measurements of each network. */
export interface FamilyFindings {
  readonly answers: Readonly<Record<FamilyKind, readonly Answer[]>>;
  /** Measured on the same lengths, those of {@link costLengths}. */
  readonly costs: Readonly<Record<"stream" | "base" | "frameByFrame", readonly Cost[]>>;
  /** Multiply–accumulates of a step, of the whole clip, of a window, and of a frame of the 2-D network. */
  readonly macs: Readonly<Record<FamilyKind, number>>;
}

/** Clip lengths for measuring memory; the total pixels are bounded, so that base networks fit. */
export function costLengths(frames: number, window: number, pixels: number): readonly number[] {
  const most = Math.max(frames, window, 4e6 / pixels);
  return [...new Set([8, 16, 32, 64, 128, frames, window])].filter((n) => n <= most).sort((a, b) => a - b);
}

/**
 * The median of lengths in frames; for an even number, the lower one, not the mean of two as in `percentile`: a clip
 * of this length is measured, so it must be an integer and occur.
 */
export function medianLength(lengths: readonly number[]): number {
  return [...lengths].sort((a, b) => a - b)[(lengths.length - 1) >> 1] as number;
}

/** Combines the measurements. `frames` and `window` must be among the measured lengths. */
export function compareFamily(
  { answers, costs, macs }: FamilyFindings,
  {
    frames,
    fps,
    window,
    labels,
    output,
  }: Omit<FamilyComparison, "relations"> & {
    readonly labels: readonly string[];
    readonly output: "softmax" | "sigmoid";
  },
): FamilyComparison {
  const at = (measured: readonly Cost[], length: number) => measured.find((cost) => cost.frames === length) as Cost;
  const memoryOf = (measured: readonly Cost[], always?: number) =>
    measured.map((cost) => ({ frames: cost.frames, bytes: at(measured, always ?? cost.frames).peakBytes }));
  const seen = (frames - 1) / fps;
  const stepMs = at(costs.stream, frames).callMs;
  const wholeMs = at(costs.base, frames).callMs;
  const windowsMs = windowsOfClip * at(costs.base, window).callMs;
  const flatMs = at(costs.frameByFrame, frames).callMs;
  /** For a network that answers after each frame, or at the end of a clip. */
  const byFrame = (macsOfStep: number, ms: number) => {
    return { clip: { macs: frames * macsOfStep, ms: frames * ms }, first: { seconds: 0, ms } };
  };
  const atEnd = (macsOfClip: number, ms: number) => {
    return { clip: { macs: macsOfClip, ms }, first: { seconds: seen, ms } };
  };
  const facts = {
    stream: { ...byFrame(macs.stream, stepMs), memory: memoryOf(costs.stream) },
    whole: { ...atEnd(macs.whole, wholeMs), memory: memoryOf(costs.base) },
    averaged: { ...atEnd(windowsOfClip * macs.averaged, windowsMs), memory: memoryOf(costs.base, window) },
    frameByFrame: { ...byFrame(macs.frameByFrame, flatMs), memory: memoryOf(costs.frameByFrame) },
  };
  const kinds = Object.keys(familyNames) as FamilyKind[];
  const relations = kinds.map((kind) => ({
    kind,
    evaluation: evaluateAnswers(answers[kind], { labels, output, fps }),
    against: kind === "stream" ? null : compareAnswers(answers.stream, answers[kind]),
    ...facts[kind],
  }));
  return { frames, fps, window, relations };
}

/**
 * The conclusions of the comparison, as sentences. Better or worse only if the interval of the difference excludes 0.
 */
export function familyVerdict({ relations }: FamilyComparison): readonly string[] {
  return relations.flatMap(({ kind, against }) => {
    if (against === null) return [];
    const { clips, groups, difference, interval, onlyFirst, onlySecond } = against;
    const points = (share: number) => (100 * share).toFixed(1).replace("-", "−");
    const name = familyNames[kind];
    if (onlyFirst + onlySecond === 0) return [`The stream network and ${name} are right on the same clips.`];
    const by = `${points(Math.abs(difference))} points`;
    if (!interval.trusted) {
      return [
        `${clips} clips from ${groupsText(groups)} cannot separate the stream network from ${name}: they differ by ${by}.`,
      ];
    }
    const how = `${by} (95 % interval of the difference: ${points(interval.low)} to ${points(interval.high)})`;
    if (interval.low > 0) return [`The stream network is better than ${name} by ${how}.`];
    if (interval.high < 0) return [`The stream network is worse than ${name} by ${how}.`];
    return [`These clips do not separate the stream network from ${name}: they differ by ${how}.`];
  });
}
