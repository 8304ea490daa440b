/** Trains a model on a dataset, from its clips to the data for its evaluation. */
import { createHash } from "node:crypto";
import type { MovinetError } from "../common/errors.ts";
import { listed } from "../common/printable.ts";
import { type Dataset, datasetError, nameWithin, type Sample } from "../data/dataset.ts";
import { joinCopies } from "../data/groups.ts";
import { countGroups } from "../data/splits.ts";
import type { EpochRecord } from "../evaluate/report-data.ts";
import type { Model } from "../model/model.ts";
import type { HeadSample } from "./frozen-head.ts";
import { type FrozenSamples, frozenSamples } from "./frozen-training.node.ts";
import { fineTune, type Learned, type LearnTask, learnHead, stageProgress, type TrainProgress } from "./learn.node.ts";
import { type ClipHashes, type ContentHashes, findSeen, hasUnknownPast, stretchOf } from "./learned.node.ts";
import { howItIsTested, type NameChoice, plainName, type TrainChoices, type TrainPlan } from "./recipe.ts";
import { divideForTests, type TestPart } from "./test-parts.ts";

export interface TrainModelOptions extends Pick<LearnTask, "choices" | "cache" | "engine" | "folder" | "signal"> {
  /** From `planTraining`. */
  readonly plan: TrainPlan;
  /** Name of the new model. */
  readonly name: string;
  readonly hashes: ContentHashes;
  readonly nameChoice?: NameChoice;
  readonly onProgress?: (progress: TrainProgress) => void;
  /** Called for each undecodable clip. */
  readonly onFailure?: (error: MovinetError) => void;
  /** Called before training; whatever it throws ends the training. */
  readonly onDecided?: (decision: TrainDecision) => Promise<void>;
  /** Called after each epoch; `part`: fold of a cross-validation, from 0. */
  readonly onEpoch?: (part: number, record: EpochRecord) => void;
}

/** The final plan, once the clips are known. */
export interface TrainDecision {
  readonly plan: TrainPlan;
  /** What is trained and how it is tested, as sentences. */
  readonly why: readonly string[];
  /** Hash of the division of the clips. */
  readonly division: string;
}

/** The result of a training, for {@link judgeTraining} and reports. */
export interface TrainedModel extends TrainDecision {
  /** The starting model. */
  readonly before: Model;
  /** The decodable clips. */
  readonly dataset: Dataset;
  readonly choices: TrainChoices;
  readonly frozen: FrozenSamples;
  readonly hashes: ClipHashes;
  /** Clips that the starting model had seen. */
  readonly seen: ReadonlySet<Sample>;
  /** Groups with the same names as some that this model had seen. */
  readonly likeNamed: readonly string[];
  /** Validation clips whose groups are also used for training. */
  readonly torn: readonly Sample[];
  readonly learned: Learned;
}

/**
 * Decodes the clips, divides them into training, selection and test clips, and trains by the plan. Throws
 * {@link DatasetError} (`E_DATASET_CLIP`) if no clip of a class can be decoded, what `fitModel` throws, and the signal's
 * reason.
 */
export async function trainModel(model: Model, dataset: Dataset, options: TrainModelOptions): Promise<TrainedModel> {
  const { choices, name, hashes: files, cache, engine, folder, signal, nameChoice = plainName } = options;
  const { seed } = choices;
  const onProgress = options.onProgress ?? (() => {});
  const looked = await frozenSamples(model, dataset.samples, {
    cache,
    engine,
    signal,
    onProgress: ({ phase, ...clips }) => onProgress(stageProgress(phase, clips)),
  });
  for (const { error } of looked.failures) options.onFailure?.(error);
  const decoded = usableSamples(dataset, looked);
  const { before, after } = looked.pictures;
  const usable = joinCopies(decoded, (sample) => before.get(stretchOf(sample)));
  const plan = withFolds(options.plan, choices, countGroups(usable));
  const found = findSeen(usable.samples, { files, pictures: before }, model.card.learned);
  const seen = hasUnknownPast(model.card) ? new Set(usable.samples) : found.seen;
  const { folds, validation, fit } = plan;
  const choosing = fit !== null && fit.patience > 0;
  const { parts, torn } = divideForTests(usable, { folds, validation, choosing, seen, seed });
  const features = new Map(
    usable.samples.map((sample, i) => {
      const one = looked.features.get(decoded.samples[i] as Sample) as HeadSample;
      return [sample, { ...one, group: sample.group, seen: seen.has(sample) }];
    }),
  );
  const frozen = { ...looked, features };
  const why = [plan.why, howItIsTested(choices, usable, parts, nameChoice)];
  const decision = { plan, why, division: hashOf(parts) };
  await options.onDecided?.(decision);
  const task = { name, labels: usable.labels, multiLabel: usable.multiLabel, seed };
  const { onEpoch = () => {} } = options;
  const whole = { model, frozen, parts, task, choices, cache, engine, folder, name: nameChoice, signal };
  const learnTask = { ...whole, onProgress, onEpoch };
  const learned = fit === null ? await learnHead(usable, learnTask) : await fineTune(fit, learnTask);
  const { likeNamed } = found;
  const clips = { dataset: usable, frozen, hashes: { files, pictures: after }, seen, likeNamed, torn };
  return { ...decision, ...clips, before: model, choices, learned };
}

/** The division of the clips, as a SHA-256. */
function hashOf(parts: readonly TestPart[]): string {
  const names = (samples: readonly Sample[]) => samples.map(nameWithin);
  const text = JSON.stringify(parts.map(({ train, choose, judge }) => [train, choose, judge].map(names)));
  return createHash("sha256").update(text).digest("hex");
}

/** Undecodable clips may reduce the number of groups: then fewer folds are used, unless a number was requested. */
function withFolds(plan: TrainPlan, { folds }: TrainChoices, groups: number): TrainPlan {
  if (plan.folds === null || folds !== null || groups >= plan.folds) return plan;
  return { ...plan, folds: groups >= 2 ? groups : null };
}

/** The dataset without undecodable clips. Throws if too little is left. */
function usableSamples(dataset: Dataset, { features }: Pick<FrozenSamples, "features">): Dataset {
  const samples = dataset.samples.filter((sample) => features.has(sample));
  const missing = dataset.labels.filter((_, c) => !samples.some(({ classes }) => classes.includes(c)));
  if (missing.length > 0) {
    const remedy = "Repair or replace these clips; movinet dataset check lists what is wrong with each clip";
    throw datasetError(
      "E_DATASET_CLIP",
      dataset.path,
      `none of the clips of ${listed(missing)} can be decoded`,
      remedy,
    );
  }
  return { ...dataset, samples };
}
