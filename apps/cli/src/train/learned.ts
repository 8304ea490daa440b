import type { Model } from "movinet";
import type { Answer, ClipCache, EpochRecord, FrozenSamples, HeadTask, Sample } from "movinet/make";
import type { Terminal } from "../terminal.ts";
import type { StageProgress } from "./progress.ts";
import type { TrainChoices } from "./settings.ts";

/** What a way of training is given. */
export interface TrainSetting {
  readonly folder: string;
  /** What it begins with. */
  readonly model: Model;
  readonly frozen: FrozenSamples;
  /** Parts to test with: one, or those of a cross-validation. */
  readonly folds: readonly { readonly train: readonly Sample[]; readonly validation: readonly Sample[] }[];
  readonly task: HeadTask;
  readonly choices: TrainChoices;
  readonly cache: ClipCache;
  readonly terminal: Terminal;
  readonly progress: StageProgress;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface Learned {
  readonly model: Model;
  /** Of clips that the model which answered had not seen, nor others of their groups. */
  readonly answers: readonly Answer[];
  readonly samples: readonly Sample[];
  /** Fold of each answer; null where there is one part only. */
  readonly folds: readonly number[] | null;
  readonly judged: string;
  readonly history: readonly EpochRecord[] | null;
  readonly bestEpoch: number | null;
  /** How it learned, for the report. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** An answer of which only the end is known. */
export function answerOf(sample: Sample, scores: Float32Array): Answer {
  return { name: sample.name, group: sample.group, classes: sample.classes, scores, moments: null };
}
