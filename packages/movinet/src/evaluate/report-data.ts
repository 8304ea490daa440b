import type { Prediction } from "../flow/predict.ts";
import type { Picture } from "../video/frame.ts";
import type { Agreement } from "./agreement.ts";
import type { Evaluation } from "./metrics.ts";

/** Everything that a report tells. Plain data; texts may hold anything, they are escaped. */
export interface RunReport {
  /** For example `yoga6: training from a0-stream`. */
  readonly title: string;
  /** When it was made. */
  readonly date: Date;
  /** The command that made it, as it would be typed. */
  readonly command: string;
  readonly model: string;
  readonly dataset: string;
  /** Which clips were judged, for example `the test clips` or `each clip by a model that did not see its group`. */
  readonly judged: string;
  /** Null where nothing honest can be said. */
  readonly evaluation: Evaluation | null;
  /** Why there is no evaluation: a sentence or two; null where there is one. */
  readonly silence: string | null;
  /** Cross-validation: what each fold reached. Null where there are none. */
  readonly folds: readonly FoldResult[] | null;
  /** Where the reader might fool himself; one sentence each. */
  readonly warnings: readonly string[];
  /** Clips that could not be judged. */
  readonly failures: readonly { readonly name: string; readonly problem: string }[];
  /** Null where nothing was trained. */
  readonly history: readonly EpochRecord[] | null;
  /** The epoch whose weights were kept; null where that says nothing. */
  readonly bestEpoch: number | null;
  readonly agreement: Agreement | null;
  /** Wrong answers, the worst first; then the right ones that were least sure. */
  readonly worst: readonly WorstClip[];
  readonly config: Facts;
  readonly environment: Facts;
}

/** Names and what they are set to. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>;

export interface FoldResult {
  readonly name: string;
  readonly clips: number;
  readonly right: number;
}

/** One epoch as history tells it. */
export interface EpochRecord {
  readonly epoch: number;
  /** Mean over the epoch's steps; clips count their weights. */
  readonly loss: number;
  readonly learningRate: number;
  /** Mean over the clips by their weights; null without clips for validation. The least says which epoch is kept. */
  readonly validationLoss: number | null;
  /** Share of the clips that are right, all counted alike; null without clips for validation. */
  readonly validationTop1: number | null;
}

export interface WorstClip {
  readonly name: string;
  readonly right: boolean;
  /** Names of the right classes. */
  readonly truth: readonly string[];
  /** Probability of the likeliest right class. */
  readonly score: number;
  /** Best first. */
  readonly predictions: readonly Prediction[];
  /** In order of time; may be empty. */
  readonly pictures: readonly Picture[];
  /** Width / height at which the pictures are shown. */
  readonly aspect: number;
}
