import type { Prediction } from "../flow/predict.ts";
import type { Picture } from "../video/frame.ts";
import type { Agreement } from "./agreement.ts";
import type { Evaluation } from "./metrics.ts";

/** The content of a report. Plain data; texts may contain anything, they are escaped. */
export interface RunReport {
  /** For example `yoga6: training from a0-stream`. */
  readonly title: string;
  /** Its date. */
  readonly date: Date;
  /** The command that created it. */
  readonly command: string;
  readonly model: string;
  readonly dataset: string;
  /** The evaluated clips, for example `test clips` or `each clip by a model that did not see its group`. */
  readonly judged: string;
  /** Null if no fair number is possible. */
  readonly evaluation: Evaluation | null;
  /** Why there is no evaluation: a sentence or two; null if there is one. */
  readonly silence: string | null;
  /** Cross-validation: the result of each fold. Null without one. */
  readonly folds: readonly FoldResult[] | null;
  /** How the numbers may mislead; one sentence each. */
  readonly warnings: readonly string[];
  /** Clips that could not be evaluated. */
  readonly failures: readonly { readonly name: string; readonly problem: string }[];
  /** Null without training. */
  readonly history: readonly EpochRecord[] | null;
  /** The epoch whose weights were kept; null if it was not chosen. */
  readonly bestEpoch: number | null;
  readonly agreement: Agreement | null;
  /** Wrong answers, the worst first; then the least confident correct ones. */
  readonly worst: readonly WorstClip[];
  readonly config: Facts;
  readonly environment: Facts;
}

/** Settings by name. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>;

export interface FoldResult {
  readonly name: string;
  readonly clips: number;
  readonly right: number;
}

/** One epoch of the history. */
export interface EpochRecord {
  readonly epoch: number;
  /** Weighted mean over the epoch's steps. */
  readonly loss: number;
  readonly learningRate: number;
  /** Weighted mean over the clips; null without validation clips. The epoch with the smallest is kept. */
  readonly validationLoss: number | null;
  /** Share of correct clips, unweighted; null without validation clips. */
  readonly validationTop1: number | null;
}

export interface WorstClip {
  readonly name: string;
  readonly right: boolean;
  /** Names of the correct classes. */
  readonly truth: readonly string[];
  /** Probability of the most likely correct class. */
  readonly score: number;
  /** Best first. */
  readonly predictions: readonly Prediction[];
  /** In order of time; may be empty. */
  readonly pictures: readonly Picture[];
  /** Width / height of the displayed pictures. */
  readonly aspect: number;
}
