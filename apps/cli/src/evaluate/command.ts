import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Model } from "movinet";
import { makeFolder, writeWhole } from "movinet/files";
import {
  ClipCache,
  type ClipOutcome,
  evaluationRecord,
  evaluationReport,
  judgeModel,
  openJudgedClips,
  renderReport,
} from "movinet/train";
import { commandLine, defineCommand } from "../command.ts";
import { arithmeticText, openNamedEngine } from "../engine.ts";
import { checkOutputFolder, checkOutsideDataset, keptText } from "../files.ts";
import { openNamedModel } from "../models.ts";
import { optionText } from "../options.ts";
import { StageProgress, timeLeft } from "../stage-progress.ts";
import { agreementText, renderEvaluation } from "../tables/evaluation.ts";
import { columnsOf, wrap } from "../tables/text.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { answerOf, clipHead, clipLine, clipRow } from "./clip-lines.ts";
import { compare } from "./compare.ts";
import { checkTogether, type EvaluateSettings, evaluateOptions } from "./options.ts";

type JudgedClips = Awaited<ReturnType<typeof openJudgedClips>>;

/** Evaluates a model; the exit code is 1 where clips failed or the modes disagree. */
export const evaluateCommand = defineCommand({
  name: "evaluate",
  examples: [
    "evaluate runs/train-1/model.safetensors clips/",
    "evaluate a0-stream clips/ --out report",
    "evaluate runs/train-1/model.safetensors clips/ --compare",
  ],
  options: evaluateOptions,
  fetches: true,
  json: "Print one JSON object per line: each clip, then the totals",
  async run(settings, context) {
    const { terminal, signal } = context;
    checkTogether(settings, terminal.json);
    if (settings.compare) return compare(settings, context);
    if (settings.out !== undefined) {
      await checkReportFolder(settings.out);
      await checkOutsideDataset(settings.out, settings.dataset);
    }
    const model = await openNamedModel(settings.model, { ...context, labels: settings.labels });
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

/** Refuses a folder that cannot be made, that is a run's, or that holds something other than one of our reports. */
async function checkReportFolder(folder: string): Promise<void> {
  if (await stat(join(folder, "config.json")).catch(() => null)) {
    throw new UsageError(folder, "contains a run, whose report would be overwritten", "Choose another --out");
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
  const { judged, remembered, first } = clips;
  const { out, dataset, csv } = settings;
  const report = csv ? clipRow : terminal.json ? clipLine : null;
  const engine = await openNamedEngine({ model, device: settings.device, threads: settings.threads }, terminal);
  const progress = terminal.progress();
  const started = performance.now();
  const total = clips.samples.length;
  let [done, right, failed] = [0, 0, 0];
  const onClip = (outcome: ClipOutcome) => {
    done++;
    if (outcome.answer === null) failed++;
    if (outcome.error) warnOf(outcome.error as Error, terminal);
    const answer = answerOf(outcome, card.labels as readonly string[]);
    if (answer?.right) right++;
    if (report) terminal.result(report(outcome, answer));
    const failures = failed > 0 ? `  ${failed} failed` : "";
    const detail = `${done}/${total} clips  ${right} right  ETA ${timeLeft(started, done, total)}${failures}`;
    progress.update({ done, total, label: "", detail });
  };
  if (csv) terminal.result(clipHead);
  const pictures = out === undefined ? 0 : 4;
  const { fit } = settings;
  const options = { engine, fit, cache, signal, onClip, pictures };
  const findings = await judgeModel(model, clips, options).finally(() => progress.stop());
  const { evaluation, found, doubts } = findings;
  const { failures, agreement, arithmetic } = found;
  const warnings = first === null ? doubts : [first, ...doubts];
  if (!terminal.json) {
    const print = csv ? terminal.note : terminal.result;
    if (first !== null) print(wrap(first, columnsOf(terminal)).join("\n"));
    print(renderEvaluation(evaluation, agreement, { ...terminal, color: terminal.color && !csv }));
  }
  if (model.integers) terminal.note(arithmeticText({ arithmetic, engine: engine.name }));
  for (const warning of doubts) terminal.warning(warning);
  if (failures.length > 0) terminal.warn(`movinet: ${failures.length} of ${total} clips could not be evaluated.`);
  if (agreement && !agreement.agree) terminal.warn(`movinet: ${card.name}: ${agreementText(agreement)}`);
  if (out !== undefined) {
    const named = { model: settings.model, dataset, judged, card, warnings, engine: engine.name };
    const facts = { ...findings, ...named, threads: settings.threads ?? null };
    await writeWhole(join(out, "evaluation.json"), `${JSON.stringify(evaluationRecord(facts), null, 1)}\n`);
    const page = evaluationReport({ ...facts, command: commandLine() });
    await writeWhole(join(out, "report.html"), await renderReport(page));
    terminal.note(`${out}: report.html, evaluation.json`);
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
    const none = { top1: null, top5: null, clips: evaluation.clips, learned: true, remembered: top1.hits };
    const line = {
      ...{
        type: "evaluation",
        model: card.name,
        dataset,
        judged,
        arithmetic,
        fit: findings.fit,
        failed: failures.length,
      },
      ...(remembered ? none : measures),
      agreement,
      warnings,
    };
    terminal.result(JSON.stringify(line));
  }
  return failures.length > 0 || agreement?.agree === false ? 1 : 0;
}

function warnOf({ message, stack = "" }: Error, terminal: Terminal): void {
  terminal.warn(`movinet: ${message}`);
  if (terminal.debug) terminal.warn(stack);
}
