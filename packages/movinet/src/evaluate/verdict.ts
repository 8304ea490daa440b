import { capital, listed } from "../common/printable.ts";
import { nameWithin, type Sample } from "../data/dataset.ts";
import { mostExcess } from "./early.ts";
import { enoughGroups, fewestGroups, groupCount, type Interval, wilsonInterval } from "./intervals.ts";
import type { Answer, Evaluation } from "./metrics.ts";

/**
 * The result in one sentence: `47 of 49 clips correct (95.9 %, 95 % interval 86.3–98.9 %)`. For clips that the model
 * was trained on, it says so and gives no share.
 */
export function headline({
  top1,
  clips,
  groups,
  learned,
}: Pick<Evaluation, "top1" | "clips" | "groups" | "learned">): string {
  const noun = clips === 1 ? "clip" : "clips";
  if (learned) {
    return `It recalls ${top1.hits} of ${clips} ${noun} it was trained on, which says nothing about new clips.`;
  }
  const doubt = top1.interval.trusted ? "" : `, unreliable: ${groupsText(groups)}`;
  return `${top1.hits} of ${clips} ${noun} correct (${percent(top1.value)}, 95 % interval ${percents(top1.interval, top1.interval.trusted ? 1 : 0)}${doubt})`;
}

/** What the numbers mean, in sentences for readers who do not know the measures. Empty for training clips. */
export function verdict(evaluation: Evaluation): readonly string[] {
  if (evaluation.learned) return [];
  return [
    againstGuessing(evaluation),
    onInterval(evaluation),
    onConfidence(evaluation),
    onEarliness(evaluation),
    onEarlyConfidence(evaluation),
    onFive(evaluation),
  ].filter((sentence) => sentence !== null);
}

function againstGuessing({ top1, majority, output, groups }: Evaluation): string {
  const guess = `always answering the most frequent class (${percent(majority)} correct)`;
  if (output === "sigmoid" && majority === 1) return "One class is correct for every clip, so top-1 says nothing.";
  if (!top1.interval.trusted) return `${capital(groupsText(groups))} cannot show whether it is better than ${guess}.`;
  if (top1.interval.low > majority) return `It is better than ${guess}.`;
  if (top1.interval.high < majority) return `It is worse than ${guess}.`;
  return `These clips do not show that it is better than ${guess}.`;
}

/** An interval this wide leaves open whether a model is good or mediocre. */
const wide = 0.2;

function onInterval({ top1, clips, groups }: Evaluation): string | null {
  const { low, high, by, trusted, effective } = top1.interval;
  const isWide = high - low > wide;
  if (by === "wilson") {
    return isWide ? `With ${clips} clips the interval is wide: on similar clips, expect anything within it.` : null;
  }
  if (!trusted) {
    return `The interval is unreliable: all ${clips} clips come from ${groupsText(groups)}, and fewer than ${fewestGroups} groups cannot show how it does on others.`;
  }
  const few = Math.round(effective);
  return (
    `The interval accounts for ${groups} groups, because clips of one group tend to be right or wrong together: ` +
    `the ${clips} clips are worth about ${few} independent ones.` +
    (isWide ? " It is wide: on clips from other groups, expect anything within it." : "")
  );
}

/** If a perfectly calibrated model would show a larger error, the error is not informative. */
const mostPerfectError = 0.05;
/**
 * With fewer independent clips, confidence is not interpreted: 30 correct ones are still compatible with 10 % wrong
 * ones.
 */
const fewestForConfidence = 30;

function onConfidence({ calibration: { error, perfect, bins }, top1, clips, groups }: Evaluation): string | null {
  if (perfect === null) return null;
  const { low, high, trusted, effective } = top1.interval;
  const confidence = bins.reduce((sum, bin) => sum + bin.count * (bin.confidence ?? 0), 0) / clips;
  const both = `${percent(confidence, 0)} confident on average and ${percent(top1.value, 0)} correct`;
  if (trusted && confidence > high) return `It is overconfident: ${both}.`;
  if (trusted && confidence < low) return `It is underconfident: ${both}.`;
  const blur = Math.sqrt(clips / effective);
  if (trusted && error > blur * perfect.most) {
    return `Its confidence is right on average (${both}), but not clip by clip: see the reliability diagram.`;
  }
  const enough = effective >= fewestForConfidence && blur * perfect.mean <= mostPerfectError;
  if (trusted && enough && error <= perfect.most) {
    return `Its confidence is well calibrated: ${both}.`;
  }
  const those = `${clips} ${clips === 1 ? "clip" : "clips"}${groups < clips ? ` of ${groups} ${groups === 1 ? "group" : "groups"}` : ""}`;
  return `${those} ${clips === 1 ? "is" : "are"} too few to tell whether its confidence is well calibrated: ${both}.`;
}

function onEarliness({ early, clips }: Evaluation): string | null {
  const settled = early?.settled;
  if (!settled || (early.curve.at(-1)?.frames ?? 1) < 2) return null;
  const whose = settled.clips === clips ? "The correct answer" : "When it ends correct, the answer";
  return (
    `${whose} is final after ${percent(settled.share, 0)} of a clip on average, ` +
    `and in half the clips ${settled.seconds < 0.05 ? "at once" : `within ${settled.seconds.toFixed(1)} s`}.`
  );
}

/** Confidence clearly above accuracy during a clip, but not at its end. */
function onEarlyConfidence({ early, top1: { interval } }: Evaluation): string | null {
  if (early === null || early.soundFrom === null || !interval.trusted) return null;
  const { curve, soundFrom } = early;
  const unsound = curve.filter(({ top1, confidence }) => confidence - top1 > mostExcess);
  const isClear = ({ top1, confidence }: (typeof curve)[number]) =>
    confidence > wilsonInterval(top1 * interval.effective, interval.effective).high;
  const [start, last] = [unsound.find(isClear), unsound.at(-1)];
  if (start === undefined || last === undefined) return null;
  const frames = (count: number) => `${count} ${count === 1 ? "frame" : "frames"}`;
  const shares = ({ top1, confidence }: typeof start) => [percent(confidence, 0), percent(top1, 0)] as const;
  const [sure, right] = shares(start);
  const [sureLast, rightLast] = shares(last);
  const more = last === start ? "" : `, after ${last.frames} ${sureLast} and ${rightLast}`;
  return (
    `After ${frames(start.frames)} it is ${sure} confident and ${right} correct${more}: ` +
    `it is overconfident until it has seen ${frames(soundFrom)}.`
  );
}

function onFive({ top5, classes }: Evaluation): string | null {
  if (classes <= 5) return null;
  return `The correct class is among the top five for ${top5.hits} of ${top5.total} (${percent(top5.value)}).`;
}

const fewestClips = 20;
const fewestOfClass = 5;
/** Largest acceptable ratio of class sizes. */
const mostImbalance = 3;

/**
 * How these numbers may mislead, one sentence each: too few clips, few groups, unbalanced classes. `heldOut`: whether
 * the model is known not to have been trained on these clips.
 */
export function warningsOf(
  evaluation: Evaluation,
  answers: readonly Pick<Answer, "group">[],
  { heldOut }: { heldOut: boolean },
): readonly string[] {
  const { clips, top1, perClass } = evaluation;
  const groups = answers.map(({ group }) => group);
  const own = perClass.filter(({ support }) => support > 0).sort((a, b) => a.support - b.support);
  const [least, most] = [own[0], own.at(-1)];
  const small = own.filter(({ support }) => support < fewestOfClass);
  const warnings: (string | false)[] = [
    !heldOut &&
      "These clips may not have been held out: if the model was trained on some of them, or on clips of the same people and places, the numbers are too optimistic.",
    clips > 1 &&
      groups.every((group) => group === null) &&
      "No groups are given, so all clips count as independent: if several show the same person, place or source, the interval is too narrow, and other clips may be harder. Add a group column in a manifest.",
    clips < fewestClips &&
      top1.interval.trusted &&
      `Only ${clips} ${clips === 1 ? "clip was" : "clips were"} evaluated: the true accuracy may be anywhere in ${percents(top1.interval)}.`,
    !enoughGroups(groups) &&
      `All clips come from ${groupsText(groupCount(groups))}, so the interval is unreliable: other people or places may well be harder.`,
    least !== undefined &&
      most !== undefined &&
      most.support > mostImbalance * least.support &&
      `The classes are not balanced: ${most.label} has ${most.support} clips, ${least.label} has ${least.support}. Check the recall of each class.`,
    clips >= fewestClips &&
      small.length > 0 &&
      `${small.length} of ${own.length} classes ${small.length === 1 ? "has" : "have"} fewer than ${fewestOfClass} clips: ${small.length === 1 ? "its" : "their"} own numbers mean little.`,
  ];
  return warnings.filter((warning) => warning !== false);
}

/** A share as `95.9 %`. */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** An interval as `86.3–98.9 %`. */
export function percents({ low, high }: Pick<Interval, "low" | "high">, digits = 1): string {
  return `${(low * 100).toFixed(digits)}–${percent(high, digits)}`;
}

/** An interval in a column, as `86–99 %`; `86–99 % *` if unreliable, explained by {@link starText}. */
export function columnPercents(interval: Interval, digits = 0): string {
  return interval.trusted ? percents(interval, digits) : `${percents(interval, 0)} *`;
}

/** The meaning of the star in {@link columnPercents}; null if there is none. */
export function starText(intervals: readonly (Interval | null)[]): string | null {
  if (intervals.every((interval) => interval?.trusted ?? true)) return null;
  return `* Unreliable: the clips come from fewer than ${fewestGroups} groups.`;
}

/** The classes over which means are taken: `mean of the 6 with clips`, or `mean of the 6 classes` if that is all. */
export function meanText({ macro, perClass }: Pick<Evaluation, "macro" | "perClass">): string {
  return macro.classes === perClass.length
    ? `mean of the ${macro.classes} classes`
    : `mean of the ${macro.classes} with clips`;
}

/** The calibration error of a perfectly calibrated model, for comparison. */
export function perfectText({ perfect }: Evaluation["calibration"]): string | null {
  if (perfect === null) return null;
  return `a perfectly calibrated model would show ${percent(perfect.mean)} on this many clips, rarely above ${percent(perfect.most)}`;
}

/** `only one group` or `only 3 groups`. */
export function groupsText(groups: number): string {
  return groups === 1 ? "only one group" : `only ${groups} groups`;
}

/** A clip that yielded frames although something is wrong with its video. */
export interface DamagedClip {
  readonly sample: Sample;
  readonly warnings: readonly string[];
}

/**
 * A sentence about clips that were used although something is wrong with their videos. `used`: for example
 * `evaluated`.
 */
export function damageSentence(damaged: readonly DamagedClip[], used: string): string {
  const names = damaged.map(({ sample, warnings }) => `${nameWithin(sample)}: ${warnings.at(-1)}`);
  const are =
    damaged.length === 1
      ? `1 clip was ${used} although its video is`
      : `${damaged.length} clips were ${used} although their videos are`;
  return `${are} incomplete (${listed(names, 3)}). movinet dataset check lists them.`;
}
