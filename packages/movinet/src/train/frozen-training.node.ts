/** A new last layer on frozen features: training for small datasets, in seconds after decoding. */

import { variants } from "../arch/variants.ts";
import { ModelError } from "../common/errors.ts";
import type { ClipView } from "../data/clip.ts";
import type { ClipCache, ClipFailure } from "../data/clip-cache.node.ts";
import type { Sample } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import type { DamagedClip } from "../evaluate/verdict.ts";
import { probabilities } from "../flow/predict.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Card } from "../model/card.ts";
import type { Model } from "../model/model.ts";
import { FrozenBody } from "./frozen-features.ts";
import { type FittedHead, type HeadSample, headOf } from "./frozen-head.ts";
import { chooseFrozenView, type FrozenView } from "./frozen-view.ts";
import { type HeadThread, inHeadThread } from "./head-thread.node.ts";
import { type PictureHashes, pictureHashes } from "./learned.node.ts";
import { timesKernel } from "./linear-algebra.ts";

export interface FrozenProgress {
  readonly phase: "decoding" | "features";
  /** Clips. */
  readonly done: number;
  readonly total: number;
}

export interface FrozenOptions {
  readonly cache: ClipCache;
  readonly engine: Engine;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FrozenProgress) => void) | undefined;
}

/** The frozen part's output for clips. */
export interface FrozenSamples {
  /** For each decodable sample. */
  readonly features: ReadonlyMap<Sample, HeadSample>;
  readonly failures: readonly ClipFailure[];
  /** Samples that yielded frames although something is wrong with their videos. */
  readonly damaged: readonly DamagedClip[];
  /** Frame rates of the decodable samples' files. */
  readonly frameRates: readonly number[];
  readonly view: FrozenView;
  /** The views of the model, and of the new one. */
  readonly pictures: { readonly before: PictureHashes; readonly after: PictureHashes };
}

/**
 * Decodes the samples (once per view) and runs the frozen part of the network over them. An undecodable sample is a
 * failure in the result. Throws what {@link ClipCache.fill} throws, and the signal's reason.
 */
export async function frozenSamples(
  model: Model,
  samples: readonly Sample[],
  { cache, engine, signal, onProgress }: FrozenOptions,
): Promise<FrozenSamples> {
  const { card } = model;
  const total = samples.length;
  const onClip = ({ done }: { readonly done: number }) => onProgress?.({ phase: "decoding", done, total });
  const own = { ...card.input, fps: card.fps };
  const { usable, failures } = await cache.fill(samples, own, { signal, onClip });
  const frameRates: number[] = [];
  const durations: number[] = [];
  const damaged: DamagedClip[] = [];
  for (const sample of usable) {
    const { source } = await cache.head(sample, own, signal);
    if (source.warnings.length > 0) damaged.push({ sample, warnings: source.warnings });
    frameRates.push(source.frameRate);
    durations.push(source.duration);
  }
  const usual = variants[model.spec.variant as keyof typeof variants]?.fps ?? card.fps;
  const view = chooseFrozenView(card, durations, usual);
  const views = view.fits.map((fit): ClipView => ({ ...card.input, fps: view.fps, fit }));
  for (const look of views) await cache.fill(usable, look, { signal, onClip });
  const before = await pictureHashes(usable, own, cache, { signal });
  const after = view.fps === card.fps ? before : await pictureHashes(usable, views[0] as ClipView, cache, { signal });
  const body = await FrozenBody.compile(model, engine);
  try {
    const features = new Map<Sample, HeadSample>();
    for (const sample of usable) {
      const pooled: Float32Array[] = [];
      for (const look of views) pooled.push(await body.pool(await cache.read(sample, look, signal), { signal }));
      if (pooled.some((vector) => !vector.every(Number.isFinite))) throw notNumbers(card.name);
      features.set(sample, { views: pooled, classes: sample.classes, group: sample.group });
      onProgress?.({ phase: "features", done: features.size, total: usable.length });
    }
    return { features, failures, damaged, frameRates, view, pictures: { before, after } };
  } finally {
    await body[Symbol.asyncDispose]();
  }
}

function notNumbers(subject: string): ModelError {
  return new ModelError({
    code: "E_MODEL_TENSORS",
    subject,
    problem: "its features for a clip are not finite, so its weights are damaged",
    remedy: "Start from another model",
  });
}

export interface HeadTask {
  /** Name of the new model, for its card. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  readonly seed: number;
}

/**
 * The model with the best last layer for these samples, at the frame rate they were sampled at. Throws the signal's
 * reason.
 */
export async function trainHead(
  model: Model,
  samples: readonly HeadSample[],
  view: FrozenView,
  task: HeadTask,
  signal?: AbortSignal,
): Promise<{ readonly model: Model; readonly head: FittedHead }> {
  return inHeadThread(model, signal, (thread) => trainIn(thread, model, samples, view, task));
}

async function trainIn(
  thread: HeadThread,
  model: Model,
  samples: readonly HeadSample[],
  view: FrozenView,
  { name, labels, multiLabel, seed }: HeadTask,
): Promise<{ readonly model: Model; readonly head: FittedHead }> {
  const head = await thread.fit(samples, { classes: labels.length, multiLabel, seed });
  const kernel = model.weights.get("classifier2.kernel") as Tensor;
  const weights = new Map(model.weights)
    .set("classifier2.kernel", { shape: [...kernel.shape.slice(0, -1), labels.length], data: head.kernel })
    .set("classifier2.bias", { shape: [labels.length], data: head.bias });
  const card: Card = {
    ...model.card,
    name,
    labels,
    fps: view.fps,
    output: multiLabel ? "sigmoid" : "softmax",
    source: `trained from ${model.card.name}`,
    accuracy: null,
    temperature: head.folds === 0 ? null : 1 / head.temperature.scale,
  };
  return { model: { spec: { ...model.spec, classes: labels.length }, weights, card }, head };
}

/** Predictions of a model's head for clips seen by its frozen part: probabilities `[classes]`. */
export function openHead({ spec, weights, card }: Model): (sample: HeadSample) => Float32Array {
  const { hidden } = headOf({ spec, weights });
  const kernel = (weights.get("classifier2.kernel") as Tensor).data;
  const bias = (weights.get("classifier2.bias") as Tensor).data;
  return ({ views }) => {
    const logits = timesKernel(hidden(views[0] as Float32Array), kernel);
    return probabilities(
      Float32Array.from(logits, (value, c) => value + (bias[c] as number)),
      card.output,
    );
  };
}

/** The prediction for a clip by a head that saw nothing of its group. */
export interface CrossAnswer {
  readonly sample: Sample;
  readonly fold: number;
  readonly scores: Float32Array;
  /**
   * Whether the head had been trained on a class of the clip: a class from a single group is never evaluated by
   * others.
   */
  readonly taught: boolean;
}

/** Each fold's clips, evaluated by a head that saw none of their groups. Throws the signal's reason. */
export async function crossValidate(
  model: Model,
  { features, view }: Pick<FrozenSamples, "features" | "view">,
  folds: readonly { readonly train: readonly Sample[]; readonly validation: readonly Sample[] }[],
  task: HeadTask,
  signal?: AbortSignal,
): Promise<readonly CrossAnswer[]> {
  const known = (samples: readonly Sample[]) => samples.filter((sample) => features.has(sample));
  return inHeadThread(model, signal, async (thread) => {
    const answers: CrossAnswer[] = [];
    for (const [fold, { train, validation }] of folds.entries()) {
      const own = known(train).map((sample) => features.get(sample) as HeadSample);
      if (own.length === 0 || validation.length === 0) continue;
      const scores = openHead((await trainIn(thread, model, own, view, task)).model);
      const taught = new Set(own.flatMap(({ classes }) => classes));
      for (const sample of known(validation)) {
        const judged = scores(features.get(sample) as HeadSample);
        answers.push({ sample, fold, scores: judged, taught: sample.classes.some((c) => taught.has(c)) });
      }
    }
    return answers;
  });
}
