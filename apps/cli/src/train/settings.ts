import { availableParallelism } from "node:os";
import { type Dataset, recipes, type Trainable, type TrainSettings } from "movinet/make";

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
  readonly augment: keyof typeof recipes;
  readonly flip: boolean;
  readonly seed: number;
  readonly threads: number | null;
}

/** From so many clips on, the last two blocks learn too where nothing else is said. */
export const manyClips = 400;

/** Forms of clips whose frozen output is kept on disk, at most about: half a megabyte each for A0. */
const keptForms = 16_000;

/** How a dataset is trained on. */
export interface TrainPlan {
  /** Null: a new last layer on frozen features, solved and not trained. */
  readonly fit: TrainSettings | null;
  /** Cross-validation by groups; null: a part is kept aside (or the dataset says which). */
  readonly folds: number | null;
  readonly validation: number;
}

/** The plan for a dataset with so many clips to learn from and so many groups of them. */
export function planTraining(choices: TrainChoices, dataset: Dataset, groups: number): TrainPlan {
  const { samples } = dataset;
  const ownSplits = samples.some(({ split }) => split === "validation" || split === "test");
  const trainable = choices.trainable ?? (samples.length >= manyClips ? { lastBlocks: 2 } : "classifier");
  const solved = trainable === "classifier" && choices.epochs === null;
  const crossed = choices.folds ?? (solved && !ownSplits && choices.validation === null ? Math.min(5, groups) : null);
  return {
    fit: solved ? null : fitSettings(choices, trainable, samples.length),
    folds: crossed !== null && crossed >= 2 ? crossed : null,
    validation: choices.validation ?? 0.2,
  };
}

/** How so many clips are trained on by gradients. */
export function fitSettings(choices: TrainChoices, trainable: Trainable, clips: number): TrainSettings {
  const recipe = recipes[choices.augment];
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
    augment: choices.flip ? recipe : { ...recipe, flip: 0 },
    views: choices.augment === "none" ? 1 : Math.max(1, Math.min(6, Math.floor(keptForms / clips))),
    patience: 5,
    threads: choices.threads ?? availableParallelism(),
    seed: choices.seed,
  };
}
