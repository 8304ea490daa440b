import { capital, listed } from "../common/printable.ts";
import { nameWithin, type Sample } from "../data/dataset.ts";
import { mostExcess } from "./early.ts";
import { enoughGroups, fewestGroups, groupCount, type Interval, wilsonInterval } from "./intervals.ts";
import type { Answer, Evaluation } from "./metrics.ts";

/**
 * The result in one sentence: `47 of 49 clips right (95.9 %, 95 % interval 86.3–98.9 %)`. Of clips that the model has
 * learned from, it says so and no share.
 */
export function headline({
  top1,
  clips,
  groups,
  learned,
}: Pick<Evaluation, "top1" | "clips" | "groups" | "learned">): string {
  const noun = clips === 1 ? "clip" : "clips";
  if (learned) {
    return `It remembers ${top1.hits} of ${clips} ${noun} that it has learned from, which says nothing about others.`;
  }
  const doubt = top1.interval.trusted ? "" : `, not to be trusted: ${groupsText(groups)}`;
  return `${top1.hits} of ${clips} ${noun} right (${percent(top1.value)}, 95 % interval ${percents(top1.interval, top1.interval.trusted ? 1 : 0)}${doubt})`;
}

/** What the numbers mean, in sentences for somebody who does not know the measures. Nothing of clips that were learned. */
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
  const guess = `always answering the most frequent class, which would be right for ${percent(majority)}`;
  if (output === "sigmoid" && majority === 1) return "One class is right for every clip, so top-1 says nothing.";
  if (!top1.interval.trusted) return `${capital(groupsText(groups))} cannot show whether it is better than ${guess}.`;
  if (top1.interval.low > majority) return `It is better than ${guess}.`;
  if (top1.interval.high < majority) return `It is worse than ${guess}.`;
  return `These clips do not show that it is better than ${guess}.`;
}

/** An interval as wide as this leaves open whether a model is good or middling. */
const wide = 0.2;

function onInterval({ top1, clips, groups }: Evaluation): string | null {
  const { low, high, by, trusted, effective } = top1.interval;
  const isWide = high - low > wide;
  if (by === "wilson") {
    return isWide
      ? `With ${clips} clips the interval is wide: on other clips of this kind, expect anything within it.`
      : null;
  }
  if (!trusted) {
    return `The interval cannot be trusted: all ${clips} clips are of ${groupsText(groups)}, and from fewer than ${fewestGroups} nobody can tell how it does on others.`;
  }
  const few = Math.round(effective);
  return (
    `The interval is that of ${groups} groups, because clips of one group are right or wrong together: ` +
    `the ${clips} clips tell no more than ${few} that stand alone.` +
    (isWide ? " It is wide: on clips of other groups, expect anything within it." : "")
  );
}

/** Where a perfectly calibrated model would show a greater error, an error says nothing. */
const mostPerfectError = 0.05;
/** Independent clips below which nothing is said of confidence: 30 right ones still leave 10 % of wrong ones open. */
const fewestForConfidence = 30;

function onConfidence({ calibration: { error, perfect, bins }, top1, clips, groups }: Evaluation): string | null {
  if (perfect === null) return null;
  const { low, high, trusted, effective } = top1.interval;
  const confidence = bins.reduce((sum, bin) => sum + bin.count * (bin.confidence ?? 0), 0) / clips;
  const both = `it is ${percent(confidence, 0)} sure on average and right for ${percent(top1.value, 0)}`;
  if (trusted && confidence > high) return `It is surer than it should be: ${both}.`;
  if (trusted && confidence < low) return `It is less sure than it could be: ${both}.`;
  const blur = Math.sqrt(clips / effective);
  if (trusted && error > blur * perfect.most) {
    return `Its confidence is right on average (${both}), but not clip by clip: see the reliability diagram.`;
  }
  const enough = effective >= fewestForConfidence && blur * perfect.mean <= mostPerfectError;
  if (trusted && enough && error <= perfect.most) {
    return `Its confidence can be taken at its word: ${both}.`;
  }
  const those = `${clips} ${clips === 1 ? "clip" : "clips"}${groups < clips ? ` of ${groups} ${groups === 1 ? "group" : "groups"}` : ""}`;
  return `${those} ${clips === 1 ? "is" : "are"} too few to tell whether its confidence can be taken at its word: ${both}.`;
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

/** Confidence that is clearly above the share that is right while a clip goes on, but not at its end. */
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
    `After ${frames(start.frames)} it is ${sure} sure and right for ${right}${more}: ` +
    `its answers are surer than they should be until it has seen ${frames(soundFrom)}.`
  );
}

function onFive({ top5, classes }: Evaluation): string | null {
  if (classes <= 5) return null;
  return `The right class is among the five likeliest for ${top5.hits} of ${top5.total} (${percent(top5.value)}).`;
}

const fewestClips = 20;
const fewestOfClass = 5;
/** How many times more clips than the smallest class the largest may have. */
const mostImbalance = 3;

/**
 * Where a reader of these numbers might fool himself, one sentence each: too few clips, few groups, unlike classes.
 * `heldOut`: whether the model is known not to have been trained on these clips.
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
      "Nothing says that these clips were kept aside: if the model was trained on some of them, or on clips of the same people and places, the numbers flatter it.",
    clips > 1 &&
      groups.every((group) => group === null) &&
      "No groups are given, so every clip is taken to stand alone: if several show one person, place or source, the interval is too narrow, and clips of others may be harder. A manifest with a column group says it.",
    clips < fewestClips &&
      top1.interval.trusted &&
      `Only ${clips} ${clips === 1 ? "clip was" : "clips were"} judged: anything in ${percents(top1.interval)} fits what was seen.`,
    !enoughGroups(groups) &&
      `All clips are of ${groupsText(groupCount(groups))}, so the interval cannot be trusted: other people or places may well be harder.`,
    least !== undefined &&
      most !== undefined &&
      most.support > mostImbalance * least.support &&
      `The classes are not balanced: ${most.label} has ${most.support} clips, ${least.label} has ${least.support}. Look at the recall of each class.`,
    clips >= fewestClips &&
      small.length > 0 &&
      `${small.length} of ${own.length} classes ${small.length === 1 ? "has" : "have"} fewer than ${fewestOfClass} clips: ${small.length === 1 ? "its" : "their"} own numbers say little.`,
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

/** An interval in a column, as `86–99 %`; `86–99 % *` where it cannot be trusted, which {@link starText} explains. */
export function columnPercents(interval: Interval, digits = 0): string {
  return interval.trusted ? percents(interval, digits) : `${percents(interval, 0)} *`;
}

/** What {@link columnPercents}' star means; null where none of them has one. */
export function starText(intervals: readonly (Interval | null)[]): string | null {
  if (intervals.every((interval) => interval?.trusted ?? true)) return null;
  return `* All its clips are of fewer than ${fewestGroups} groups: do not trust the interval.`;
}

/** Over which classes the means are taken: `mean of the 6 with clips`, or `mean of the 6 classes` where that is all. */
export function meanText({ macro, perClass }: Pick<Evaluation, "macro" | "perClass">): string {
  return macro.classes === perClass.length
    ? `mean of the ${macro.classes} classes`
    : `mean of the ${macro.classes} with clips`;
}

/** The calibration error beside what a perfectly calibrated model would show. */
export function perfectText({ perfect }: Evaluation["calibration"]): string | null {
  if (perfect === null) return null;
  return `a perfectly calibrated model would show ${percent(perfect.mean)} on so many clips, rarely more than ${percent(perfect.most)}`;
}

/** `only one group` or `only 3 groups`. */
export function groupsText(groups: number): string {
  return groups === 1 ? "only one group" : `only ${groups} groups`;
}

/** A clip that gave frames although something is wrong with its video. */
export interface DamagedClip {
  readonly sample: Sample;
  readonly warnings: readonly string[];
}

/** Clips that were used although something is wrong with their videos: a sentence. `used`: for example `judged`. */
export function damageSentence(damaged: readonly DamagedClip[], used: string): string {
  const names = damaged.map(({ sample, warnings }) => `${nameWithin(sample)}: ${warnings.at(-1)}`);
  const are =
    damaged.length === 1
      ? `1 clip was ${used} although its video is`
      : `${damaged.length} clips were ${used} although their videos are`;
  return `${are} not whole (${listed(names, 3)}). movinet dataset check lists them.`;
}
