import type { AugmentRecipe } from "../data/augment.ts";
import type { Trainable } from "./network.ts";
import type { OptimizerKind } from "./optimizer.ts";

/** Everything that decides the outcome of a training by gradients, beside model and clips. Plain data. */
export interface TrainSettings {
  readonly trainable: Trainable;
  /** Norms keep their statistics and are folded away (`stored`), or take those of each group of clips (`batch`). */
  readonly statistics: "stored" | "batch";
  /** Frames of a training clip. */
  readonly frames: number;
  /** Clips in a step. */
  readonly batch: number;
  /** Clips in one call of the network; with `batch` statistics, those that a norm sees. */
  readonly group: number;
  readonly epochs: number;
  readonly optimizer: OptimizerKind;
  /** The highest; it falls along a cosine to 0. */
  readonly learningRate: number;
  /** Share of all steps in which the rate rises to it. */
  readonly warmup: number;
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  readonly dropout: number;
  readonly stochasticDepth: number;
  /** Decay of the average of the weights that is kept and tested; 0: the weights themselves. */
  readonly averageDecay: number;
  readonly augment: AugmentRecipe;
  /** Where a part of the network is frozen: how many varied forms of each clip are made once. */
  readonly views: number;
  /** Epochs without a better validation loss after which it ends; 0: never. */
  readonly patience: number;
  readonly threads: number;
  readonly seed: number;
}
