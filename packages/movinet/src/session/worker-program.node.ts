import { Worker } from "node:worker_threads";
import { SessionError } from "../common/errors.ts";
import { moduleBeside } from "../common/process.node.ts";
import { keepQuiet, type NodeBackendOptions } from "../engines/onnxruntime/onnx.node.ts";
import type { Model } from "../model/model.ts";
import type { SessionSource } from "./program.ts";
import type { RecentSession, StreamOptions, StreamSession, StreamState } from "./stream-session.ts";
import {
  revive,
  type WorkerCall,
  type WorkerRequest,
  type WorkerResponse,
  type WorkerStart,
} from "./worker-protocol.node.ts";

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A model compiled in a worker thread: its sessions have the interfaces of those in this thread, and the caller's event
 * loop stays free while they compute.
 */
export class WorkerProgram implements SessionSource, AsyncDisposable {
  readonly model: Model;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  /** What came back from the worker, to carry frames there again. */
  readonly #spare: ArrayBuffer[] = [];
  #calls = 0;
  #sessions = 0;
  #ended: Error | null = null;

  private constructor(model: Model, worker: Worker) {
    this.model = model;
    this.#worker = worker;
    worker.on("message", (response: WorkerResponse) => this.#settle(response));
    worker.on("error", (error) => this.#end(error));
    worker.on("exit", () => this.#end(ended(model)));
  }

  /** Starts a thread and compiles the model in it. */
  static async start(model: Model, options: NodeBackendOptions = {}): Promise<WorkerProgram> {
    keepQuiet();
    const workerData: WorkerStart = { model, options };
    const program = new WorkerProgram(model, new Worker(moduleBeside("worker.node", import.meta.url), { workerData }));
    try {
      await new Promise<never>((resolve, reject) => program.#pending.set(-1, { resolve, reject }));
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
    return program;
  }

  async openStream(options: StreamOptions = {}): Promise<StreamSession> {
    const session = this.#sessions++;
    const { streams, stateBytes } = await this.#call<Pick<StreamSession, "streams" | "stateBytes">>({
      method: "openStream",
      session,
      options,
    });
    return {
      streams,
      stateBytes,
      step: (frames) => this.#call<Float32Array>({ method: "step", session, frames: this.#carry(frames) }),
      reset: (stream) => this.#call<void>({ method: "reset", session, stream }),
      snapshot: (stream) => this.#call<StreamState>({ method: "snapshot", session, stream }),
      restore: (state, stream) => this.#call<void>({ method: "restore", session, state, stream }),
      [Symbol.asyncDispose]: () => this.#call<void>({ method: "close", session }),
    };
  }

  async openRecent(halfLifeFrames: number): Promise<RecentSession> {
    const session = this.#sessions++;
    await this.#call<void>({ method: "openRecent", session, halfLifeFrames });
    return {
      step: (frame) => this.#call({ method: "stepRecent", session, frames: this.#carry(frame) }),
      [Symbol.asyncDispose]: () => this.#call<void>({ method: "close", session }),
    };
  }

  async openClip(): ReturnType<SessionSource["openClip"]> {
    const session = this.#sessions++;
    const frames = await this.#call<number>({ method: "openClip", session });
    return {
      frames,
      run: (window) => this.#call<Float32Array>({ method: "run", session, frames: this.#carry(window) }),
      [Symbol.asyncDispose]: () => this.#call<void>({ method: "close", session }),
    };
  }

  /** Ends the thread; calls under way are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  /** Copies frames into a buffer that is handed to the worker: structured clones would be garbage on both sides. */
  #carry(frames: Float32Array): Float32Array<ArrayBuffer> {
    const spare = this.#spare.pop();
    const buffer = spare?.byteLength === frames.byteLength ? spare : new ArrayBuffer(frames.byteLength);
    const carried = new Float32Array(buffer);
    carried.set(frames);
    return carried;
  }

  #call<T>(call: WorkerCall): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended);
    const request: WorkerRequest = { id: this.#calls++, call };
    const result = new Promise<T>((resolve, reject) => {
      this.#pending.set(request.id, { resolve: resolve as Pending["resolve"], reject });
    });
    this.#worker.postMessage(request, "frames" in call ? [call.frames.buffer] : []);
    return result;
  }

  #settle(response: WorkerResponse): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (response.spare) this.#spare.push(response.spare);
    if ("error" in response) pending?.reject(revive(response.error));
    else pending?.resolve(response.result as never);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}

function ended(model: Model): SessionError {
  return new SessionError({
    code: "E_SESSION_DISPOSED",
    subject: model.card.name,
    problem: "its worker thread has ended",
    remedy: "Start a new one",
  });
}
