import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type Card, type Fit, topK, writeWhole } from "movinet";
import {
  type Evaluation,
  environmentFacts,
  type ModelAnswers,
  type RunReport,
  renderReport,
  type WorstClip,
} from "movinet/train";
import { checkOutputFolder } from "../check-output.ts";
import { keptText } from "../kept-text.ts";
import { UsageError } from "../usage.ts";

/** Everything that was found out, for the files of an evaluation. */
export interface Findings {
  /** As it was named. */
  readonly model: string;
  /** As it was named. */
  readonly dataset: string;
  readonly judged: string;
  readonly fit: Fit;
  readonly card: Card;
  readonly evaluation: Evaluation;
  readonly found: ModelAnswers;
  readonly warnings: readonly string[];
  readonly worst: readonly WorstClip[];
  readonly backend: string;
  readonly threads: number | null;
}

/** Refuses a folder for a report that cannot be made, that is a run's, or that holds something else than a report of ours. */
export async function checkReportFolder(folder: string): Promise<void> {
  if (await stat(join(folder, "config.json")).catch(() => null)) {
    throw new UsageError(folder, "it holds a run, whose report would be lost", "Choose another --out");
  }
  await checkOutputFolder(folder, async () => {
    try {
      const { judged, evaluation } = JSON.parse((await keptText(join(folder, "evaluation.json"))) ?? "null");
      return typeof judged === "string" && typeof evaluation === "object";
    } catch {
      return false;
    }
  });
}

/** Writes `evaluation.json` and `report.html`. */
export async function writeFindings(folder: string, findings: Findings): Promise<void> {
  await writeWhole(join(folder, "evaluation.json"), `${JSON.stringify(plainOf(findings), null, 1)}\n`);
  await writeWhole(join(folder, "report.html"), await renderReport(reportOf(findings)));
}

function plainOf({ model, dataset, judged, fit, card, evaluation, found, warnings }: Findings) {
  const { answers, failures, agreement } = found;
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
  return { model, dataset, judged, fit, date, evaluation: told, agreement, warnings, clips, failed };
}

function reportOf({
  model,
  dataset,
  judged,
  fit,
  card,
  evaluation,
  found,
  warnings,
  worst,
  backend,
  threads,
}: Findings) {
  const { width, height } = card.input;
  return {
    title: `${nameOf(dataset)}: ${card.name} evaluated`,
    date: new Date(),
    command: commandLine(),
    model: card.name,
    dataset: nameOf(dataset),
    judged,
    evaluation,
    silence: null,
    folds: null,
    warnings,
    failures: failureNotes(found.failures),
    history: null,
    bestEpoch: null,
    agreement: found.agreement,
    worst,
    config: {
      model,
      dataset,
      classes: evaluation.classes,
      input: `${width} × ${height}, ${fit}`,
      "frames a second": card.fps,
      ...(card.frames === null ? {} : { "frames of a window": card.frames }),
      threads,
    },
    environment: environmentFacts(backend),
  };
}

/** The command as it would be typed. */
export function commandLine(): string {
  return ["movinet", ...process.argv.slice(2).map(quoted)].join(" ");
}

/** Clips that could not be judged, as reports tell them. */
export function failureNotes(failures: ModelAnswers["failures"]): RunReport["failures"] {
  return failures.map(({ sample, error }) => ({ name: sample.name, problem: problemOf(error, sample.file) }));
}

/** The name of the folder or the manifest; of a folder's own manifest, that of the folder. */
export function nameOf(dataset: string): string {
  const path = resolve(dataset);
  return /^manifest\.\w+$/.test(basename(path)) ? basename(dirname(path)) : basename(path);
}

/** The message without the file, which stands before it. */
function problemOf({ message }: Error, file: string): string {
  return message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
