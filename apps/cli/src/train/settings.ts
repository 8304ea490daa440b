import { availableParallelism } from "node:os";
import { type Dataset, groupKey, recipes, type TestPart, type Trainable, type TrainSettings } from "movinet/train";
import { UsageError } from "../usage.ts";

/** What `movinet train` was told to do; null: what suits the dataset. Kept in the run's config.json. */
export interface TrainChoices {
  readonly dataset: string;
  readonly from: string | null;
  readonly trainable: Trainable | null;
  readonly folds: number | null;
  readonly validation: number | null;
  readonly epochs: number | null;
  readonly batch: number | null;
  readonly frames: number | null;
  readonly learningRate: number | null;
  readonly augment: keyof typeof recipes | null;
  readonly flip: boolean | null;
  readonly seed: number;
  readonly threads: number | null;
}

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
 * The plan for a dataset of so many groups and a model of so many blocks. Throws {@link UsageError} for an option that
 * would do nothing in it, or that the model does not have.
 */
export function planTraining(choices: TrainChoices, dataset: Dataset, groups: number, blocks: number): TrainPlan {
  const { samples } = dataset;
  const clips = samples.filter(({ split }) => split !== "test").length;
  const asked = choices.trainable !== null;
  const trainable = choices.trainable ?? (clips >= manyClips ? { lastBlocks: 2 } : "classifier");
  if (typeof trainable === "object" && trainable.lastBlocks > blocks) {
    throw new UsageError(
      "--trainable",
      `the model has ${blocks} blocks, not ${trainable.lastBlocks}`,
      `Use 1 to ${blocks}, or all`,
    );
  }
  const solved = trainable === "classifier";
  if (solved) refuseGradientOptions(choices, asked, clips);
  const named = samples.some(({ split }) => split === "validation");
  if (choices.validation !== null && named) {
    throw new UsageError(
      "--validation",
      "the dataset itself names its clips for validation",
      "Leave it out, or use --folds",
    );
  }
  if (choices.flip !== null && choices.augment === "none") {
    throw new UsageError(choices.flip ? "--flip" : "--no-flip", "--augment none mirrors nothing", "Give one of them");
  }
  if (choices.folds !== null && choices.folds > groups) {
    throw new UsageError(
      "--folds",
      `${choices.folds} parts need ${choices.folds} groups of clips, and there are ${groups}`,
      "Give a smaller number, or add clips of other people or places",
    );
  }
  const usual = solved && !named && choices.validation === null ? usualFolds(groups) : null;
  const crossed = choices.folds ?? usual;
  const folds = crossed !== null && crossed >= 2 ? crossed : null;
  const fit = solved ? null : fitSettings(choices, trainable, clips);
  return { fit, folds, validation: choices.validation ?? 0.2, why: howItLearns(trainable, asked, clips) };
}

/** Up to so many groups, each is left out in turn: then no chance decides which are judged together. */
const fewGroups = 10;

function usualFolds(groups: number): number {
  return groups <= fewGroups ? groups : 5;
}

function refuseGradientOptions(choices: TrainChoices, asked: boolean, clips: number): void {
  const given = [
    choices.epochs !== null && "--epochs",
    choices.batch !== null && "--batch",
    choices.frames !== null && "--frames",
    choices.learningRate !== null && "--learning-rate",
    choices.augment !== null && "--augment",
    choices.flip !== null && (choices.flip ? "--flip" : "--no-flip"),
  ].find((name) => name !== false);
  if (given === undefined) return;
  const why = asked ? "" : `, as always below ${manyClips} clips (these are ${clips})`;
  throw new UsageError(
    given,
    `it is for training by gradients, but here the last layer is solved in closed form${why}`,
    "Leave it out, or add --trainable head, 2 or all",
  );
}

function howItLearns(trainable: Trainable, asked: boolean, clips: number): string {
  const because = asked
    ? "as --trainable asks"
    : `because the dataset has ${clips} clips for training and validation (gradients: from ${manyClips} on)`;
  if (trainable === "classifier") return `The last layer is solved in closed form, ${because}.`;
  return `${capital(learnsText(trainable))} learn by gradients, ${because}.`;
}

/** How what comes of it is tested, and why, in a sentence. */
export function howItIsTested(
  { folds: asked, validation }: TrainChoices,
  { samples }: Dataset,
  parts: readonly TestPart[],
): string {
  const judging = parts.reduce((sum, { judge }) => sum + judge.length, 0);
  const grouped = samples.some(({ group }) => group !== null);
  if (judging === 0) return "No clips are left to test it by.";
  if (parts.length > 1) {
    const because = asked === null ? "as usual where the last layer is solved" : "as --folds asks";
    const groups = new Set(parts.flatMap(({ judge }) => judge).map(groupKey)).size;
    const cut = grouped && groups === parts.length ? `${groups} parts, one for each group` : `${parts.length} parts`;
    const what = grouped ? "saw nothing of its group" : "did not see it";
    return `It is tested by cross-validation in ${cut}, ${because}: each of ${judging} clips is judged by a model that ${what}.`;
  }
  const clips = `${judging} ${judging === 1 ? "clip" : "clips"}`;
  if (samples.some(({ split }) => split === "validation")) {
    return `It is tested on ${clips} that the dataset names for validation.`;
  }
  const because = validation === null ? "" : ", as --validation asks";
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

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** How so many clips are trained on by gradients. */
export function fitSettings(
  choices: Pick<TrainChoices, "frames" | "batch" | "epochs" | "learningRate" | "augment" | "flip" | "threads" | "seed">,
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
    threads: choices.threads ?? availableParallelism(),
    seed: choices.seed,
  };
}

/** Varied forms of each of so many clips whose frozen output is kept. */
export function viewsOf(clips: number): number {
  return Math.max(1, Math.min(6, Math.floor(keptForms / Math.max(clips, 1))));
}
