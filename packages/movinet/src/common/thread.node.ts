import { parentPort, Worker } from "node:worker_threads";
import { type Answer, answerOf, resultOf } from "./errors.ts";
import { Turns } from "./turns.ts";

/**
 * A thread for long computations, one request at a time: its owner can handle signals meanwhile, and an abort takes
 * effect at once. The given module answers with {@link answerRequests}.
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

  /** Throws what the work throws, and the signal's reason; after that the thread is unusable. */
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

  /** Stops the thread immediately, even during work. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => this.#worker.terminate());
  }
}

/** Handles each request in the module of a {@link Thread}. */
export function answerRequests<Request>(work: (request: Request) => unknown): void {
  parentPort?.on("message", async (request: Request) => {
    parentPort?.postMessage(await answerOf(() => work(request)));
  });
}
