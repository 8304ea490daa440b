import type { EpochRecord } from "../evaluate/report-data.ts";
import type { ClipInput } from "./clip-input.node.ts";
import type { LaneItem } from "./lane.ts";
import type { TrainSettings } from "./settings.ts";

/** What a clip gives the network, and what the network should say. */
export type FitInput = Omit<LaneItem<ClipInput>, "key">;

/** A clip to learn from. */
export interface FitClip {
  /** Unique among the clips of a training. */
  readonly name: string;
  /** One of its varied forms. */
  varied(form: number): FitInput;
  /** As evaluation sees it. */
  plain(): FitInput;
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
}
