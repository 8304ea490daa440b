import type { ClipNews } from "../file/messages.ts";
import { describe } from "./describe.ts";
import type { AppRecognizer } from "./load.ts";

/** Classifies one clip at a time. */
export class ClipJobs {
  readonly #tell: (job: number, news: ClipNews, transfer: Transferable[]) => void;
  #controller = new AbortController();
  #turn: Promise<void> = Promise.resolve();

  constructor(tell: (job: number, news: ClipNews, transfer: Transferable[]) => void) {
    this.#tell = tell;
  }

  /** Starts when the clip before has stopped. Never throws: it tells the page what fails. */
  start(recognizer: AppRecognizer, file: File, job: number): Promise<void> {
    void this.stop();
    const { signal } = this.#controller;
    const tell = (news: ClipNews, transfer: readonly Transferable[] = []) => {
      if (!signal.aborted) this.#tell(job, news, [...transfer]);
    };
    this.#turn = this.#turn
      .then(async () => {
        const { classifyClip } = await import("./clip-job.ts");
        if (!signal.aborted) await classifyClip(recognizer, file, signal, tell);
      })
      .catch((error: unknown) => tell({ kind: "failed", ...describe(error) }));
    return this.#turn;
  }

  /** Stops the clip and waits until nothing of it runs. */
  stop(): Promise<void> {
    this.#controller.abort();
    this.#controller = new AbortController();
    return this.#turn;
  }
}
