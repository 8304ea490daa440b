import { Worker } from "node:worker_threads";
import { resultOf, SessionError } from "../common/errors.ts";
import { ownModule } from "../common/modules.node.ts";
import { Turns } from "../common/turns.ts";
import { keepQuiet, type NodeEngineOptions } from "../engines/onnxruntime/onnx.node.ts";
import type { Model } from "../model/model.ts";
import type { ClipSession } from "./clip-session.ts";
import type { SessionSource } from "./program.ts";
import type { StreamOptions, StreamSession } from "./stream-session.ts";
import type { WorkerCall, WorkerRequest, WorkerResponse, WorkerStart } from "./worker-protocol.node.ts";

/**
 * A model compiled in a worker thread: its sessions have the interfaces of those in this thread, and the caller's event
 * loop stays free while they compute.
 */
export class WorkerProgram implements SessionSource, AsyncDisposable {
  readonly model: Model;
  readonly #thread: SessionThread;
  readonly #turns: Turns;
  #sessions = 0;

  private constructor(model: Model, thread: SessionThread) {
    this.model = model;
    this.#thread = thread;
    this.#turns = new Turns(this, "program", model.card.name);
  }

  /** Starts a thread and compiles the model in it. */
  static async start(model: Model, options: NodeEngineOptions = {}): Promise<WorkerProgram> {
    keepQuiet();
    const thread = new SessionThread({ model, options });
    try {
      await thread.ready;
    } catch (error) {
      await thread.end();
      throw error;
    }
    return new WorkerProgram(model, thread);
  }

  async openStream(options: StreamOptions = {}): Promise<StreamSession> {
    const [session, shape] = await this.#open<Pick<StreamSession, "streams" | "stateBytes">>({
      method: "openStream",
      options,
    });
    return {
      ...shape,
      step: (frames) => session.ask({ method: "step", frames }),
      advance: (frames) => session.ask({ method: "advance", frames }),
      outputs: (last) => session.ask({ method: "outputs", last }),
      reset: (stream) => session.ask({ method: "reset", stream }),
      snapshot: (stream) => session.ask({ method: "snapshot", stream }),
      restore: (state, stream) => session.ask({ method: "restore", state, stream }),
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    };
  }

  async openClip(): Promise<ClipSession> {
    const [session, frames] = await this.#open<number>({ method: "openClip" });
    return {
      frames,
      run: (window) => session.ask({ method: "run", frames: window }),
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    };
  }

  /** Ends the thread at once; calls under way are rejected. */
  [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#thread.end();
    return this.#turns.end(() => ended);
  }

  async #open<Opened>(call: WorkerCall): Promise<readonly [WorkerSession, Opened]> {
    this.#turns.check();
    const number = this.#sessions++;
    const opened = await this.#thread.ask<Opened>(number, call);
    return [this.#turns.adopt(new WorkerSession(this.#thread, number, this.model.card.name)), opened];
  }
}

/** A session in the thread, by its number. */
class WorkerSession implements AsyncDisposable {
  readonly #thread: SessionThread;
  readonly #number: number;
  readonly #turns: Turns;

  constructor(thread: SessionThread, number: number, subject: string) {
    this.#thread = thread;
    this.#number = number;
    this.#turns = new Turns(this, "session", subject);
  }

  ask<T>(call: WorkerCall): Promise<T> {
    return this.#turns.take(() => this.#thread.ask<T>(this.#number, call));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => this.#thread.ask(this.#number, { method: "close" }).catch(() => {}));
  }
}

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** What is asked of the thread, and its answers. */
class SessionThread {
  /** Throws what compiling the model throws. */
  readonly ready: Promise<void>;
  readonly #subject: string;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  /** What came back from the thread, to carry frames there again. */
  readonly #spare: ArrayBuffer[] = [];
  #calls = 0;
  #ended: Error | null = null;

  constructor(workerData: WorkerStart) {
    this.#subject = workerData.model.card.name;
    this.#worker = new Worker(ownModule("session/worker.node"), { workerData });
    this.#worker.on("message", (response: WorkerResponse) => this.#settle(response));
    this.#worker.on("error", (error) => this.#reject(error));
    this.#worker.on("exit", () => this.#reject(this.#gone()));
    this.ready = new Promise((resolve, reject) => this.#pending.set(-1, { resolve, reject }));
  }

  async ask<T>(session: number, call: WorkerCall): Promise<T> {
    if (this.#ended) throw this.#ended;
    const id = this.#calls++;
    const carried = "frames" in call ? { ...call, frames: this.#carry(call.frames) } : call;
    const request: WorkerRequest = { id, session, call: carried };
    const result = new Promise<T>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#worker.ref();
    this.#worker.postMessage(request, "frames" in carried ? [carried.frames.buffer] : []);
    return result;
  }

  /** Ends the thread at once; calls under way are rejected. */
  async end(): Promise<void> {
    this.#reject(this.#gone());
    await this.#worker.terminate();
  }

  /** Copies frames into a buffer that is handed to the thread: structured clones would be garbage on both sides. */
  #carry(frames: Float32Array): Float32Array<ArrayBuffer> {
    const spare = this.#spare.pop();
    const buffer = spare?.byteLength === frames.byteLength ? spare : new ArrayBuffer(frames.byteLength);
    const carried = new Float32Array(buffer);
    carried.set(frames);
    return carried;
  }

  #settle(response: WorkerResponse): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    // A thread that nobody waits for keeps no process alive.
    if (this.#pending.size === 0) this.#worker.unref();
    if (response.spare) this.#spare.push(response.spare);
    try {
      pending?.resolve(resultOf(response) as never);
    } catch (error) {
      pending?.reject(error as Error);
    }
  }

  #reject(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }

  #gone(): SessionError {
    return new SessionError({
      code: "E_SESSION_DISPOSED",
      subject: this.#subject,
      problem: "its worker thread has ended",
      remedy: "Start a new one",
    });
  }
}
