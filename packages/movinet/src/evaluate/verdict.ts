import { mostExcess } from "./early.ts";
import { fewestGroups } from "./groups.ts";
import { wilsonInterval } from "./intervals.ts";
import type { Evaluation } from "./metrics.ts";
import { groupsText, percent, percents } from "./words.ts";

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

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
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
