/** A new last layer in closed form, or a part of the network by gradients; and what comes of it, judged. */
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

/** How far a training is. */
export interface TrainProgress extends Omit<FitProgress, "phase" | "epoch"> {
  readonly stage: "decoding" | "features" | "mirrored clips" | "judging" | FitProgress["phase"];
  /** Which part of a cross-validation is trained, from 0, and of how many; null where there is one, or it is about all. */
  readonly part: { readonly index: number; readonly of: number } | null;
  /** Null but in stages of `fitModel`. */
  readonly epoch: number | null;
}

/** What a way of training is given. */
export interface LearnTask {
  /** What it begins with. */
  readonly model: Model;
  readonly frozen: FrozenSamples;
  /** What teaches, chooses and judges: one part, or those of a cross-validation. */
  readonly parts: readonly TestPart[];
  readonly task: HeadTask;
  readonly choices: TrainChoices;
  readonly cache: ClipCache;
  readonly engine: Engine;
  /** Where saved states are kept, from which a training of the same clips and choices goes on. */
  readonly folder: string;
  readonly name: NameChoice;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TrainProgress) => void;
  /** `part` of a cross-validation, from 0. */
  readonly onEpoch: (part: number, record: EpochRecord) => void;
}

/** A clip that was judged. */
export interface JudgedClip {
  readonly sample: Sample;
  readonly answer: Answer;
  readonly fold: number;
  /** Whether the model that judged it had learned its classes; else it is told apart and not counted. */
  readonly taught: boolean;
}

/** What came of it. */
export interface Learned {
  readonly model: Model;
  /** Clips that taught the model, or chose its epoch. */
  readonly used: readonly Sample[];
  /** Of clips that the model which answered had not seen, nor others of their groups; nothing was chosen by them. */
  readonly judged: readonly JudgedClip[];
  /** Whether there is a fold for each part. */
  readonly crossed: boolean;
  readonly history: readonly EpochRecord[] | null;
  readonly bestEpoch: number | null;
  /** How gradients trained it; null in closed form. */
  readonly fit: TrainSettings | null;
  /** How it learned, for the report. */
  readonly facts: Facts;
  /** What was decided on the way: sentences. */
  readonly why: readonly string[];
}

/** Progress of a stage that is not part of `fitModel`. */
export function stageProgress(
  stage: TrainProgress["stage"],
  { done, total }: { readonly done: number; readonly total: number },
  part: TrainProgress["part"] = null,
): TrainProgress {
  return { stage, part, done, total, epoch: null, loss: null, validationTop1: null };
}

/**
 * Solves the last layer: once for each fold, to tell how good it is, and then from all clips (in a dataset that names its
 * parts, or with one part kept aside: from the training part).
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
    why:
      head.folds === 0
        ? ["Its probabilities are not calibrated: no clips were left that could tell how sure it may be."]
        : [],
  };
}

/**
 * Solves the last layer on frozen features, then trains it and what else is to learn by gradients. Each part of a
 * cross-validation is trained by itself; the model that is kept is that of the first.
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
  const kept = `The model that you get is that of part 1, which learned from ${first.used.length} clips; what follows is said of it.`;
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
    // Its weights have moved: what the solved layer was divided by says nothing any more.
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
        ? `The epoch is chosen by ${choose.length} clips that neither teach nor judge.`
        : `No epoch is chosen, all count: there are too few clips for a part that would choose it.`,
    ],
  };
}

/** Whether clips are mirrored: as was asked, else by the labels and by what mirrored clips of this part look like. */
async function decideMirroring(
  { augment }: TrainSettings,
  train: readonly Sample[],
  { model, frozen, task, choices, cache, engine, name, signal, onProgress }: LearnTask,
  part: TrainProgress["part"],
): Promise<FlipDecision> {
  const { labels, multiLabel, seed } = task;
  const named = decideFlip(labels, null);
  if (choices.augment === "none") {
    return { flip: false, why: `Clips are not varied, as ${name("augment", "none")} asks.` };
  }
  if (augment.flip === 0) return { flip: false, why: `Clips are not mirrored, as ${name("flip", false)} asks.` };
  if (choices.flip === true) {
    const doubt = named.flip ? "" : ` ${named.why.replace(/^.*: /, "Beware: ")}`;
    return { flip: true, why: `Clips are mirrored, as ${name("flip", true)} asks.${doubt}` };
  }
  if (!named.flip) return named;
  const options = { cache, engine, classes: labels.length, multiLabel, seed, signal };
  const test = await mirrorTest(model, train, frozen, {
    ...options,
    onProgress: (progress) => onProgress(stageProgress("mirrored clips", progress, part)),
  });
  return decideFlip(labels, test);
}

/** How a network is trained, for a report. */
export function fitFacts(settings: TrainSettings, clips: number): Facts {
  const { trainable, epochs, batch, frames, optimizer, learningRate, weightDecay, labelSmoothing, dropout } = settings;
  const rest = { epochs, batch, frames, optimizer, learningRate, weightDecay, labelSmoothing, dropout };
  const { averageDecay, views, augment } = settings;
  const mirrored = augment.flip > 0;
  return { learns: learnsText(trainable), "clips in the model": clips, ...rest, averageDecay, views, mirrored };
}
