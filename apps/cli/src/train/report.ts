import { basename, join } from "node:path";
import { type Backend, type Model, topK, writeModel, writeWhole } from "movinet";
import {
  type Agreement,
  type Answer,
  type ClipHashes,
  type Dataset,
  type Epoch,
  type Evaluation,
  environmentFacts,
  evaluateAnswers,
  evaluateModel,
  type FoldResult,
  fewestJudged,
  keepPictures,
  noteLearned,
  type RunReport,
  renderReport,
  type Sample,
  WorstClips,
  warningsOf,
} from "movinet/train";
import { commandLine } from "../evaluate/findings.ts";
import { agreementText, renderEvaluation } from "../tables/evaluation.ts";
import { columnsOf, wrap } from "../tables/text.ts";
import { doubtsOf, silenceOf } from "./doubts.ts";
import type { JudgedClip, Learned, TrainSetting } from "./learned.ts";
import type { TrainPlan } from "./settings.ts";

/** A run that has learned, and what it was told. */
export interface DoneRun extends TrainSetting {
  readonly plan: TrainPlan;
  /** What learns and how it is tested: sentences. */
  readonly why: readonly string[];
  readonly dataset: Dataset;
  readonly hashes: ClipHashes;
  /** Clips that the model which it began with had seen. */
  readonly seen: ReadonlySet<Sample>;
  /** Groups that are named like some that this model had seen. */
  readonly likeNamed: readonly string[];
  /** Clips for validation of whose groups others are for training. */
  readonly torn: readonly Sample[];
  readonly learned: Learned;
  readonly backend: Backend;
  readonly seconds: number;
}

/** Clips on which the new model steps frame by frame and sees the whole clip, to compare. */
const compared = 5;

/** What a run reached, for its files. */
interface Reached {
  readonly model: Model;
  /** Null where nothing honest can be said. */
  readonly evaluation: Evaluation | null;
  /** Why there is none. */
  readonly silence: string | null;
  readonly answers: readonly Answer[];
  readonly agreement: Agreement | null;
  readonly judged: string | null;
  readonly why: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Writes the model with what was measured in its card, tells it on the terminal, and writes report.html, history.csv and,
 * last, evaluation.json.
 */
export async function finishRun(done: DoneRun): Promise<void> {
  const { folder, learned, terminal } = done;
  const reached = await reachedBy(done);
  const { model, evaluation, silence, agreement, warnings, judged } = reached;
  const file = join(folder, "model.safetensors");
  await writeWhole(file, writeModel(model));
  if (terminal.json) {
    const { top1, top5, clips, calibration } = evaluation ?? { top1: null, top5: null, clips: 0, calibration: null };
    const line = { type: "training", model: file, judged, clips, top1: top1?.value ?? null, top5: top5?.value ?? null };
    const more = { top1Interval: top1?.interval ?? null, calibrationError: calibration?.error ?? null };
    const facts = { seconds: done.seconds, why: silence === null ? reached.why : [silence, ...reached.why], warnings };
    terminal.result(JSON.stringify({ ...line, ...more, ...facts }));
  } else if (evaluation) terminal.result(renderEvaluation(evaluation, agreement, terminal));
  else terminal.result(wrap(silence as string, columnsOf(terminal)).join("\n"));
  for (const warning of warnings) terminal.warning(warning);
  if (agreement && !agreement.agree) terminal.warn(`movinet: ${model.card.name}: ${agreementText(agreement)}`);

  await writeWhole(join(folder, "report.html"), await renderReport(await reportOf(done, reached)));
  if (learned.history) await writeWhole(join(folder, "history.csv"), historyCsv(learned.history));
  await writeWhole(join(folder, "evaluation.json"), `${JSON.stringify(plainOf(done, reached), null, 1)}\n`);
}

async function reachedBy(done: DoneRun): Promise<Reached> {
  const { dataset, learned, hashes, backend, cache, signal } = done;
  const counted = learned.judged.filter(({ taught }) => taught);
  const answers = counted.map(({ answer }) => answer);
  const { card } = learned.model;
  const options = { labels: dataset.labels, output: card.output, fps: card.fps };
  const evaluation = answers.length < fewestJudged ? null : evaluateAnswers(answers, options);
  const grouped = dataset.samples.some(({ group }) => group !== null);
  const judged = learned.crossed
    ? `each clip by a model that ${grouped ? "saw nothing of its group" : "did not see it"}`
    : "clips that neither taught nor chose anything";
  const accuracy = evaluation && {
    dataset: `${card.name}, ${evaluation.clips} clips, ${judged}`,
    top1: evaluation.top1.value,
    top5: dataset.labels.length > 5 ? evaluation.top5.value : null,
  };
  const noted = noteLearned(learned.used, hashes, done.model.card.learned);
  const model = { ...learned.model, card: { ...card, accuracy, learned: noted } };
  const few = [...(counted.length > 0 ? counted.map(({ sample }) => sample) : learned.used)].slice(0, compared);
  const { agreement } = await evaluateModel(model, few, { backend, signal, cache, compared });
  const warnings = [
    ...(evaluation ? warningsOf(evaluation, answers, { heldOut: true }) : []),
    ...doubtsOf(done, evaluation !== null),
  ];
  const silence = evaluation ? null : silenceOf(done);
  const why = [...done.why, ...learned.why];
  return { model, evaluation, silence, answers, agreement, judged: evaluation && judged, why, warnings };
}

async function reportOf(done: DoneRun, reached: Reached): Promise<RunReport> {
  const { choices, learned, frozen, backend, seconds } = done;
  const { model, evaluation, silence, judged, warnings, agreement, why } = reached;
  const { card } = model;
  return {
    title: `${card.name}: trained from ${basename(choices.from ?? "a0-stream")}`,
    date: new Date(),
    command: commandLine(),
    model: card.name,
    dataset: card.name,
    judged: judged ?? "not judged",
    evaluation,
    silence,
    folds: evaluation && learned.crossed ? foldResults(learned.judged) : null,
    warnings,
    failures: frozen.failures.map(({ sample, error }) => ({ name: sample.name, problem: error.problem })),
    history: learned.history?.map(epochOf) ?? null,
    bestEpoch: learned.bestEpoch,
    agreement,
    worst: evaluation ? await worstOf(done, evaluation) : [],
    config: {
      how: why.join(" "),
      ...learned.facts,
      "frames a second": card.fps,
      fit: card.input.fit,
      seed: choices.seed,
      "seconds in all": Math.round(seconds),
    },
    environment: environmentFacts(backend.name),
  };
}

function foldResults(judged: readonly JudgedClip[]): readonly FoldResult[] {
  const folds = Map.groupBy(
    judged.filter(({ taught }) => taught),
    ({ fold }) => fold,
  );
  return Array.from(folds, ([fold, clips]) => {
    const right = clips.filter(({ answer: { scores, classes } }) =>
      classes.includes(topK(scores, null, 1)[0]?.index ?? -1),
    );
    return { name: `part ${fold + 1}`, clips: clips.length, right: right.length };
  });
}

/** A record as reports take it. */
export function epochOf({
  epoch,
  loss,
  learningRate,
  validationLoss,
  validationTop1,
}: NonNullable<Learned["history"]>[number]): Epoch {
  return { epoch, phase: null, trainLoss: loss, validationLoss, validationTop1, learningRate };
}

function historyCsv(history: NonNullable<Learned["history"]>): string {
  const rows = history.map((record) =>
    [record.epoch, record.loss, record.learningRate, record.validationLoss ?? "", record.validationTop1 ?? ""].join(
      ",",
    ),
  );
  return ["epoch,loss,learningRate,validationLoss,validationTop1", ...rows, ""].join("\n");
}

async function worstOf({ learned, cache, frozen, signal }: DoneRun, { output }: Evaluation) {
  const { card } = learned.model;
  const worst = new WorstClips(card.labels ?? [], output);
  for (const { answer, taught } of learned.judged) if (taught) worst.add(answer);
  const { width, height, fit } = card.input;
  const view = { width, height, fit, fps: frozen.view.fps };
  const again = new WorstClips(card.labels ?? [], output);
  for (const { name } of worst.clips) {
    const judged = learned.judged.find(({ answer }) => answer.name === name);
    if (!judged) continue;
    const clip = await cache.read(judged.sample, view, signal);
    again.add(judged.answer, keepPictures(clip, 4), fit === "squash" ? clip.aspect : clip.width / clip.height);
  }
  return again.clips;
}

function plainOf(
  { choices, plan, dataset, learned, frozen, backend, seconds }: DoneRun,
  { evaluation, silence, judged, agreement, warnings, why }: Reached,
) {
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
  const failures = frozen.failures.map(({ sample, error }) => ({ name: sample.name, problem: error.problem }));
  const settings = { choices, plan, why, facts: learned.facts, environment: environmentFacts(backend.name), seconds };
  return { ...settings, judged, evaluation, silence, agreement, warnings, failures, clips };
}
