import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Answer, answerOf, resultOf } from "./errors.ts";

/** A process ended before it answered. The message is the last line of its standard error, or how it ended. */
export class ChildEnded extends Error {}

/**
 * A process for work that may crash, use too many resources, or be measured separately: one request at a time. The
 * given module answers with {@link answerParent}. The caller must end it.
 */
export class Child<Request, Result> {
  /** Resolves when the process has exited. */
  readonly gone: Promise<ChildEnded>;
  readonly #child: ChildProcess;
  #ended: ChildEnded | null = null;
  /** Rejects the pending request. */
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

  /** Throws what the work throws, the reason of an aborting signal, and {@link ChildEnded}. */
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

/**
 * Runs in the module of a {@link Child}: handles each request. Ignores interrupts: the parent decides what they mean.
 */
export function answerParent<Request>(work: (request: Request) => unknown): void {
  process.on("SIGINT", () => {});
  process.on("disconnect", () => process.exit(0));
  process.on("message", async (request: Request) => {
    process.send?.(await answerOf(() => work(request)));
  });
}
