/** The data of an evaluation, for its report and its record. */
import { basename, dirname, resolve } from "node:path";
import { topK } from "../flow/predict.ts";
import type { Card, Fit } from "../model/card.ts";
import type { Evaluation } from "./metrics.ts";
import { environmentFacts } from "./report.node.ts";
import type { RunReport, WorstClip } from "./report-data.ts";
import type { ModelAnswers } from "./run.node.ts";

/** The results. */
export interface Findings {
  /** As given by the user. */
  readonly model: string;
  /** As given by the user. */
  readonly dataset: string;
  readonly judged: string;
  readonly fit: Fit;
  readonly card: Card;
  readonly evaluation: Evaluation;
  readonly found: ModelAnswers;
  readonly warnings: readonly string[];
  readonly worst: readonly WorstClip[];
  readonly engine: string;
  readonly threads: number | null;
}

/** The results, with the answer for each clip: plain data to store next to the report. */
export function evaluationRecord({ model, dataset, judged, fit, card, evaluation, found, warnings }: Findings) {
  const { answers, failures, agreement, arithmetic } = found;
  const clips = answers.map(({ name, group, classes, scores, moments }) => ({
    name,
    group,
    labels: classes.map((index) => card.labels?.[index] ?? String(index)),
    frames: moments?.frames.at(-1) ?? null,
    predictions: topK(scores, card.labels, 5),
  }));
  const failed = failures.map(({ sample, error }) => ({ name: sample.name, code: error.code, message: error.message }));
  const { learned, top1 } = evaluation;
  const told = learned ? { learned, clips: evaluation.clips, remembered: top1.hits } : evaluation;
  const date = new Date().toISOString();
  return { model, dataset, judged, fit, date, arithmetic, evaluation: told, agreement, warnings, clips, failed };
}

/** The input of `renderReport` for an evaluation; `command`: the command that ran it. */
export function evaluationReport(findings: Findings & { readonly command: string }): RunReport {
  const { model, dataset, fit, card, evaluation, found, engine, threads, ...told } = findings;
  const { width, height } = card.input;
  return {
    ...told,
    title: `${nameOfDataset(dataset)}: ${card.name} evaluated`,
    date: new Date(),
    model: card.name,
    dataset: nameOfDataset(dataset),
    evaluation,
    silence: null,
    folds: null,
    failures: failureNotes(found.failures),
    history: null,
    bestEpoch: null,
    agreement: found.agreement,
    config: {
      model,
      dataset,
      classes: evaluation.classes,
      input: `${width} × ${height}, ${fit}`,
      "frames per second": card.fps,
      ...(card.frames === null ? {} : { "frames per window": card.frames }),
      arithmetic: found.arithmetic,
      threads,
    },
    environment: environmentFacts(engine),
  };
}

/** Clips that could not be evaluated, for reports. */
export function failureNotes(failures: ModelAnswers["failures"]): RunReport["failures"] {
  return failures.map(({ sample, error }) => ({ name: sample.name, problem: problemOf(error, sample.file) }));
}

/** The name of the folder or the manifest; for a folder's own manifest, that of the folder. */
export function nameOfDataset(dataset: string): string {
  const path = resolve(dataset);
  return /^manifest\.\w+$/.test(basename(path)) ? basename(dirname(path)) : basename(path);
}

/** The message without the file name, which precedes it. */
function problemOf({ message }: Error, file: string): string {
  return message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
}
