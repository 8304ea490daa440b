import type { AugmentRecipe } from "../data/augment.ts";
import type { Trainable } from "./network.ts";
import type { OptimizerKind } from "./optimizer.ts";

/** All settings that determine the outcome of a gradient training, besides model and clips. Plain data. */
export interface TrainSettings {
  readonly trainable: Trainable;
  /** Norms keep their statistics and are folded away (`stored`), or use those of each group of clips (`batch`). */
  readonly statistics: "stored" | "batch";
  /** Frames per training clip. */
  readonly frames: number;
  /** Clips per step. */
  readonly batch: number;
  /** Clips per call of the network; with `batch` statistics, those that a norm sees. */
  readonly group: number;
  readonly epochs: number;
  readonly optimizer: OptimizerKind;
  /** The peak rate; it decays to 0 along a cosine. */
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
  /** With a frozen part: number of augmented versions of each clip, computed once. */
  readonly views: number;
  /** Epochs without a better validation loss after which training stops; 0: never. */
  readonly patience: number;
  readonly threads: number;
  readonly seed: number;
}
