import { parentPort, Worker } from "node:worker_threads";
import { type Answer, answerOf, resultOf } from "./errors.ts";
import { Turns } from "./turns.ts";

/**
 * A thread for work that computes for long without a pause, one request at a time: its owner hears signals meanwhile, and
 * an abort is answered at once. The module given answers by {@link answerRequests}.
 */
export class Thread<Request, Result> implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #ended: Promise<never>;
  readonly #turns = new Turns(this, "thread", "computing");

  constructor(module: URL, workerData: unknown) {
    const worker = new Worker(module, { workerData });
    this.#worker = worker;
    this.#ended = new Promise((_, reject) => {
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("internal: a computing thread ended")));
    });
    this.#ended.catch(() => {});
  }

  /** Throws what the work throws, and the signal's reason; the thread is then of no more use. */
  async ask<R extends Result>(request: Request, signal: AbortSignal | undefined): Promise<R> {
    this.#turns.check();
    signal?.throwIfAborted();
    let abort = () => {};
    const answered = new Promise<Answer<R>>((resolve, reject) => {
      abort = () => reject(signal?.reason);
      this.#worker.once("message", resolve);
    });
    signal?.addEventListener("abort", abort);
    try {
      this.#worker.postMessage(request);
      return resultOf(await Promise.race([answered, this.#ended]));
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Ends the thread at once, also in the midst of its work. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => this.#worker.terminate());
  }
}

/** What the module of a {@link Thread} does with each request. */
export function answerRequests<Request>(work: (request: Request) => unknown): void {
  parentPort?.on("message", async (request: Request) => {
    parentPort?.postMessage(await answerOf(() => work(request)));
  });
}
