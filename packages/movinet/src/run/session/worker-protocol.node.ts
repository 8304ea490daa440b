import type { MovinetError } from "../../errors.ts";
import type { Model } from "../../model/model.ts";
import type { NodeBackendOptions } from "./onnx.node.ts";
import type { StreamOptions, StreamState } from "./stream-session.ts";

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly model: Model;
  readonly options: NodeBackendOptions;
}

/** What a worker can be asked for; sessions are numbered by the asker. */
export type WorkerCall =
  | { readonly method: "openStream"; readonly session: number; readonly options: StreamOptions }
  | { readonly method: "step"; readonly session: number; readonly frames: Float32Array<ArrayBuffer> }
  | { readonly method: "openRecent"; readonly session: number; readonly halfLifeFrames: number }
  | { readonly method: "stepRecent"; readonly session: number; readonly frames: Float32Array<ArrayBuffer> }
  | { readonly method: "openClip"; readonly session: number }
  | { readonly method: "run"; readonly session: number; readonly frames: Float32Array<ArrayBuffer> }
  | { readonly method: "reset"; readonly session: number; readonly stream: number | undefined }
  | { readonly method: "snapshot"; readonly session: number; readonly stream: number | undefined }
  | {
      readonly method: "restore";
      readonly session: number;
      readonly state: StreamState;
      readonly stream: number | undefined;
    }
  | { readonly method: "close"; readonly session: number };

export interface WorkerRequest {
  readonly id: number;
  readonly call: WorkerCall;
}

/** An error as plain data: structured clone drops the class and the code. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly code: string | null;
}

/** The answer to a request, which gives its frames' buffer back; id −1 tells that the worker is ready, or why not. */
export type WorkerResponse = { readonly id: number; readonly spare: ArrayBuffer | null } & (
  | { readonly result: unknown }
  | { readonly error: PlainError }
);

export function plainError(error: unknown): PlainError {
  const { name, message, code } = error as Partial<MovinetError>;
  return { name: name ?? "Error", message: message ?? String(error), code: code ?? null };
}
