/** What the worker says about a clip that it classifies. */
import type { Prediction, Segment } from "movinet";

/** The answers after a frame. */
export interface Moment {
  /** Seconds from the beginning of the video. */
  readonly time: number;
  /** The scores hold from here (seconds) until those of the next moment. */
  readonly since: number;
  /** Probability of each class in the recent past. */
  readonly scores: Float32Array;
  /** The likeliest classes given every frame so far. */
  readonly predictions: readonly Prediction[];
}

/** A picture for the strip of frames, as the model saw it. */
export interface Tile {
  /** Seconds. */
  readonly time: number;
  readonly picture: ImageBitmap;
}

/** The answer for a whole clip. */
export interface ClipResult {
  /** `int8` if a quantized model's integers answered. */
  readonly arithmetic: string;
  readonly frames: number;
  /** Seconds. */
  readonly duration: number;
  /** Best first. */
  readonly predictions: readonly Prediction[];
  /** Milliseconds by stage. */
  readonly timings: Readonly<Record<string, number>>;
  /** Caveats, one line each. */
  readonly warnings: readonly string[];
}

export type ClipNews =
  /** The video is open. `duration` is in seconds, null while unknown; `aspect` is the shape of its tiles. */
  | { readonly kind: "open"; readonly duration: number | null; readonly aspect: number }
  /** More of it has been classified. `segments`: those so far, if they were computed anew. */
  | {
      readonly kind: "more";
      readonly moments: readonly Moment[];
      readonly tiles: readonly Tile[];
      readonly segments: readonly Segment[] | null;
    }
  | { readonly kind: "done"; readonly result: ClipResult }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };
