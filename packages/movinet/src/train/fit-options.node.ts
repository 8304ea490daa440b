import type { ClipInput } from "./clip-input.node.ts";
import type { TrainSettings } from "./settings.ts";

/** What a clip gives the network, and what the network should say. */
export interface FitInput {
  readonly source: ClipInput;
  readonly classes: readonly number[];
  /** What it counts in the loss, finite and at least 0 (see `classWeights`). Default 1. */
  readonly weight?: number | undefined;
}

/** A clip to learn from. */
export interface FitClip {
  /** Unique among the clips of a training. */
  readonly name: string;
  /** One of its varied forms. */
  varied(form: number): FitInput;
  /** As evaluation sees it. */
  plain(): FitInput;
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

export interface FitProgress {
  readonly phase: "frozen part" | "training" | "validation";
  /** Clips. */
  readonly done: number;
  readonly total: number;
  readonly epoch: number;
  readonly loss: number | null;
  readonly validationTop1: number | null;
}

export interface FitOptions {
  readonly settings: TrainSettings;
  /** Where checkpoints and the frozen part's output are kept. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
  /** Called after each epoch of this process. */
  readonly onEpoch?: ((record: EpochRecord) => void) | undefined;
  /** Factors of the gradients of some parameters: where they are 0, nothing learns. Default: none. */
  readonly masks?: ReadonlyMap<string, Float32Array>;
  /** Milliseconds between checkpoints. Default 30 000. */
  readonly checkpointMs?: number;
}
