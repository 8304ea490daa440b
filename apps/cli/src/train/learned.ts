import type { Model } from "movinet";
import {
  type Answer,
  type ClipCache,
  type EpochRecord,
  type FrozenSamples,
  type HeadTask,
  nameWithin,
  type Sample,
  type TestPart,
  type TrainSettings,
} from "movinet/train";
import type { Terminal } from "../terminal.ts";
import type { StageProgress } from "./progress.ts";
import type { TrainChoices } from "./settings.ts";

/** What a way of training is given. */
export interface TrainSetting {
  readonly folder: string;
  /** What it begins with. */
  readonly model: Model;
  readonly frozen: FrozenSamples;
  /** What teaches, chooses and judges: one part, or those of a cross-validation. */
  readonly parts: readonly TestPart[];
  readonly task: HeadTask;
  readonly choices: TrainChoices;
  readonly cache: ClipCache;
  readonly terminal: Terminal;
  readonly progress: StageProgress;
  readonly signal: AbortSignal;
}

/** A clip that was judged. */
export interface JudgedClip {
  readonly sample: Sample;
  readonly answer: Answer;
  readonly fold: number;
  /** Whether the model that judged it had learned its classes; else it is told apart and not counted. */
  readonly taught: boolean;
}

/** What came of it. */
export interface Learned {
  readonly model: Model;
  /** Clips that taught the model, or chose its epoch. */
  readonly used: readonly Sample[];
  /** Of clips that the model which answered had not seen, nor others of their groups; nothing was chosen by them. */
  readonly judged: readonly JudgedClip[];
  /** Whether there is a fold for each part. */
  readonly crossed: boolean;
  readonly history: readonly EpochRecord[] | null;
  readonly bestEpoch: number | null;
  /** How gradients trained it; null in closed form. */
  readonly fit: TrainSettings | null;
  /** How it learned, for the report. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  /** What was decided on the way: sentences. */
  readonly why: readonly string[];
}

/** An answer of which only the end is known. */
export function answerOf(sample: Sample, scores: Float32Array): Answer {
  return { name: nameWithin(sample), group: sample.group, classes: sample.classes, scores, moments: null };
}
