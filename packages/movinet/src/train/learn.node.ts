/** Trains a new last layer in closed form, or a part of the network by gradients, and evaluates the result. */
import { join } from "node:path";
import type { ClipCache } from "../data/clip-cache.node.ts";
import type { Dataset, Sample } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import { type Answer, answerOf } from "../evaluate/metrics.ts";
import type { EpochRecord, Facts } from "../evaluate/report-data.ts";
import { evaluateModel } from "../evaluate/run.node.ts";
import type { Model } from "../model/model.ts";
import { fitModel } from "./fit.node.ts";
import { fitClips, fitView } from "./fit-clips.node.ts";
import type { FitProgress } from "./fit-options.node.ts";
import { decideFlip, type FlipDecision } from "./flip.ts";
import type { HeadSample } from "./frozen-head.ts";
import { crossValidate, type FrozenSamples, type HeadTask, trainHead } from "./frozen-training.node.ts";
import { mirrorTest } from "./mirror.node.ts";
import { learnsText, type NameChoice, type TrainChoices } from "./recipe.ts";
import type { TrainSettings } from "./settings.ts";
import type { TestPart } from "./test-parts.ts";

/** Progress of a training. */
export interface TrainProgress extends Omit<FitProgress, "phase" | "epoch"> {
  readonly stage: "decoding" | "features" | "mirrored clips" | "judging" | FitProgress["phase"];
  /** The fold being trained, from 0, and the number of folds; null if there is one, or it concerns all. */
  readonly part: { readonly index: number; readonly of: number } | null;
  /** Null except in stages of `fitModel`. */
  readonly epoch: number | null;
}

/** Input of a training method. */
export interface LearnTask {
  /** The starting model. */
  readonly model: Model;
  readonly frozen: FrozenSamples;
  /** The clips for training, selection and testing: one part, or the folds of a cross-validation. */
  readonly parts: readonly TestPart[];
  readonly task: HeadTask;
  readonly choices: TrainChoices;
  readonly cache: ClipCache;
  readonly engine: Engine;
  /** Folder for state, from which a training with the same clips and options continues. */
  readonly folder: string;
  readonly name: NameChoice;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TrainProgress) => void;
  /** `part`: fold of a cross-validation, from 0. */
  readonly onEpoch: (part: number, record: EpochRecord) => void;
}

/** An evaluated clip. */
export interface JudgedClip {
  readonly sample: Sample;
  readonly answer: Answer;
  readonly fold: number;
  /**
   * Whether the model that evaluated it had been trained on its classes; otherwise it is reported separately and not
   * counted.
   */
  readonly taught: boolean;
}

/** Result of a training method. */
export interface Learned {
  readonly model: Model;
  /** Clips used for training, or to choose the epoch. */
  readonly used: readonly Sample[];
  /**
   * Clips that the answering model had not seen, nor others from their groups, and that were not used for any choice.
   */
  readonly judged: readonly JudgedClip[];
  /** Whether there was a cross-validation. */
  readonly crossed: boolean;
  readonly history: readonly EpochRecord[] | null;
  readonly bestEpoch: number | null;
  /** Settings of the gradient training; null in closed form. */
  readonly fit: TrainSettings | null;
  /** How it was trained, for the report. */
  readonly facts: Facts;
  /** Decisions made on the way, as sentences. */
  readonly why: readonly string[];
}

/** Progress of a stage outside `fitModel`. */
export function stageProgress(
  stage: TrainProgress["stage"],
  { done, total }: { readonly done: number; readonly total: number },
  part: TrainProgress["part"] = null,
): TrainProgress {
  return { stage, part, done, total, epoch: null, loss: null, validationTop1: null };
}

/**
 * Solves the last layer: once per fold, to measure its accuracy, and then from all clips (from the training part if
 * the dataset has splits or a part is held out).
 */
export async function learnHead(dataset: Dataset, { model, frozen, parts, task, signal }: LearnTask): Promise<Learned> {
  const folds = parts.map(({ train, judge }) => ({ train, validation: judge }));
  const judged = await crossValidate(model, frozen, folds, task, signal);
  const crossed = parts.length > 1;
  const learnedFrom = crossed ? dataset.samples.filter(({ split }) => split !== "test") : (parts[0]?.train ?? []);
  const used = learnedFrom.filter((sample) => frozen.features.has(sample));
  const features = used.map((sample) => frozen.features.get(sample) as HeadSample);
  const { model: trained, head } = await trainHead(model, features, frozen.view, task, signal);
  return {
    model: trained,
    used,
    judged: judged.map(({ scores, ...clip }) => ({ ...clip, answer: answerOf(clip.sample, scores, null) })),
    crossed,
    history: null,
    bestEpoch: null,
    fit: null,
    facts: {
      learns: "the last layer, solved on frozen features",
      "clips in the model": used.length,
      ridge: head.strength,
      "share of the old classes": head.mix,
      "temperature (folded into the last layer)":
        head.folds === 0 ? null : Number((1 / head.temperature.scale).toPrecision(3)),
    },
    why: head.folds === 0 ? ["Its probabilities are not calibrated: no clips were left for calibration."] : [],
  };
}

/**
 * Solves the last layer on frozen features, then trains it and the other trainable layers by gradients. Each fold of a
 * cross-validation is trained separately; the model of the first is kept.
 */
export async function fineTune(settings: TrainSettings, task: LearnTask): Promise<Learned> {
  const { model, frozen, parts, cache, signal, onProgress } = task;
  const all = new Set(parts.flatMap(({ train, choose }) => [...train, ...choose]));
  await cache.fill([...all], fitView(model.card, frozen.view.fps), {
    signal,
    onClip: (clip) => onProgress(stageProgress("decoding", clip)),
  });
  const results: Learned[] = [];
  for (const fold of parts.keys()) results.push(await trainPart(fold, settings, task));
  const [first] = results;
  if (!first) throw new Error("internal: there was no part to train");
  const crossed = parts.length > 1;
  const kept = `The final model is that of fold 1, trained on ${first.used.length} clips; the rest describes that model.`;
  const why = crossed ? [kept, ...first.why] : first.why;
  return { ...first, judged: results.flatMap(({ judged }) => judged), crossed, why };
}

async function trainPart(fold: number, wanted: TrainSettings, whole: LearnTask): Promise<Learned> {
  const { model, frozen, parts, task, engine, signal, cache, folder, onProgress, onEpoch } = whole;
  const { train, choose, judge } = parts[fold] as TestPart;
  const known = train.filter((sample) => frozen.features.has(sample));
  const features = known.map((sample) => frozen.features.get(sample) as HeadSample);
  const { model: start } = await trainHead(model, features, frozen.view, task, signal);
  const part = parts.length > 1 ? { index: fold, of: parts.length } : null;
  const mirroring = await decideMirroring(wanted, known, whole, part);
  const settings = mirroring.flip ? wanted : { ...wanted, augment: { ...wanted.augment, flip: 0 } };
  const { clips, why } = fitClips(model.card, frozen.view.fps, settings, cache, { train: known, choose }, task);
  const trained = await fitModel(start, clips, {
    settings,
    folder: join(folder, String(fold)),
    signal,
    onProgress: ({ phase, ...progress }) => onProgress({ stage: phase, part, ...progress }),
    onEpoch: (record) => onEpoch(fold, record),
  });
  const taught = new Set(known.flatMap(({ classes }) => classes));
  const judged: JudgedClip[] = [];
  await evaluateModel(trained.model, judge, {
    engine,
    signal,
    cache,
    compared: 0,
    onClip({ sample, answer }) {
      onProgress(stageProgress("judging", { done: judged.length + 1, total: judge.length }, part));
      if (answer) judged.push({ sample, answer, fold, taught: sample.classes.some((c) => taught.has(c)) });
    },
  });
  return {
    // Its weights have changed: the temperature of the solved layer is no longer valid.
    model: { ...trained.model, card: { ...trained.model.card, temperature: null } },
    used: [...known, ...choose],
    judged,
    crossed: false,
    history: trained.history,
    bestEpoch: choose.length > 0 ? trained.bestEpoch : null,
    fit: settings,
    facts: fitFacts(settings, known.length),
    why: [
      mirroring.why,
      why,
      choose.length > 0
        ? `The best epoch is chosen on ${choose.length} clips used for neither training nor testing.`
        : `The last epoch is used: there are too few clips to choose one.`,
    ],
  };
}

/** Whether clips are mirrored: as requested, else by the labels and by the mirrored clips of this part. */
async function decideMirroring(
  { augment }: TrainSettings,
  train: readonly Sample[],
  { model, frozen, task, choices, cache, engine, name, signal, onProgress }: LearnTask,
  part: TrainProgress["part"],
): Promise<FlipDecision> {
  const { labels, multiLabel, seed } = task;
  const named = decideFlip(labels, null);
  if (choices.augment === "none") {
    return { flip: false, why: `Clips are not augmented (${name("augment", "none")}).` };
  }
  if (augment.flip === 0) return { flip: false, why: `Clips are not mirrored (${name("flip", false)}).` };
  if (choices.flip === true) {
    const doubt = named.flip ? "" : ` ${named.why.replace(/^.*: /, "Caution: ")}`;
    return { flip: true, why: `Clips are mirrored (${name("flip", true)}).${doubt}` };
  }
  if (!named.flip) return named;
  const options = { cache, engine, classes: labels.length, multiLabel, seed, signal };
  const test = await mirrorTest(model, train, frozen, {
    ...options,
    onProgress: (progress) => onProgress(stageProgress("mirrored clips", progress, part)),
  });
  return decideFlip(labels, test);
}

/** How a network was trained, for a report. */
export function fitFacts(settings: TrainSettings, clips: number): Facts {
  const { trainable, epochs, batch, frames, optimizer, learningRate, weightDecay, labelSmoothing, dropout } = settings;
  const rest = { epochs, batch, frames, optimizer, learningRate, weightDecay, labelSmoothing, dropout };
  const { averageDecay, views, augment } = settings;
  const mirrored = augment.flip > 0;
  return { learns: learnsText(trainable), "clips in the model": clips, ...rest, averageDecay, views, mirrored };
}
