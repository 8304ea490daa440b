import { ownModule } from "../common/modules.node.ts";
import { Thread } from "../common/thread.node.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Model } from "../model/model.ts";
import type { FittedHead, HeadOptions, HeadSample } from "./frozen-head.ts";
import type { MirrorSample, MirrorTest } from "./mirror.ts";

/** Start data of the thread: the parts of a model that its head consists of. */
export type HeadModel = Pick<Model, "spec" | "weights">;

export type HeadRequest =
  | { readonly kind: "fit"; readonly samples: readonly HeadSample[]; readonly options: HeadOptions }
  | { readonly kind: "mirror"; readonly samples: readonly MirrorSample[]; readonly options: HeadOptions };

const layers = ["classifier1.kernel", "classifier1.bias", "classifier2.kernel"];

/** Requests to the thread. */
export interface HeadThread {
  /** Like `fitHead`. */
  fit(samples: readonly HeadSample[], options: HeadOptions): Promise<FittedHead>;
  /** Like `testMirroring`. */
  mirror(samples: readonly MirrorSample[], options: HeadOptions): Promise<MirrorTest>;
}

/** Solves last layers in a separate thread: with hundreds of classes one takes minutes. Throws the signal's reason. */
export async function inHeadThread<T>(
  { spec, weights }: HeadModel,
  signal: AbortSignal | undefined,
  work: (thread: HeadThread) => Promise<T>,
): Promise<T> {
  // Copies: a view would transfer the whole model file.
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
