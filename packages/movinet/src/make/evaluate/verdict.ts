import type { Interval } from "./intervals.ts";
import type { Evaluation } from "./metrics.ts";

/** A share as `95.9 %`. */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** An interval as `86.3–98.9 %`. */
export function percents({ low, high }: Pick<Interval, "low" | "high">, digits = 1): string {
  return `${(low * 100).toFixed(digits)}–${percent(high, digits)}`;
}

/** The result in one sentence: `47 of 49 clips right (95.9 %, 95 % interval 86.3–98.9 %)`. */
export function headline({ top1, clips }: Pick<Evaluation, "top1" | "clips">): string {
  const noun = clips === 1 ? "clip" : "clips";
  return `${top1.hits} of ${clips} ${noun} right (${percent(top1.value)}, 95 % interval ${percents(top1.interval)})`;
}

/** What the numbers mean, in sentences for somebody who does not know the measures. */
export function verdict(evaluation: Evaluation): readonly string[] {
  return [
    againstGuessing(evaluation),
    onInterval(evaluation),
    onConfidence(evaluation),
    onEarliness(evaluation),
    onFive(evaluation),
  ].filter((sentence) => sentence !== null);
}

function againstGuessing({ top1, majority, output }: Evaluation): string {
  const guess = `always answering the most frequent class, which would be right for ${percent(majority)}`;
  if (output === "sigmoid" && majority === 1) return "One class is right for every clip, so top-1 says nothing.";
  if (top1.interval.low > majority) return `It is better than ${guess}.`;
  if (top1.interval.high < majority) return `It is worse than ${guess}.`;
  return `These clips do not show that it is better than ${guess}.`;
}

/** An interval as wide as this leaves open whether a model is good or middling. */
const wide = 0.2;

function onInterval({ top1, clips, groups }: Evaluation): string | null {
  const { low, high, by } = top1.interval;
  const sentences: string[] = [];
  if (by === "groups") {
    sentences.push(`The interval is that of ${groups} groups, because clips of one group are right or wrong together.`);
  }
  if (high - low > wide) {
    sentences.push(`With ${clips} clips the interval is wide: on other clips of this kind, expect anything within it.`);
  }
  return sentences.length === 0 ? null : sentences.join(" ");
}

function onConfidence({ calibration, output, top1 }: Evaluation): string | null {
  if (output === "sigmoid") return null;
  const sum = calibration.bins.reduce((total, { count, confidence }) => total + count * (confidence ?? 0), 0);
  const confidence = sum / top1.total;
  const both = `it is ${percent(confidence, 0)} sure on average and right for ${percent(top1.value, 0)}`;
  if (calibration.error <= 0.05) return `Its confidence can be taken at its word: ${both}.`;
  if (Math.abs(confidence - top1.value) < 0.05) {
    return `Its confidence is right on average (${both}), but not clip by clip: see the reliability diagram.`;
  }
  return confidence > top1.value
    ? `It is surer than it should be: ${both}.`
    : `It is less sure than it could be: ${both}.`;
}

function onEarliness({ early, clips }: Evaluation): string | null {
  const settled = early?.settled;
  if (!settled || (early.curve.at(-1)?.frames ?? 1) < 2) return null;
  const whose = settled.clips === clips ? "The right answer" : "Where it ends right, the answer";
  return (
    `${whose} is there to stay after ${percent(settled.share, 0)} of a clip on average, ` +
    `and in half of the clips ${settled.seconds < 0.05 ? "at once" : `within ${settled.seconds.toFixed(1)} s`}.`
  );
}

function onFive({ top5, classes }: Evaluation): string | null {
  if (classes <= 5) return null;
  return `The right class is among the five likeliest for ${top5.hits} of ${top5.total} (${percent(top5.value)}).`;
}
