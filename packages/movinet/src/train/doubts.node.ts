/** Why a run reports no accuracy, or how its accuracy may mislead. */

import { capital, listed } from "../common/printable.ts";
import type { Sample } from "../data/dataset.ts";
import { likeliest } from "../evaluate/metrics.ts";
import { damageSentence } from "../evaluate/verdict.ts";
import type { JudgedClip } from "./learn.node.ts";
import { hasUnknownPast } from "./learned.node.ts";
import type { NameChoice } from "./recipe.ts";
import { fewestJudged } from "./test-parts.ts";
import type { TrainedModel } from "./train-model.node.ts";

/** A file with less than this share of the model's frame rate gives repeated frames. */
const slowRate = 0.9;

/**
 * Caveats from the clips and their groups, as sentences. `whose`: the name of the starting model. `told`: whether
 * there is an accuracy.
 */
export function doubtsOf(done: TrainedModel, whose: string, told: boolean): readonly string[] {
  return [
    ...apartWarnings(done.learned.judged, done.dataset.labels),
    ...tornWarnings(done.torn),
    ...(told ? seenWarnings(done, whose) : []),
    ...clipWarnings(done),
  ];
}

/** Why no accuracy is reported, and what would help. */
export function silenceOf(
  { seen, torn, dataset, before: model, learned }: TrainedModel,
  whose: string,
  name: NameChoice,
): string {
  const judged = learned.judged.filter(({ taught }) => taught).length;
  const apart = learned.judged.length - judged;
  const begin = (reason: string) => `No accuracy reported: ${reason}`;
  if (judged === 0 && apart > 0) {
    return begin(
      "every class that could be evaluated comes from a single group. Add clips from other people or places to each class.",
    );
  }
  if (judged === 0 && torn.length > 0) {
    return begin(
      "the validation clips belong to groups that are also used for training. Keep each group within one split.",
    );
  }
  const clips = dataset.samples.length;
  if (hasUnknownPast(model.card)) {
    return begin(
      `${whose} was trained by a version that did not record its training clips, so these may be among them. Train from the model it started from (${model.card.source?.replace("trained from ", "")}).`,
    );
  }
  if (seen.size === clips) {
    return begin(
      `${whose} was trained on all ${clips} clips (or others from their groups), so they cannot test the result. Train from the model it started from, or add clips from other people or places.`,
    );
  }
  const known = seen.size === 0 ? "" : ` that ${whose} was not trained on`;
  const aside = learned.crossed
    ? ""
    : `, hold out more with ${name("validation")}, or cross-validate with ${name("folds")}`;
  return begin(
    `only ${judged} ${judged === 1 ? "clip" : "clips"}${known} can be used for evaluation, and at least ${fewestJudged} are needed. Add ${fewestJudged - judged} or more from other people or places${aside}.`,
  );
}

/** Classes from a single group: the model that evaluated their clips had never seen the class. */
function apartWarnings(judged: readonly JudgedClip[], labels: readonly string[]): string[] {
  const apart = judged.filter(({ taught }) => !taught);
  const byClass = Map.groupBy(apart, ({ sample }) => sample.classes.map((c) => labels[c]).join(", "));
  return Array.from(byClass, ([label, clips]) => {
    const noun = clips.length === 1 ? "clip" : "clips";
    const right = clips.filter(({ answer: { classes, scores } }) => classes.includes(likeliest(scores))).length;
    return `${label} appears in only one group, so it is never in both training and test clips: its ${clips.length} ${noun} are not counted (${right} of ${clips.length} correct). The final model has learned it, but how well is unknown.`;
  });
}

function tornWarnings(torn: readonly Sample[]): string[] {
  if (torn.length === 0) return [];
  const [belong, noun] = torn.length === 1 ? ["belongs", "clip"] : ["belong", "clips"];
  return [
    `${torn.length} validation ${noun} ${belong} to groups that are also used for training (${torn[0]?.name}${torn.length > 1 ? ", …" : ""}) and not counted. Keep each group within one split.`,
  ];
}

function seenWarnings({ seen, likeNamed, dataset }: TrainedModel, whose: string): string[] {
  const clips = dataset.samples.length;
  return [
    ...(seen.size > 0
      ? [
          `${whose} was trained on ${seen.size} of the ${clips} clips (or others from their groups): they are not counted.`,
        ]
      : []),
    ...(likeNamed.length > 0 ? [likeNamedSentence(whose, likeNamed)] : []),
  ];
}

/** Caveats about the clips themselves: damage, frame rates unlike the model's, and groups that reveal the class. */
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
    ...(slow > 0 ? [`${slow} clips have a lower frame rate than the ${fps} fps that the model expects.`] : []),
    ...(tied
      ? ["Every group (person, place, source) shows only one class: the model may recognize the place, not the action."]
      : []),
  ];
}

/** Clips from groups with the same names as some that a model was trained on. */
export function likeNamedSentence(name: string, groups: readonly string[]): string {
  return `${capital(name)} was trained on groups with the same names (${listed(groups, 3)}): if they are the same people or places, the accuracy is too optimistic.`;
}
