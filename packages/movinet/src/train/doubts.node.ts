/** Why a run's number is not told, or where it may fool its reader. */

import { capital, listed } from "../common/printable.ts";
import type { Sample } from "../data/dataset.ts";
import { likeliest } from "../evaluate/metrics.ts";
import { damageSentence } from "../evaluate/verdict.ts";
import type { JudgedClip } from "./learn.node.ts";
import { hasUnknownPast } from "./learned.node.ts";
import type { NameChoice } from "./recipe.ts";
import { fewestJudged } from "./test-parts.ts";
import type { TrainedModel } from "./train-model.node.ts";

/** A file with fewer frames a second than this share of the model's shows it pictures twice. */
const slowRate = 0.9;

/**
 * What the clips and their groups give cause to doubt: sentences. `whose`: how the model is called which it began with.
 * `told`: whether there is an accuracy.
 */
export function doubtsOf(done: TrainedModel, whose: string, told: boolean): readonly string[] {
  return [
    ...apartWarnings(done.learned.judged, done.dataset.labels),
    ...tornWarnings(done.torn),
    ...(told ? seenWarnings(done, whose) : []),
    ...clipWarnings(done),
  ];
}

/** Why no accuracy is told, and what would help. */
export function silenceOf(
  { seen, torn, dataset, before: model, learned }: TrainedModel,
  whose: string,
  name: NameChoice,
): string {
  const judged = learned.judged.filter(({ taught }) => taught).length;
  const apart = learned.judged.length - judged;
  const begin = (reason: string) => `No accuracy is told: ${reason}`;
  if (judged === 0 && apart > 0) {
    return begin(
      "each class that could be judged lives in one group only. Add clips of other people or places to each class.",
    );
  }
  if (judged === 0 && torn.length > 0) {
    return begin("the clips for validation are of groups that are for training too. Put each group into one split.");
  }
  const clips = dataset.samples.length;
  if (hasUnknownPast(model.card)) {
    return begin(
      `${whose} was trained by a version that did not note from which clips, so any of these may be among them. Train from the model that it was made of (${model.card.source?.replace("trained from ", "")}).`,
    );
  }
  if (seen.size === clips) {
    return begin(
      `${whose} has learned from all ${clips} clips (or others of their groups), so they cannot test what comes of it. Train from the model that it was made of, or add clips of other people or places.`,
    );
  }
  const known = seen.size === 0 ? "" : ` that ${whose} has not learned from`;
  const aside = learned.crossed ? "" : `, keep more aside with ${name("validation")}, or test with ${name("folds")}`;
  return begin(
    `${judged} ${judged === 1 ? "clip is" : "clips are"} left to judge by${known}, and at least ${fewestJudged} are needed. Add ${fewestJudged - judged} or more of other people or places${aside}.`,
  );
}

/** Classes that only live in one group: whoever judged their clips had never seen the class. */
function apartWarnings(judged: readonly JudgedClip[], labels: readonly string[]): string[] {
  const apart = judged.filter(({ taught }) => !taught);
  const byClass = Map.groupBy(apart, ({ sample }) => sample.classes.map((c) => labels[c]).join(", "));
  return Array.from(byClass, ([label, clips]) => {
    const noun = clips.length === 1 ? "clip" : "clips";
    const right = clips.filter(({ answer: { classes, scores } }) => classes.includes(likeliest(scores))).length;
    return `${label} is seen in one group only: a model that judges its ${clips.length} ${noun} has never learned it, so they are not counted (${right} of ${clips.length} right). The model that you get has learned it, and nobody knows how well.`;
  });
}

function tornWarnings(torn: readonly Sample[]): string[] {
  if (torn.length === 0) return [];
  const [is, noun] = torn.length === 1 ? ["is", "clip"] : ["are", "clips"];
  return [
    `${torn.length} ${noun} for validation ${is} of groups of which the model learns other clips (${torn[0]?.name}${torn.length > 1 ? ", …" : ""}): not counted. Put each group into one split.`,
  ];
}

function seenWarnings({ seen, likeNamed, dataset }: TrainedModel, whose: string): string[] {
  const clips = dataset.samples.length;
  return [
    ...(seen.size > 0
      ? [
          `${whose} has learned from ${seen.size} of the ${clips} clips (or others of their groups): they are not counted.`,
        ]
      : []),
    ...(likeNamed.length > 0 ? [likeNamedSentence(whose, likeNamed)] : []),
  ];
}

/** What the clips themselves tell: damage, frame rates unlike the model's, and groups that give the class away. */
function clipWarnings({
  dataset: { samples, labels },
  frozen: { frameRates, damaged },
  learned,
}: TrainedModel): string[] {
  const { fps } = learned.model.card;
  const slow = frameRates.filter((rate) => rate < slowRate * fps).length;
  const groups = new Map<string, Set<string>>();
  for (const { group, classes } of samples) {
    if (group === null) continue;
    const seen = groups.get(group) ?? new Set();
    for (const c of classes) seen.add(labels[c] as string);
    groups.set(group, seen);
  }
  const tied = groups.size > 1 && [...groups.values()].every((seen) => seen.size === 1) && samples.length > groups.size;
  return [
    ...(damaged.length > 0 ? [damageSentence(damaged, "used")] : []),
    ...(slow > 0 ? [`${slow} clips have fewer than ${fps} pictures a second, which the model expects to see.`] : []),
    ...(tied
      ? ["Every group (person, place, source) shows one class only: the model may know the place, not the action."]
      : []),
  ];
}

/** Clips of groups that are named like some that a model learned from. */
export function likeNamedSentence(name: string, groups: readonly string[]): string {
  return `${capital(name)} has learned from groups of the same names (${listed(groups, 3)}): if they are the same people or places, the number flatters it.`;
}
