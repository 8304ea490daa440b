import {
  DatasetError,
  DependencyError,
  type ErrorDetails,
  ModelError,
  MovinetError,
  SessionError,
  VideoError,
} from "../common/errors.ts";
import type { NodeEngineOptions } from "../engines/onnxruntime/onnx.node.ts";
import type { Model } from "../model/model.ts";
import type { StreamOptions, StreamState } from "./stream-session.ts";

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly model: Model;
  readonly options: NodeEngineOptions;
}

/** What a worker can be asked for; sessions are numbered by the asker. */
export type WorkerCall =
  | { readonly method: "openStream"; readonly session: number; readonly options: StreamOptions }
  | { readonly method: "step"; readonly session: number; readonly frames: Float32Array<ArrayBuffer> }
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

/** An error as plain data, which structured clone would drop the class and the code of. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly code: string | null;
  /** Of an error of ours. */
  readonly details: ErrorDetails | null;
}

/** The answer to a request, which gives its frames' buffer back; id −1 tells that the worker is ready, or why not. */
export type WorkerResponse = { readonly id: number; readonly spare: ArrayBuffer | null } & (
  | { readonly result: unknown }
  | { readonly error: PlainError }
);

export function plainError(error: unknown): PlainError {
  const { name, message, code } = error as Partial<MovinetError>;
  const plain = { name: name ?? "Error", message: message ?? String(error), code: code ?? null };
  if (!(error instanceof MovinetError)) return { ...plain, details: null };
  const { subject, problem, remedy } = error;
  return { ...plain, details: { code: error.code, subject, problem, remedy } };
}

const classes = { MovinetError, VideoError, ModelError, SessionError, DatasetError, DependencyError } as const;

/** The error that was made plain, of its class. */
export function revive({ name, message, code, details }: PlainError): Error {
  if (details) {
    const Class = Object.hasOwn(classes, name) ? classes[name as keyof typeof classes] : MovinetError;
    return new Class(details);
  }
  const error = name === "TypeError" ? new TypeError(message) : new Error(message);
  return Object.assign(error, { name, ...(code === null ? {} : { code }) });
}
