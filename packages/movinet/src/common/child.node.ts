import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Answer, answerOf, resultOf } from "./errors.ts";

/** A process ended before it answered. Its message is the last line of its standard error, or how it ended. */
export class ChildEnded extends Error {}

/**
 * A process for work that may crash, take too much, or that is measured by itself: one request at a time. The module given
 * answers by {@link answerParent}. Whoever starts it ends it.
 */
export class Child<Request, Result> {
  /** Resolves when the process has gone. */
  readonly gone: Promise<ChildEnded>;
  readonly #child: ChildProcess;
  #ended: ChildEnded | null = null;
  /** Rejects what is asked at the moment. */
  #reject: (reason: unknown) => void = () => {};

  constructor(module: URL) {
    const child = fork(fileURLToPath(module), [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    let complaint = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complaint = text.trim().split("\n").at(-1) || complaint;
    });
    this.gone = new Promise<ChildEnded>((resolve) => {
      child.once("error", (error) => resolve(new ChildEnded(error.message)));
      child.once("close", (code, signal) => resolve(new ChildEnded(complaint || `no reason given, ${code ?? signal}`)));
    });
    this.gone.then((ended) => {
      this.#ended = ended;
      this.#reject(ended);
    });
    this.#child = child;
  }

  /** Throws what the work throws, the reason of a signal that aborts, and {@link ChildEnded}. */
  async ask<R extends Result>(request: Request, ...signals: readonly (AbortSignal | undefined)[]): Promise<R> {
    for (const signal of signals) signal?.throwIfAborted();
    if (this.#ended) throw this.#ended;
    const { promise, resolve, reject } = Promise.withResolvers<Answer<R>>();
    const aborted = (event: Event) => reject((event.target as AbortSignal).reason);
    for (const signal of signals) signal?.addEventListener("abort", aborted);
    this.#child.once("message", resolve);
    this.#reject = reject;
    this.#child.send(request as object, () => {});
    try {
      return resultOf(await promise);
    } finally {
      this.#child.off("message", resolve);
      for (const signal of signals) signal?.removeEventListener("abort", aborted);
    }
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}

/** What the module of a {@link Child} does with each request. It outlives an interrupt: what that means is for the parent to say. */
export function answerParent<Request>(work: (request: Request) => unknown): void {
  process.on("SIGINT", () => {});
  process.on("disconnect", () => process.exit(0));
  process.on("message", async (request: Request) => {
    process.send?.(await answerOf(() => work(request)));
  });
}
