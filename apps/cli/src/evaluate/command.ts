import { stat } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError, type Model, MovinetError, makeFolder, nodeBackend, topK, writeWhole } from "movinet";
import {
  ClipCache,
  type ClipOutcome,
  damageSentence,
  evaluateAnswers,
  evaluateModel,
  evaluationRecord,
  evaluationReport,
  type JudgedClips,
  openJudgedClips,
  renderReport,
  samplesForModel,
  WorstClips,
  warningsOf,
} from "movinet/train";
import { commandLine, defineCommand } from "../command.ts";
import { checkOutputFolder, checkOutsideDataset, keptText } from "../files.ts";
import { openNamedModel } from "../models.ts";
import { optionText } from "../options.ts";
import { StageProgress } from "../stage-progress.ts";
import { agreementText, renderEvaluation } from "../tables/evaluation.ts";
import { columnsOf, formatDuration, wrap } from "../tables/text.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { compare } from "./compare.ts";
import { checkTogether, type EvaluateSettings, evaluateOptions } from "./options.ts";

/** Of a model with more classes than this, the tables list those that the clips or the answers are of. */
const mostListed = 50;

/** Judges a model; the exit code is 1 where clips failed or the modes disagree. */
export const evaluateCommand = defineCommand({
  name: "evaluate",
  takes: "it takes a model and a dataset",
  example: "evaluate runs/train-1/model.safetensors clips",
  options: evaluateOptions,
  json: "One JSON object a line on stdout: each clip, then all together",
  async run(settings, context) {
    checkTogether(settings);
    if (settings.compare) return compare(settings, context);
    const { terminal, signal } = context;
    if (settings.out !== undefined) {
      await checkReportFolder(settings.out);
      await checkOutsideDataset(settings.out, settings.dataset);
    }
    const model = await openNamedModel(settings.model, { labels: settings.labels, signal });
    const cache = new ClipCache();
    try {
      const stages = new StageProgress(terminal);
      const { dataset, split } = settings;
      const onProgress = stages.clips;
      const options = { split, cache, signal, onProgress, nameChoice: optionText };
      const clips = await openJudgedClips(dataset, [model], options).finally(() => stages.stop());
      if (settings.out !== undefined) await makeFolder(settings.out);
      return await judge(model, clips, cache, settings, terminal, signal);
    } finally {
      await cache[Symbol.asyncDispose]();
    }
  },
});

/** Refuses a folder for a report that cannot be made, that is a run's, or that holds something else than a report of ours. */
async function checkReportFolder(folder: string): Promise<void> {
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

async function judge(
  model: Model,
  clips: JudgedClips,
  cache: ClipCache,
  settings: EvaluateSettings,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { card } = model;
  const { dataset, samples: own, judged, heldOut, remembered, first, doubts } = clips;
  const samples = samplesForModel(dataset, own, model);
  const labels = card.labels as readonly string[];
  const backend = await nodeBackend({ device: settings.device, threads: settings.threads });
  const worst = new WorstClips(labels, card.output);
  const progress = new EvaluationProgress(terminal, samples.length);
  const onClip = (outcome: ClipOutcome) => {
    const right = tellClip(outcome, labels, terminal);
    if (outcome.answer && settings.out !== undefined) worst.add(outcome.answer, outcome.pictures, outcome.aspect);
    progress.clip({ right, failed: outcome.answer === null });
  };
  const fit = settings.fit ?? card.input.fit;
  const pictures = settings.out === undefined ? 0 : 4;
  const found = await evaluateModel(model, samples, { backend, fit, cache, signal, onClip, pictures }).finally(() =>
    progress.stop(),
  );
  const { answers, failures, damaged, agreement } = found;
  const unseen = first === null || remembered ? "" : " that the model has not learned from";
  if (answers.length === 0) {
    throw new DatasetError({
      code: "E_DATASET_CLIP",
      subject: settings.dataset,
      problem:
        samples.length === 1
          ? `its only clip${unseen} could not be judged`
          : `none of its ${samples.length} clips${unseen} could be judged`,
      remedy: "See the lines above; movinet dataset check lists what is wrong with each",
    });
  }
  const listed = [...new Set(samples.flatMap(({ classes }) => classes))];
  const evaluation = evaluateAnswers(answers, {
    labels,
    output: card.output,
    learned: remembered,
    listed: labels.length <= mostListed ? undefined : listed,
    fps: card.fps,
  });
  const warnings = [
    ...(remembered ? [] : [...warningsOf(evaluation, answers, { heldOut }), ...doubts]),
    ...(damaged.length > 0 ? [damageSentence(damaged, "judged")] : []),
  ];
  if (!terminal.json) {
    if (first !== null) terminal.result(wrap(first, columnsOf(terminal)).join("\n"));
    terminal.result(renderEvaluation(evaluation, agreement, terminal));
  }
  for (const warning of warnings) terminal.warning(warning);
  if (failures.length > 0) terminal.warn(`movinet: ${failures.length} of ${samples.length} clips could not be judged.`);
  if (agreement && !agreement.agree) terminal.warn(`movinet: ${card.name}: ${agreementText(agreement)}`);
  if (settings.out !== undefined) {
    const { model: modelName, dataset: datasetName } = settings;
    const findings = {
      model: modelName,
      dataset: datasetName,
      judged,
      fit,
      card,
      evaluation,
      found,
      warnings: first === null ? warnings : [first, ...warnings],
      worst: worst.clips,
      backend: backend.name,
      threads: settings.threads ?? null,
    };
    const record = `${JSON.stringify(evaluationRecord(findings), null, 1)}\n`;
    await writeWhole(join(settings.out, "evaluation.json"), record);
    const report = evaluationReport({ ...findings, command: commandLine() });
    await writeWhole(join(settings.out, "report.html"), await renderReport(report));
    terminal.note(`${settings.out}: report.html, evaluation.json`);
  }
  if (terminal.json) {
    const { top1, top5, calibration, ...rest } = evaluation;
    const measures = {
      top1: top1.value,
      top5: top5.value,
      ...rest,
      top1Interval: top1.interval,
      top5Interval: top5.interval,
      calibrationError: calibration.error,
      calibrationBins: calibration.bins,
      calibrationPerfect: calibration.perfect,
    };
    const none = { top1: null, top5: null, clips: answers.length, learned: true, remembered: top1.hits };
    const line = {
      ...{ type: "evaluation", model: card.name, dataset: settings.dataset, judged, fit, failed: failures.length },
      ...(remembered ? none : measures),
      agreement,
      warnings: first === null ? warnings : [first, ...warnings],
    };
    terminal.result(JSON.stringify(line));
  }
  return failures.length > 0 || agreement?.agree === false ? 1 : 0;
}

/** Tells how a clip went, where that is asked for, and whether it was right. */
function tellClip(
  { sample, answer, error, frames, seconds }: ClipOutcome,
  labels: readonly string[],
  terminal: Terminal,
): boolean {
  if (answer === null) {
    const { message, stack } = error as Error;
    terminal.warn(`movinet: ${message}`);
    if (terminal.debug) terminal.warn(stack ?? "");
    const code = error instanceof MovinetError ? error.code : "E_INTERNAL";
    if (terminal.json) terminal.result(JSON.stringify({ type: "error", source: sample.name, code, message }));
    return false;
  }
  const predictions = topK(answer.scores, labels, 5);
  const right = answer.classes.includes(predictions[0]?.index ?? -1);
  if (terminal.json) {
    const truth = answer.classes.map((index) => labels[index]);
    const line = { type: "clip", source: sample.name, labels: truth, right, frames, duration: seconds, predictions };
    terminal.result(JSON.stringify(line));
  }
  return right;
}

/** How far an evaluation is. */
class EvaluationProgress {
  readonly #progress: ReturnType<Terminal["progress"]>;
  readonly #total: number;
  readonly #started = performance.now();
  #done = 0;
  #right = 0;
  #failed = 0;

  constructor(terminal: Terminal, total: number) {
    this.#progress = terminal.progress();
    this.#total = total;
  }

  clip({ right, failed }: { right: boolean; failed: boolean }): void {
    this.#done++;
    if (right) this.#right++;
    if (failed) this.#failed++;
    const seconds = (performance.now() - this.#started) / 1000;
    const left = formatDuration((seconds / this.#done) * (this.#total - this.#done));
    const failures = this.#failed > 0 ? `  ${this.#failed} failed` : "";
    const detail = `${this.#done}/${this.#total} clips  ${this.#right} right  ETA ${left}${failures}`;
    this.#progress.update({ done: this.#done, total: this.#total, label: "", detail });
  }

  stop(): void {
    this.#progress.stop();
  }
}
