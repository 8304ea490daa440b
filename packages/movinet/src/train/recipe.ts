/** What is to be learned from a dataset, and how: what suits it, where nothing else is chosen. Plain data. */
import { TrainError } from "../common/errors.ts";
import { capital } from "../common/printable.ts";
import { recipes } from "../data/augment.ts";
import { type Dataset, groupKey } from "../data/dataset.ts";
import { countGroups } from "../data/splits.ts";
import type { Trainable } from "./network.ts";
import type { TrainSettings } from "./settings.ts";
import type { TestPart } from "./test-parts.ts";

/** What was chosen for a training; null: what suits the dataset. */
export interface TrainChoices {
  readonly trainable: Trainable | null;
  /** Parts of a cross-validation, at least 2. */
  readonly folds: number | null;
  /** Share of the clips that is kept aside to test with, above 0 and below 1. */
  readonly validation: number | null;
  readonly epochs: number | null;
  /** Clips in a step. */
  readonly batch: number | null;
  /** Frames of a clip. */
  readonly frames: number | null;
  /** The highest. */
  readonly learningRate: number | null;
  readonly augment: keyof typeof recipes | null;
  /** Whether clips are mirrored too. */
  readonly flip: boolean | null;
  readonly seed: number;
  readonly threads: number;
}

/** Everything is chosen by the dataset and the model, on one thread. */
export const automatic: TrainChoices = {
  trainable: null,
  folds: null,
  validation: null,
  epochs: null,
  batch: null,
  frames: null,
  learningRate: null,
  augment: null,
  flip: null,
  seed: 0,
  threads: 1,
};

/** How a choice is called where it was made, for sentences: `trainable`, or `trainable head` with its value. */
export type NameChoice = (choice: string, value?: string | number | boolean) => string;

export const plainName: NameChoice = (choice, value) => (value === undefined ? choice : `${choice} ${value}`);

/** From so many clips on, the last two blocks learn too where nothing else is said. */
export const manyClips = 400;

/** Forms of clips whose frozen output is kept on disk, at most about: half a megabyte each for A0. */
const keptForms = 16_000;

/** How a dataset is trained on. */
export interface TrainPlan {
  /** Null: a new last layer on frozen features, solved in closed form. */
  readonly fit: TrainSettings | null;
  /** Cross-validation by groups; null: a part is kept aside (or the dataset says which). */
  readonly folds: number | null;
  readonly validation: number;
  /** What learns, and why: a sentence. */
  readonly why: string;
}

/**
 * The plan for a dataset and a model of so many blocks. Throws {@link TrainError} (`E_TRAIN_CHOICE`) for
 * a choice that would do nothing in it, or that the model does not have.
 */
export function planTraining(
  choices: TrainChoices,
  dataset: Dataset,
  blocks: number,
  name: NameChoice = plainName,
): TrainPlan {
  const { samples } = dataset;
  const groups = countGroups(dataset);
  const clips = samples.filter(({ split }) => split !== "test").length;
  const asked = choices.trainable !== null;
  const trainable = choices.trainable ?? (clips >= manyClips ? { lastBlocks: 2 } : "classifier");
  if (typeof trainable === "object" && trainable.lastBlocks > blocks) {
    const problem = `the model has ${blocks} blocks, not ${trainable.lastBlocks}`;
    throw refused(name("trainable"), problem, `Use 1 to ${blocks}, or all`);
  }
  const solved = trainable === "classifier";
  if (solved) refuseGradientChoices(choices, asked, clips, name);
  const named = samples.some(({ split }) => split === "validation");
  if (choices.validation !== null && named) {
    const problem = "the dataset itself names its clips for validation";
    throw refused(name("validation"), problem, `Leave it out, or use ${name("folds")}`);
  }
  if (choices.flip !== null && choices.augment === "none") {
    throw refused(name("flip", choices.flip), `${name("augment", "none")} mirrors nothing`, "Give one of them");
  }
  if (choices.folds !== null && choices.folds > groups) {
    const problem = `${choices.folds} parts need ${choices.folds} groups of clips, and there are ${groups}`;
    throw refused(name("folds"), problem, "Give a smaller number, or add clips of other people or places");
  }
  const usual = solved && !named && choices.validation === null ? usualFolds(groups) : null;
  const crossed = choices.folds ?? usual;
  const folds = crossed !== null && crossed >= 2 ? crossed : null;
  const fit = solved ? null : fitSettings(choices, trainable, clips);
  const why = howItLearns(trainable, asked, clips, name);
  return { fit, folds, validation: choices.validation ?? 0.2, why };
}

function refused(subject: string, problem: string, remedy: string): TrainError {
  return new TrainError({ code: "E_TRAIN_CHOICE", subject, problem, remedy });
}

/** Up to so many groups, each is left out in turn: then no chance decides which are judged together. */
const fewGroups = 10;

function usualFolds(groups: number): number {
  return groups <= fewGroups ? groups : 5;
}

function refuseGradientChoices(choices: TrainChoices, asked: boolean, clips: number, name: NameChoice): void {
  const known = ["epochs", "batch", "frames", "learningRate", "augment", "flip"] as const;
  const given = known.find((choice) => choices[choice] !== null);
  if (given === undefined) return;
  const why = asked ? "" : `, as always below ${manyClips} clips (these are ${clips})`;
  throw refused(
    given === "flip" ? name(given, choices.flip === true) : name(given),
    `it is for training by gradients, but here the last layer is solved in closed form${why}`,
    `Leave it out, or add ${name("trainable", "head")}, 2 or all`,
  );
}

function howItLearns(trainable: Trainable, asked: boolean, clips: number, name: NameChoice): string {
  const because = asked
    ? `as ${name("trainable")} asks`
    : `because the dataset has ${clips} clips for training and validation (gradients: from ${manyClips} on)`;
  if (trainable === "classifier") return `The last layer is solved in closed form, ${because}.`;
  return `${capital(learnsText(trainable))} learn by gradients, ${because}.`;
}

/** How what comes of it is tested, and why, in a sentence. */
export function howItIsTested(
  { folds: asked, validation }: TrainChoices,
  { samples }: Dataset,
  parts: readonly TestPart[],
  name: NameChoice = plainName,
): string {
  const judging = parts.reduce((sum, { judge }) => sum + judge.length, 0);
  const grouped = samples.some(({ group }) => group !== null);
  if (judging === 0) return "No clips are left to test it by.";
  if (parts.length > 1) {
    const because = asked === null ? "as usual where the last layer is solved" : `as ${name("folds")} asks`;
    const groups = new Set(parts.flatMap(({ judge }) => judge).map(groupKey)).size;
    const cut = grouped && groups === parts.length ? `${groups} parts, one for each group` : `${parts.length} parts`;
    const what = grouped ? "saw nothing of its group" : "did not see it";
    return `It is tested by cross-validation in ${cut}, ${because}: each of ${judging} clips is judged by a model that ${what}.`;
  }
  const clips = `${judging} ${judging === 1 ? "clip" : "clips"}`;
  if (samples.some(({ split }) => split === "validation")) {
    return `It is tested on ${clips} that the dataset names for validation.`;
  }
  const because = validation === null ? "" : `, as ${name("validation")} asks`;
  return `It is tested on ${clips}, kept aside${grouped ? " by group" : ""}${because}.`;
}

/** What learns, for a sentence. */
export function learnsText(trainable: Trainable): string {
  if (trainable === "all") return "all layers";
  if (trainable === "head") return "the head's layers";
  if (trainable === "classifier") return "the last layer's weights";
  const { lastBlocks } = trainable;
  return lastBlocks === 1 ? "the last block and the head" : `the last ${lastBlocks} blocks and the head`;
}

/** How so many clips are trained on by gradients. */
export function fitSettings(
  choices: Partial<TrainChoices> & Pick<TrainChoices, "threads" | "seed">,
  trainable: Trainable,
  clips: number,
): TrainSettings {
  const augment = choices.augment ?? "light";
  const recipe = recipes[augment];
  return {
    trainable,
    statistics: "stored",
    frames: choices.frames ?? 16,
    batch: choices.batch ?? 8,
    group: 1,
    epochs: choices.epochs ?? 15,
    optimizer: "adamw",
    learningRate: choices.learningRate ?? 3e-4,
    warmup: 0.1,
    weightDecay: 0.01,
    labelSmoothing: 0.1,
    dropout: 0.2,
    stochasticDepth: 0,
    averageDecay: 0.98,
    augment: choices.flip === false ? { ...recipe, flip: 0 } : recipe,
    views: augment === "none" ? 1 : viewsOf(clips),
    patience: 5,
    threads: choices.threads,
    seed: choices.seed,
  };
}

/** Varied forms of each of so many clips whose frozen output is kept. */
export function viewsOf(clips: number): number {
  return Math.max(1, Math.min(6, Math.floor(keptForms / Math.max(clips, 1))));
}
