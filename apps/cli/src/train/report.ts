import { basename, join } from "node:path";
import { type Backend, topK, writeWhole } from "movinet";
import {
  type ClipCache,
  type Dataset,
  type Epoch,
  type Evaluation,
  environmentFacts,
  evaluateAnswers,
  evaluateModel,
  type FoldResult,
  type FrozenSamples,
  keepPictures,
  type RunReport,
  renderReport,
  type Sample,
  WorstClips,
  warningsOf,
} from "movinet/make";
import { agreementText, renderEvaluation } from "../evaluate/table.ts";
import type { Terminal } from "../terminal.ts";
import type { Learned } from "./learned.ts";
import type { TrainChoices, TrainPlan } from "./settings.ts";

/** A run that is done, all of it. */
export interface DoneRun {
  readonly folder: string;
  readonly choices: TrainChoices;
  readonly plan: TrainPlan;
  readonly dataset: Dataset;
  readonly frozen: FrozenSamples;
  readonly learned: Learned;
  readonly backend: Backend;
  readonly cache: ClipCache;
  readonly seconds: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Clips on which the new model steps frame by frame and sees the whole clip, to compare. */
const compared = 5;
/** A file with fewer frames a second than this share of the model's shows it pictures twice. */
const slowRate = 0.9;

/** Tells what was reached on the terminal, and writes report.html, evaluation.json and history.csv. */
export async function tellRun(done: DoneRun): Promise<void> {
  const { folder, dataset, frozen, learned, backend, terminal, signal, choices } = done;
  const { card } = learned.model;
  const { answers } = learned;
  const evaluation = evaluateAnswers(answers, { labels: dataset.labels, output: card.output, fps: card.fps });
  const few = learned.samples.slice(0, compared);
  const { agreement } = await evaluateModel(learned.model, few, { backend, signal, compared });
  const warnings = [...warningsOf(evaluation, answers, { heldOut: true }), ...clipWarnings(dataset, frozen, card.fps)];
  const report: RunReport = {
    title: `${card.name}: trained from ${basename(choices.from ?? "a0-stream")}`,
    date: new Date(),
    command: ["movinet", ...process.argv.slice(2)].join(" "),
    model: card.name,
    dataset: card.name,
    judged: learned.judged,
    evaluation,
    folds: foldResults(learned),
    warnings,
    failures: frozen.failures.map(({ sample, error }) => ({ name: sample.name, problem: error.problem })),
    history: learned.history?.map(epochOf) ?? null,
    bestEpoch: learned.bestEpoch,
    agreement,
    worst: await worstOf(done, evaluation),
    config: {
      ...learned.facts,
      "frames a second": card.fps,
      fit: card.input.fit,
      seed: choices.seed,
      "seconds in all": Math.round(done.seconds),
    },
    environment: environmentFacts(backend.name),
  };
  await writeWhole(join(folder, "report.html"), await renderReport(report));
  await writeWhole(join(folder, "evaluation.json"), `${JSON.stringify(plainOf(done, evaluation, report), null, 1)}\n`);
  if (learned.history) await writeWhole(join(folder, "history.csv"), historyCsv(learned.history));
  if (terminal.json) {
    const model = join(folder, "model.safetensors");
    const { top1, top5, clips, calibration } = evaluation;
    const line = { type: "training", model, judged: learned.judged, clips, top1: top1.value, top5: top5.value };
    const more = { top1Interval: top1.interval, calibrationError: calibration.error, seconds: done.seconds, warnings };
    terminal.result(JSON.stringify({ ...line, ...more }));
  } else terminal.result(renderEvaluation(evaluation, agreement, terminal));
  for (const warning of warnings) terminal.note(`movinet: warning: ${warning}`);
  if (agreement && !agreement.agree) terminal.warn(`movinet: ${card.name}: ${agreementText(agreement)}`);
}

function foldResults({ answers, folds }: Learned): readonly FoldResult[] | null {
  if (folds === null) return null;
  return [...new Set(folds)].map((fold) => {
    const own = answers.filter((_, i) => folds[i] === fold);
    const right = own.filter(({ scores, classes }) => classes.includes(topK(scores, null, 1)[0]?.index ?? -1));
    return { name: `part ${fold + 1}`, clips: own.length, right: right.length };
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

/** What the clips themselves tell: frame rates unlike the model's, and groups that give the class away. */
function clipWarnings({ samples, labels }: Dataset, { lengths }: FrozenSamples, fps: number): string[] {
  const slow = [...lengths.values()].filter(({ frameRate }) => frameRate < slowRate * fps).length;
  const groups = new Map<string, Set<string>>();
  for (const { group, classes } of samples) {
    if (group === null) continue;
    const seen = groups.get(group) ?? new Set();
    for (const c of classes) seen.add(labels[c] as string);
    groups.set(group, seen);
  }
  const tied = groups.size > 1 && [...groups.values()].every((seen) => seen.size === 1) && samples.length > groups.size;
  return [
    ...(slow > 0 ? [`${slow} clips have fewer than ${fps} pictures a second, which the model expects to see.`] : []),
    ...(tied
      ? ["Every group (person, place, source) shows one class only: the model may know the place, not the action."]
      : []),
  ];
}

async function worstOf({ learned, cache, frozen, signal }: DoneRun, { output }: Evaluation) {
  const { card } = learned.model;
  const worst = new WorstClips(card.labels ?? [], output);
  for (const answer of learned.answers) worst.add(answer);
  const named = new Map(learned.samples.map((sample) => [sample.name, sample]));
  const { width, height, fit } = card.input;
  const view = { width, height, fit, fps: frozen.view.fps };
  const again = new WorstClips(card.labels ?? [], output);
  for (const { name } of worst.clips) {
    const answer = learned.answers.find((candidate) => candidate.name === name);
    if (!answer) continue;
    const clip = await cache.read(named.get(name) as Sample, view, signal);
    again.add(answer, keepPictures(clip, 4), fit === "squash" ? clip.aspect : clip.width / clip.height);
  }
  return again.clips;
}

function plainOf({ choices, plan, dataset, learned, seconds }: DoneRun, evaluation: Evaluation, report: RunReport) {
  const clips = learned.answers.map(({ name, group, classes, scores }, i) => ({
    name,
    group,
    part: learned.folds?.[i] ?? null,
    labels: classes.map((c) => dataset.labels[c]),
    predictions: topK(scores, dataset.labels, 5),
  }));
  const { agreement, warnings, environment, config, failures } = report;
  return {
    choices,
    plan,
    config,
    environment,
    seconds,
    judged: learned.judged,
    evaluation,
    agreement,
    warnings,
    failures,
    clips,
  };
}
