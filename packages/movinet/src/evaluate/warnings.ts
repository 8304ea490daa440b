import { listed } from "../common/printable.ts";
import { nameWithin, type Sample } from "../data/dataset.ts";
import { enoughGroups, groupCount } from "./groups.ts";
import type { Answer, Evaluation } from "./metrics.ts";
import { groupsText, percents } from "./words.ts";

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
