import { parentPort, Worker } from "node:worker_threads";

type Answer<Result> = { readonly result: Result } | { readonly error: Error };

/**
 * A thread for work that computes for long without a pause, one request at a time: its owner hears signals meanwhile, and
 * an abort is answered at once. The module given answers by {@link answerRequests}.
 */
export class Thread<Request, Result> implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #ended: Promise<never>;

  constructor(module: URL, workerData: unknown) {
    this.#worker = new Worker(module, { workerData });
    this.#ended = new Promise((_, reject) => {
      this.#worker.once("error", reject);
      this.#worker.once("exit", () => reject(new Error("internal: a computing thread ended")));
    });
    this.#ended.catch(() => {});
  }

  /** Throws what the work throws, and the signal's reason; the thread is then of no more use. */
  async ask<R extends Result>(request: Request, signal: AbortSignal | undefined): Promise<R> {
    signal?.throwIfAborted();
    let abort = () => {};
    const answered = new Promise<R>((resolve, reject) => {
      abort = () => reject(signal?.reason);
      this.#worker.once("message", (answer: Answer<R>) => {
        if ("error" in answer) reject(answer.error);
        else resolve(answer.result);
      });
    });
    signal?.addEventListener("abort", abort);
    try {
      this.#worker.postMessage(request);
      return await Promise.race([answered, this.#ended]);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Ends the thread at once, also in the midst of its work. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

/** What the module of a {@link Thread} does with each request. */
export function answerRequests<Request, Result>(work: (request: Request) => Result | Promise<Result>): void {
  parentPort?.on("message", async (request: Request) => {
    let answer: Answer<Result>;
    try {
      answer = { result: await work(request) };
    } catch (error) {
      answer = { error: error as Error };
    }
    parentPort?.postMessage(answer);
  });
}
