import type { Answer } from "../common/errors.ts";
import type { NodeEngineOptions } from "../engines/onnxruntime/onnx.node.ts";
import type { Model } from "../model/model.ts";
import type { StreamOptions, StreamState } from "./stream-session.ts";

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly model: Model;
  readonly options: NodeEngineOptions;
}

/** What a session in a worker can be asked for; `open…` begins it and `close` ends it. */
export type WorkerCall =
  | { readonly method: "openStream"; readonly options: StreamOptions }
  | { readonly method: "openClip" }
  | { readonly method: "step" | "advance" | "run"; readonly frames: Float32Array }
  | { readonly method: "outputs"; readonly last: number | undefined }
  | { readonly method: "reset" | "snapshot"; readonly stream: number | undefined }
  | { readonly method: "restore"; readonly state: StreamState; readonly stream: number | undefined }
  | { readonly method: "close" };

export interface WorkerRequest {
  readonly id: number;
  /** Of the session; sessions are numbered by the asker. */
  readonly session: number;
  readonly call: WorkerCall;
}

/** The answer to a request, which gives its frames' buffer back; id −1 tells that the worker is ready, or why not. */
export type WorkerResponse = { readonly id: number; readonly spare: ArrayBuffer | null } & Answer<unknown>;
