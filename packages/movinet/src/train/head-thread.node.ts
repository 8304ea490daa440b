import { moduleBeside } from "../common/process.node.ts";
import { Thread } from "../common/thread.node.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Model } from "../model/model.ts";
import type { FittedHead, HeadOptions, HeadSample } from "./frozen-head.ts";
import type { MirrorSample, MirrorTest } from "./mirror.ts";

/** What the thread is started with: as much of a model as its head is made of. */
export type HeadModel = Pick<Model, "spec" | "weights">;

export type HeadRequest =
  | { readonly kind: "fit"; readonly samples: readonly HeadSample[]; readonly options: HeadOptions }
  | { readonly kind: "mirror"; readonly samples: readonly MirrorSample[]; readonly options: HeadOptions };

const layers = ["classifier1.kernel", "classifier1.bias", "classifier2.kernel"];

/**
 * Solves last layers in a thread of its own: with hundreds of classes one takes minutes. Each method throws the signal's
 * reason.
 */
export class HeadThread implements AsyncDisposable {
  readonly #thread: Thread<HeadRequest, FittedHead | MirrorTest>;
  readonly #signal: AbortSignal | undefined;

  constructor({ spec, weights }: HeadModel, signal: AbortSignal | undefined) {
    // Copies: a view would take the whole file of the model along.
    const own = layers.map((name) => {
      const { shape, data } = weights.get(name) as Tensor;
      return [name, { shape, data: data.slice() }] as const;
    });
    const model: HeadModel = { spec, weights: new Map(own) };
    this.#thread = new Thread(moduleBeside("head-worker.node", import.meta.url), model);
    this.#signal = signal;
  }

  /** As `fitHead` does. */
  fit(samples: readonly HeadSample[], options: HeadOptions): Promise<FittedHead> {
    return this.#thread.ask<FittedHead>({ kind: "fit", samples, options }, this.#signal);
  }

  /** As `testMirroring` does. */
  mirror(samples: readonly MirrorSample[], options: HeadOptions): Promise<MirrorTest> {
    return this.#thread.ask<MirrorTest>({ kind: "mirror", samples, options }, this.#signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }
}
