import { ownModule } from "../common/modules.node.ts";
import { Thread } from "../common/thread.node.ts";
import { Turns } from "../common/turns.ts";
import type { ClipInput } from "./clip-input.node.ts";
import type { LaneItem, LaneResult } from "./lane.ts";
import type { LaneHandle, OpenLane } from "./trainer.ts";

/** Requests to a lane: run clips, train on them, or return the frozen part's output for one. */
export type LaneRequest =
  | { readonly items: readonly LaneItem<ClipInput>[]; readonly learn: { readonly total: number } | null }
  | { readonly source: ClipInput; readonly key: string };

export interface ThreadLane extends LaneHandle<ClipInput> {
  /** The output of the frozen part for one clip, `[frames, H, W, C]`. */
  features(source: ClipInput, key: string): Promise<Float32Array>;
}

/** Lanes in worker threads; disposal ends them. */
export class Lanes implements AsyncDisposable {
  readonly #turns = new Turns(this, "lanes", "training");
  readonly #threads: Thread<LaneRequest, LaneResult | Float32Array>[] = [];

  readonly open = async (...[setup, weights, gradients]: Parameters<OpenLane<ClipInput>>): Promise<ThreadLane> => {
    this.#turns.check();
    const thread = new Thread<LaneRequest, LaneResult | Float32Array>(ownModule("train/lane-worker.node"), {
      setup,
      weights,
      gradients,
    });
    this.#threads.push(thread);
    return {
      run: (items, learn) => thread.ask<LaneResult>({ items, learn }, undefined),
      features: (source, key) => thread.ask<Float32Array>({ source, key }, undefined),
    };
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]())));
  }
}
