/** Which clips of a dataset a model may be evaluated on, with which caveats, and the evaluation itself. */
import { MovinetError } from "../common/errors.ts";
import { capital } from "../common/printable.ts";
import type { ClipCache } from "../data/clip-cache.node.ts";
import { openDataset } from "../data/dataset.node.ts";
import { type Dataset, datasetError, type Sample, type Split } from "../data/dataset.ts";
import { joinCopies } from "../data/groups.ts";
import { samplesForModel } from "../evaluate/labels.ts";
import { type Evaluation, evaluateAnswers } from "../evaluate/metrics.ts";
import { WorstClips } from "../evaluate/pictures.ts";
import type { WorstClip } from "../evaluate/report-data.ts";
import { type EvaluateModelOptions, evaluateModel, type ModelAnswers } from "../evaluate/run.node.ts";
import { damageSentence, warningsOf } from "../evaluate/verdict.ts";
import type { Fit } from "../model/card.ts";
import type { Model } from "../model/model.ts";
import { likeNamedSentence } from "./doubts.node.ts";
import {
  type ContentHashes,
  contentHashes,
  findSeen,
  hasUnknownPast,
  type PictureHashes,
  pictureHashes,
} from "./learned.node.ts";
import { type NameChoice, plainName } from "./recipe.ts";

/** The clips to evaluate on, and their name. */
export interface JudgedClips {
  readonly dataset: Dataset;
  readonly samples: readonly Sample[];
  /** For example `test clips`. */
  readonly judged: string;
  /** Whether the models are known not to have been trained on them. */
  readonly heldOut: boolean;
  /** Whether a model was trained on all of them: its accuracy then says nothing about new clips. */
  readonly remembered: boolean;
  /** The first caveat if a model was trained on some of the clips: a sentence, or null. */
  readonly first: string | null;
  /** Other caveats, as sentences. */
  readonly doubts: readonly string[];
  readonly hashes: ContentHashes;
}

export interface JudgedClipsOptions {
  /** Null: the dataset's test clips, else its validation clips, else all. */
  readonly split: Split | "all" | null;
  readonly cache: ClipCache;
  readonly signal: AbortSignal;
  readonly onProgress?: (stage: "reading" | "decoding", done: number, total: number) => void;
  readonly nameChoice?: NameChoice;
}

/**
 * Opens a dataset whose classes are (some of) the first model's; one class or one clip is enough for evaluation. Clips
 * that a model was trained on are excluded, unless there are no others.
 */
export async function openJudgedClips(
  path: string,
  models: readonly [Model, ...Model[]],
  { split, cache, signal, onProgress, nameChoice = plainName }: JudgedClipsOptions,
): Promise<JudgedClips> {
  const opened = await openFor(path, models[0].card.labels);
  const noted = models.filter(({ card }) => card.learned !== null);
  const onFile = (done: number, total: number) => onProgress?.("reading", done, total);
  const hashes = await contentHashes(opened.samples, cache, { signal, onFile });
  const dataset = joinCopies(opened, ({ file }) => hashes.get(file));
  const chosen = split ?? (["test", "validation"] as const).find((part) => has(dataset, part)) ?? "all";
  const samples = dataset.samples.filter((sample) => chosen === "all" || sample.split === chosen);
  if (samples.length === 0) {
    const named = (["train", "validation", "test"] as const).filter((part) => has(dataset, part));
    const problem = `none of its ${dataset.samples.length} clips is in the ${chosen} split`;
    const remedy = `Use ${[...named, "all"].map((part) => nameChoice("split", part)).join(" or ")}`;
    throw datasetError("E_DATASET_SPLIT", path, problem, remedy);
  }
  const judged = chosen === "all" ? "all clips" : `${chosen} clips`;
  const [first] = noted;
  const pictures: PictureHashes = first
    ? await pictureHashes(samples, { ...first.card.input, fps: first.card.fps }, cache, {
        signal,
        onClip: ({ done, total }) => onProgress?.("decoding", done, total),
      })
    : new Map();
  const found = noted.map(({ card }) => {
    return { card, ...findSeen(dataset.samples, { files: hashes, pictures }, card.learned) };
  });
  const isSeen = (sample: Sample) => found.some((one) => one.seen.has(sample));
  const seen = samples.filter(isSeen);
  const others = samples.filter((sample) => !isSeen(sample));
  const likeNamed = [...new Set(found.flatMap((one) => one.likeNamed))];
  const named = found.find((one) => samples.some((sample) => one.seen.has(sample)))?.card.name;
  const whose = models.length === 1 ? "the model" : (named ?? models[0].card.name);
  const remembered = others.length === 0;
  const isNamed = chosen === "test" || chosen === "validation";
  return {
    dataset,
    samples: remembered ? samples : others,
    judged: seen.length === 0 || remembered ? judged : `${judged} that it was not trained on`,
    heldOut: models.every(({ card }) => card.learned !== null || (isNamed && !hasUnknownPast(card))),
    remembered,
    first: seen.length === 0 ? null : firstSentence(whose, seen.length, samples.length),
    doubts: [...dataset.warnings, ...(likeNamed.length === 0 ? [] : [likeNamedSentence("the model", likeNamed)])],
    hashes,
  };
}

/** The result of evaluating a model. */
export interface JudgedModel {
  readonly fit: Fit;
  readonly evaluation: Evaluation;
  readonly found: ModelAnswers;
  /** How the numbers may mislead, as sentences, in addition to {@link JudgedClips.first}. */
  readonly doubts: readonly string[];
  readonly worst: readonly WorstClip[];
}

/** For a model with more classes than this, only those of the clips are listed. */
const mostListed = 50;

/**
 * Evaluates a model on clips. Throws {@link DatasetError} (`E_DATASET_CLIP`) if no clip could be evaluated, and the
 * signal's reason.
 */
export async function judgeModel(
  model: Model,
  { dataset, samples: own, heldOut, remembered, first, doubts }: JudgedClips,
  { fit = model.card.input.fit, onClip, ...options }: EvaluateModelOptions,
): Promise<JudgedModel> {
  const { labels, output, fps } = model.card;
  const samples = samplesForModel(dataset, own, model);
  const names = labels as readonly string[];
  const worst = new WorstClips(names, output);
  const found = await evaluateModel(model, samples, {
    ...options,
    fit,
    onClip(outcome) {
      if (outcome.answer) worst.add(outcome.answer, outcome.pictures, outcome.aspect);
      onClip?.(outcome);
    },
  });
  const { answers, damaged } = found;
  if (answers.length === 0) {
    const unseen = first === null || remembered ? "" : " that the model was not trained on";
    const problem =
      samples.length === 1
        ? `the only clip${unseen} could not be evaluated`
        : `none of the ${samples.length} clips${unseen} could be evaluated`;
    const remedy = "See the messages above; movinet dataset check lists what is wrong with each clip";
    throw datasetError("E_DATASET_CLIP", dataset.path, problem, remedy);
  }
  const listed = [...new Set(samples.flatMap(({ classes }) => classes))];
  const evaluation = evaluateAnswers(answers, {
    labels: names,
    output,
    learned: remembered,
    listed: names.length <= mostListed ? undefined : listed,
    fps,
  });
  const told = [
    ...(remembered ? [] : [...warningsOf(evaluation, answers, { heldOut }), ...doubts]),
    ...(damaged.length > 0 ? [damageSentence(damaged, "evaluated")] : []),
  ];
  return { fit, evaluation, found, doubts: told, worst: worst.clips };
}

/** Throws if the models were trained on all clips. */
export function refuseRemembered({ remembered, first, dataset }: JudgedClips): void {
  if (!remembered) return;
  const problem = first?.replace(/^.*?: /, "").replace(/\.$/, "") ?? "";
  const remedy = "Use clips from other people or places, or a model that was trained without them";
  throw datasetError("E_DATASET_SEEN", dataset.path, problem, remedy);
}

async function openFor(path: string, labels: readonly string[] | null): Promise<Dataset> {
  return openDataset(path).catch((error: unknown) => {
    const few = error instanceof MovinetError && /^E_DATASET_ONE_CL(ASS|IP)$/.test(error.code);
    if (!few || labels === null) throw error;
    return openDataset(path, { labels });
  });
}

function firstSentence(name: string, seen: number, clips: number): string {
  if (seen === clips) {
    const which = clips === 1 ? "the only clip" : `all ${clips} clips`;
    return `Not a test: ${name} was trained on ${which}, or on others from their groups.`;
  }
  const rest = clips - seen;
  return `${capital(name)} was trained on ${seen} of the ${clips} clips, or on others from their groups: only the other ${rest === 1 ? "one is" : `${rest} are`} evaluated.`;
}

function has({ samples }: Dataset, split: Split): boolean {
  return samples.some((sample) => sample.split === split);
}
