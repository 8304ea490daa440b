import { Worker } from "node:worker_threads";
import { type ErrorDetails, MovinetError } from "../common/errors.ts";
import { moduleBeside } from "../common/process.node.ts";
import type { ClipInput } from "./clip-input.node.ts";
import type { LaneResult } from "./lane.ts";
import type { LaneHandle, OpenLane } from "./trainer.ts";

/** What a lane answers: a result, features, or what went wrong. */
export type LaneAnswer =
  | { readonly result: LaneResult }
  | { readonly features: Float32Array }
  /** Between threads an error loses its class and code: what one of ours tells goes by itself. */
  | { readonly told: ErrorDetails }
  | { readonly error: unknown };

export interface ThreadLane extends LaneHandle<ClipInput> {
  /** What the network hands over for one clip, `[frames, H, W, C]`. */
  features(source: ClipInput, key: string): Promise<Float32Array>;
}

/** Lanes in worker threads; disposal ends them. */
export class Lanes implements AsyncDisposable {
  readonly #workers: Worker[] = [];

  readonly open: OpenLane<ClipInput> = (setup, weights, gradients) => this.openThread(setup, weights, gradients);

  async openThread(...[setup, weights, gradients]: Parameters<OpenLane<ClipInput>>): Promise<ThreadLane> {
    const worker = new Worker(moduleBeside("lane-worker.node", import.meta.url), {
      workerData: { setup, weights, gradients },
    });
    this.#workers.push(worker);
    const ask = (message: unknown) =>
      new Promise<LaneAnswer>((resolve, reject) => {
        const settle = (act: () => void) => {
          worker.off("message", answered);
          worker.off("error", failed);
          worker.off("exit", exited);
          act();
        };
        const answered = (answer: LaneAnswer) =>
          settle(() => {
            if ("told" in answer) reject(new MovinetError(answer.told));
            else if ("error" in answer) reject(answer.error);
            else resolve(answer);
          });
        const failed = (error: unknown) => settle(() => reject(error));
        const exited = () => settle(() => reject(new Error("internal: a training thread ended")));
        worker.on("message", answered);
        worker.on("error", failed);
        worker.on("exit", exited);
        worker.postMessage(message);
      });
    return {
      run: async (items, learn) => ((await ask({ items, learn })) as { result: LaneResult }).result,
      features: async (source, key) => ((await ask({ source, key })) as { features: Float32Array }).features,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.terminate()));
  }
}
