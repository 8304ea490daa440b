import type { Fit } from "movinet";

/** What `movinet evaluate` was told to do. */
export interface EvaluateSettings {
  readonly model: string;
  readonly dataset: string;
  /** Null: test, else validation, where the dataset names them; else all. */
  readonly split: "train" | "validation" | "test" | "all" | null;
  readonly labels: string | undefined;
  /** Where the report goes. */
  readonly out: string | undefined;
  /** Also compare with a base network and a frame-by-frame one. */
  readonly compare: boolean;
  /** Trained networks to compare with. */
  readonly base: string | undefined;
  readonly frameByFrame: string | undefined;
  /** Undefined: as the model was trained. */
  readonly fit: Fit | undefined;
  readonly device: string;
  readonly threads: number | undefined;
  readonly debug: boolean;
}
