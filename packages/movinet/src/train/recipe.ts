/** What to train on a dataset, and how, with defaults that suit it. Plain data. */
import { TrainError } from "../common/errors.ts";

import { recipes } from "../data/augment.ts";
import { type Dataset, groupKey } from "../data/dataset.ts";
import { countGroups } from "../data/splits.ts";
import type { Trainable } from "./network.ts";
import type { TrainSettings } from "./settings.ts";
import type { TestPart } from "./test-parts.ts";

/** The options of a training; null: automatic. */
export interface TrainChoices {
  readonly trainable: Trainable | null;
  /** Folds of a cross-validation, at least 2. */
  readonly folds: number | null;
  /** Share of the clips to hold out for testing, above 0 and below 1. */
  readonly validation: number | null;
  readonly epochs: number | null;
  /** Clips per step. */
  readonly batch: number | null;
  /** Frames per clip. */
  readonly frames: number | null;
  /** The peak rate. */
  readonly learningRate: number | null;
  readonly augment: keyof typeof recipes | null;
  /** Whether clips are also mirrored. */
  readonly flip: boolean | null;
  readonly seed: number;
  readonly threads: number;
}

/** All options automatic, on one thread. */
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

/** The name of an option in the caller's interface, for sentences: `trainable`, or `trainable head` with its value. */
export type NameChoice = (choice: string, value?: string | number | boolean) => string;

export const plainName: NameChoice = (choice, value) => (value === undefined ? choice : `${choice} ${value}`);

/** From this many clips, the last two blocks are trained too by default. */
export const manyClips = 400;

/** Approximate limit of clip versions whose frozen output is stored on disk: half a megabyte each for A0. */
const keptForms = 16_000;

/** How to train on a dataset. */
export interface TrainPlan {
  /** Null: a new last layer on frozen features, solved in closed form. */
  readonly fit: TrainSettings | null;
  /** Number of folds of a grouped cross-validation; null: a part is held out (or the dataset has splits). */
  readonly folds: number | null;
  readonly validation: number;
  /** What is trained, and why: a sentence. */
  readonly why: string;
}

/**
 * The plan for a dataset and a model with this many blocks. Throws {@link TrainError} (`E_TRAIN_CHOICE`) for an option
 * without effect, or one that the model does not support.
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
    const problem = "the dataset already has a validation split";
    throw refused(name("validation"), problem, `Leave it out, or use ${name("folds")}`);
  }
  if (choices.flip !== null && choices.augment === "none") {
    throw refused(name("flip", choices.flip), `${name("augment", "none")} mirrors nothing`, "Use one of them");
  }
  if (choices.folds !== null && choices.folds > groups) {
    const problem = `${choices.folds} folds need ${choices.folds} groups of clips, but there are only ${groups}`;
    throw refused(name("folds"), problem, "Use fewer folds, or add clips from other people or places");
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

/** Up to this many groups, each is left out in turn, so that nothing depends on a random partition. */
const fewGroups = 10;

function usualFolds(groups: number): number {
  return groups <= fewGroups ? groups : 5;
}

function refuseGradientChoices(choices: TrainChoices, asked: boolean, clips: number, name: NameChoice): void {
  const known = ["epochs", "batch", "frames", "learningRate", "augment", "flip"] as const;
  const given = known.find((choice) => choices[choice] !== null);
  if (given === undefined) return;
  const why = asked ? "" : `, the default below ${manyClips} clips (found ${clips})`;
  throw refused(
    given === "flip" ? name(given, choices.flip === true) : name(given),
    `applies only to gradient training, but here the last layer is solved in closed form${why}`,
    `Leave it out, or add ${name("trainable", "head")}, 2 or all`,
  );
}

function howItLearns(trainable: Trainable, asked: boolean, clips: number, name: NameChoice): string {
  const because = asked
    ? `as set by ${name("trainable")}`
    : `because the dataset has ${clips} clips for training and validation (gradient training starts at ${manyClips})`;
  if (trainable === "classifier") return `The last layer is solved in closed form, ${because}.`;
  return `Gradients train ${learnsText(trainable)}, ${because}.`;
}

/** How the result is tested, and why, in a sentence. */
export function howItIsTested(
  { folds: asked, validation }: TrainChoices,
  { samples }: Dataset,
  parts: readonly TestPart[],
  name: NameChoice = plainName,
): string {
  const judging = parts.reduce((sum, { judge }) => sum + judge.length, 0);
  const grouped = samples.some(({ group }) => group !== null);
  if (judging === 0) return "No clips are left for testing.";
  if (parts.length > 1) {
    const because = asked === null ? "the default when the last layer is solved" : `as set by ${name("folds")}`;
    const groups = new Set(parts.flatMap(({ judge }) => judge).map(groupKey)).size;
    const cut = grouped && groups === parts.length ? `${groups} folds, one per group` : `${parts.length} folds`;
    const what = grouped ? "saw no clip of its group" : "did not see it";
    return `Tested by cross-validation with ${cut}, ${because}: each of ${judging} clips is evaluated by a model that ${what}.`;
  }
  const clips = `${judging} ${judging === 1 ? "clip" : "clips"}`;
  if (samples.some(({ split }) => split === "validation")) {
    return `Tested on the dataset's validation split, ${clips}.`;
  }
  const because = validation === null ? "" : `, as set by ${name("validation")}`;
  return `Tested on ${clips}, held out${grouped ? " by group" : ""}${because}.`;
}

/** What is trained, for a sentence. */
export function learnsText(trainable: Trainable): string {
  if (trainable === "all") return "all layers";
  if (trainable === "head") return "the head's layers";
  if (trainable === "classifier") return "the last layer's weights";
  const { lastBlocks } = trainable;
  return lastBlocks === 1 ? "the last block and the head" : `the last ${lastBlocks} blocks and the head`;
}

/** Settings for gradient training on this many clips. */
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

/** Stored versions per clip for this many clips. */
export function viewsOf(clips: number): number {
  return Math.max(1, Math.min(6, Math.floor(keptForms / Math.max(clips, 1))));
}
