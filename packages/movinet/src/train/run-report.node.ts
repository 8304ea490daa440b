/** What can be said about a training run, and the data for its report and record. */
import { basename } from "node:path";
import type { ClipCache } from "../data/clip-cache.node.ts";
import type { Engine } from "../engines/engine.ts";
import type { Agreement } from "../evaluate/agreement.ts";
import { type Evaluation, evaluateAnswers, likeliest } from "../evaluate/metrics.ts";
import { keepPictures, WorstClips } from "../evaluate/pictures.ts";
import { environmentFacts } from "../evaluate/report.node.ts";
import type { EpochRecord, FoldResult, RunReport, WorstClip } from "../evaluate/report-data.ts";
import { evaluateModel } from "../evaluate/run.node.ts";
import { warningsOf } from "../evaluate/verdict.ts";
import { topK } from "../flow/predict.ts";
import type { Model } from "../model/model.ts";
import { doubtsOf, silenceOf } from "./doubts.node.ts";
import type { JudgedClip } from "./learn.node.ts";
import { noteLearned } from "./learned.node.ts";
import { type NameChoice, plainName } from "./recipe.ts";
import { fewestJudged } from "./test-parts.ts";
import type { TrainedModel } from "./train-model.node.ts";

export interface JudgeTrainingOptions {
  /** The starting model's name, for sentences; default: its card's name. */
  readonly from?: string | undefined;
  readonly engine: Engine;
  readonly cache: ClipCache;
  readonly signal: AbortSignal;
  readonly nameChoice?: NameChoice;
}

/** Clips on which the new model is compared frame by frame and on the whole clip. */
const compared = 5;

/** The result of a training. */
export interface JudgedTraining {
  /** With its measurements and training clips in its card. */
  readonly model: Model;
  /** Null if no fair number is possible. */
  readonly evaluation: Evaluation | null;
  /** The reason for that. */
  readonly silence: string | null;
  readonly agreement: Agreement | null;
  readonly judged: string | null;
  readonly why: readonly string[];
  readonly warnings: readonly string[];
}

/** Evaluates a training on clips it was not trained on. Throws the signal's reason. */
export async function judgeTraining(
  done: TrainedModel,
  { from = done.before.card.name, engine, cache, signal, nameChoice = plainName }: JudgeTrainingOptions,
): Promise<JudgedTraining> {
  const { dataset, learned, hashes } = done;
  const counted = learned.judged.filter(({ taught }) => taught);
  const answers = counted.map(({ answer }) => answer);
  const { card } = learned.model;
  const options = { labels: dataset.labels, output: card.output, fps: card.fps };
  const evaluation = answers.length < fewestJudged ? null : evaluateAnswers(answers, options);
  const grouped = dataset.samples.some(({ group }) => group !== null);
  const judged = learned.crossed
    ? `each clip by a model that ${grouped ? "saw no clip of its group" : "did not see it"}`
    : "clips used for neither training nor selection";
  const accuracy = evaluation && {
    dataset: `${card.name}, ${evaluation.clips} clips, ${judged}`,
    top1: evaluation.top1.value,
    top5: dataset.labels.length > 5 ? evaluation.top5.value : null,
  };
  const noted = noteLearned(learned.used, hashes, done.before.card.learned);
  const model = { ...learned.model, card: { ...card, accuracy, learned: noted } };
  const few = [...(counted.length > 0 ? counted.map(({ sample }) => sample) : learned.used)].slice(0, compared);
  const { agreement } = await evaluateModel(model, few, { engine, signal, cache, compared });
  const warnings = [
    ...(evaluation ? warningsOf(evaluation, answers, { heldOut: true }) : []),
    ...doubtsOf(done, from, evaluation !== null),
  ];
  const silence = evaluation ? null : silenceOf(done, from, nameChoice);
  const why = [...done.why, ...learned.why];
  return { model, evaluation, silence, agreement, judged: evaluation && judged, why, warnings };
}

export interface TrainingReportOptions extends Omit<JudgeTrainingOptions, "from" | "nameChoice"> {
  /** The file or name of the starting model. */
  readonly from: string;
  readonly command: string;
  /** Total time. */
  readonly seconds: number;
}

/** The input of `renderReport` for a training. */
export async function trainingReport(
  done: TrainedModel,
  reached: JudgedTraining,
  { from, command, engine, seconds, cache, signal }: TrainingReportOptions,
): Promise<RunReport> {
  const { choices, learned } = done;
  const { model, evaluation, silence, judged, warnings, agreement, why } = reached;
  const { card } = model;
  return {
    title: `${card.name}: trained from ${basename(from)}`,
    date: new Date(),
    command,
    model: card.name,
    dataset: card.name,
    judged: judged ?? "not judged",
    evaluation,
    silence,
    folds: evaluation && learned.crossed ? foldResults(learned.judged) : null,
    warnings,
    failures: failuresOf(done),
    history: learned.history,
    bestEpoch: learned.bestEpoch,
    agreement,
    worst: evaluation ? await worstOf(done, evaluation, cache, signal) : [],
    config: {
      how: why.join(" "),
      ...learned.facts,
      "frames per second": card.fps,
      fit: card.input.fit,
      seed: choices.seed,
      "total seconds": Math.round(seconds),
    },
    environment: environmentFacts(engine.name),
  };
}

function failuresOf({ frozen }: TrainedModel): RunReport["failures"] {
  return frozen.failures.map(({ sample, error }) => ({ name: sample.name, problem: error.problem }));
}

function foldResults(judged: readonly JudgedClip[]): readonly FoldResult[] {
  const folds = Map.groupBy(
    judged.filter(({ taught }) => taught),
    ({ fold }) => fold,
  );
  return Array.from(folds, ([fold, clips]) => {
    const right = clips.filter(({ answer: { scores, classes } }) => classes.includes(likeliest(scores)));
    return { name: `fold ${fold + 1}`, clips: clips.length, right: right.length };
  });
}

/** The course of the epochs, as CSV with a header line. */
export function historyCsv(history: readonly EpochRecord[]): string {
  const rows = history.map((record) =>
    [record.epoch, record.loss, record.learningRate, record.validationLoss ?? "", record.validationTop1 ?? ""].join(
      ",",
    ),
  );
  return ["epoch,loss,learningRate,validationLoss,validationTop1", ...rows, ""].join("\n");
}

async function worstOf(
  { learned, frozen }: TrainedModel,
  { output }: Evaluation,
  cache: ClipCache,
  signal: AbortSignal,
) {
  const { card } = learned.model;
  const worst = new WorstClips(card.labels ?? [], output);
  for (const { answer, taught } of learned.judged) if (taught) worst.add(answer);
  const shown: WorstClip[] = [];
  for (const one of worst.clips) {
    const { sample } = learned.judged.find(({ answer }) => answer.name === one.name) as JudgedClip;
    const clip = await cache.read(sample, { ...card.input, fps: frozen.view.fps }, signal);
    const aspect = card.input.fit === "squash" ? clip.aspect : clip.width / clip.height;
    shown.push({ ...one, pictures: keepPictures(clip, 4), aspect });
  }
  return shown;
}

/** All results, with the answer for each clip: plain data to store next to the report. */
export function trainingRecord(
  done: TrainedModel,
  { evaluation, silence, judged, agreement, warnings, why }: JudgedTraining,
  engine: Engine,
  seconds: number,
) {
  const { choices, plan, dataset, learned } = done;
  const clips = (evaluation === null ? [] : learned.judged).map(
    ({ answer: { name, group, classes, scores }, fold, taught }) => ({
      name,
      group,
      part: learned.crossed ? fold : null,
      counted: taught,
      labels: classes.map((c) => dataset.labels[c]),
      predictions: topK(scores, dataset.labels, 5),
    }),
  );
  const settings = { choices, plan, why, facts: learned.facts, environment: environmentFacts(engine.name), seconds };
  return { ...settings, judged, evaluation, silence, agreement, warnings, failures: failuresOf(done), clips };
}
