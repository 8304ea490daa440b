/** The messages between the page and its worker. Frames are transferred, never copied. */
import type { EngineName } from "./engines.ts";
import type { ClipNews } from "./file/messages.ts";
import type { ActionEvent } from "./logic/event-log.ts";
import type { Answer } from "./logic/live.ts";

/** A model to open: the built-in one, one of the zoo, or the user's own file. */
export type ModelChoice =
  | { readonly kind: "embedded" }
  | { readonly kind: "zoo"; readonly name: string }
  | { readonly kind: "file"; readonly name: string; readonly bytes: ArrayBuffer; readonly labels: string[] | null };

/** How a live view runs a model. */
export interface LiveSettings {
  /** Probability in 0..1 below which nothing is named. */
  readonly threshold: number;
  /** Seconds after which a frame counts half; null: frames never fade. */
  readonly halfLifeSeconds: number | null;
  /** Interleaved streams: the frame rate is this many times the model's own. */
  readonly streams: number;
}

export type Picture = VideoFrame | ImageBitmap;

export type ToWorker =
  /** The file of the built-in model; null: it could not be fetched. */
  | { readonly kind: "embedded"; readonly bytes: ArrayBuffer | null }
  /** `files`: URL of the folder with the files that engines load. */
  | { readonly kind: "load"; readonly model: ModelChoice; readonly engine: EngineName; readonly files: string }
  /** Open the model again, on another engine. */
  | { readonly kind: "engine"; readonly engine: EngineName }
  /** Stop loading the model that is on its way. */
  | { readonly kind: "cancel" }
  | { readonly kind: "settings"; readonly settings: LiveSettings }
  /** A camera's frames, which the worker reads itself. */
  | { readonly kind: "pictures"; readonly readable: ReadableStream<VideoFrame> }
  /** One frame, with its time on the source's clock. The worker answers `taken`. */
  | { readonly kind: "picture"; readonly picture: Picture; readonly seconds: number }
  /** The source changes: stop reading the camera and reset the state. */
  | { readonly kind: "restart" }
  /** The source has ended: end the current event, and keep the state. */
  | { readonly kind: "ended" }
  /** Reset the state; the source goes on. */
  | { readonly kind: "reset" }
  | { readonly kind: "pause"; readonly paused: boolean }
  /** Classify a whole clip, instead of the one before. The worker tells its news under this number. */
  | { readonly kind: "clip"; readonly job: number; readonly file: File }
  /** Stop classifying the clip. */
  | { readonly kind: "stop-clip" };

/** An open model, as the page knows it. */
export interface OpenModel {
  readonly name: string;
  readonly labels: readonly string[] | null;
  /** The model's own frames per second. */
  readonly fps: number;
  readonly warnings: readonly string[];
  /** The engine that was asked for, or WebAssembly where that was lost. */
  readonly asked: EngineName;
  /** The engine that runs, and how the engines did that were tried. */
  readonly engine: {
    readonly name: string;
    readonly trials: readonly {
      readonly engine: string;
      readonly ms: number | null;
      readonly difference: number | null;
      readonly problem: string | null;
    }[];
  };
}

/** An error as plain data. `during`: what failed. */
export interface Failure {
  readonly during: "model" | "step" | "camera" | "screen" | "file" | "clip" | "worker";
  /** The library's code, or the browser's name of the error. */
  readonly code: string;
  readonly message: string;
}

export type FromWorker =
  | { readonly kind: "progress"; readonly loaded: number; readonly total: number }
  /** A model runs. `last`: it is the one that was asked for last. */
  | { readonly kind: "opened"; readonly model: OpenModel; readonly last: boolean }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "answer"; readonly answer: Answer }
  /** Events that a reset or the end of the source ended. */
  | { readonly kind: "events"; readonly events: readonly ActionEvent[] }
  | { readonly kind: "restarted" }
  | { readonly kind: "taken" }
  | { readonly kind: "clip"; readonly job: number; readonly news: ClipNews };
