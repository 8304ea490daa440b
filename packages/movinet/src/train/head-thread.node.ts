import { ownModule } from "../common/modules.node.ts";
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

/** What the thread does. */
export interface HeadThread {
  /** As `fitHead` does. */
  fit(samples: readonly HeadSample[], options: HeadOptions): Promise<FittedHead>;
  /** As `testMirroring` does. */
  mirror(samples: readonly MirrorSample[], options: HeadOptions): Promise<MirrorTest>;
}

/** Solves last layers in a thread of its own: with hundreds of classes one takes minutes. Throws the signal's reason. */
export async function inHeadThread<T>(
  { spec, weights }: HeadModel,
  signal: AbortSignal | undefined,
  work: (thread: HeadThread) => Promise<T>,
): Promise<T> {
  // Copies: a view would take the whole file of the model along.
  const own = layers.map((name) => {
    const { shape, data } = weights.get(name) as Tensor;
    return [name, { shape, data: data.slice() }] as const;
  });
  const model: HeadModel = { spec, weights: new Map(own) };
  const module = ownModule("train/head-worker.node");
  const thread = new Thread<HeadRequest, FittedHead | MirrorTest>(module, model);
  return work({
    fit: (samples, options) => thread.ask<FittedHead>({ kind: "fit", samples, options }, signal),
    mirror: (samples, options) => thread.ask<MirrorTest>({ kind: "mirror", samples, options }, signal),
  }).finally(() => thread[Symbol.asyncDispose]());
}
