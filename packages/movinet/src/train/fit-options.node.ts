import type { EpochRecord } from "../evaluate/report-data.ts";
import type { ClipInput } from "./clip-input.node.ts";
import type { LaneItem } from "./lane.ts";
import type { TrainSettings } from "./settings.ts";

/** A clip's input to the network, and the expected output. */
export type FitInput = Omit<LaneItem<ClipInput>, "key">;

/** A training clip. */
export interface FitClip {
  /** Unique among the training clips. */
  readonly name: string;
  /** One of its augmented versions. */
  varied(form: number): FitInput;
  /** As in evaluation. */
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
  /** Folder for checkpoints and the output of the frozen part. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
  /** Called after each epoch of this process. */
  readonly onEpoch?: ((record: EpochRecord) => void) | undefined;
  /** Factors of some parameters' gradients: 0 freezes a weight. Default: none. */
  readonly masks?: ReadonlyMap<string, Float32Array>;
}
