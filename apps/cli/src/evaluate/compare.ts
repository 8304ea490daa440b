import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Model, nodeBackend, writeWhole } from "movinet";
import {
  ClipCache,
  environmentFacts,
  judgeFamily,
  renderFamilyFigure,
  renderFamilyReport,
  samplesForModel,
} from "movinet/make";
import { openNamedModel } from "../models.ts";
import type { Terminal } from "../terminal.ts";
import { fitFacts } from "../train/fine-tune.ts";
import { StageProgress } from "../train/progress.ts";
import { epochOf } from "../train/report.ts";
import { nextFolder } from "../train/run-folder.ts";
import { UsageError } from "../usage.ts";
import { openClips } from "./clips.ts";
import { familyCsv, familyLine, renderFamily } from "./compare-table.ts";
import { commandLine, failureNotes, nameOf, prepareFolder } from "./findings.ts";
import { openRelative, planRelatives, type RelativeTraining, relativeKinds } from "./relatives.ts";
import type { EvaluateSettings } from "./settings.ts";

/** Compares a stream model with a base network and a frame-by-frame one; returns the exit code as an evaluation does. */
export async function compare(settings: EvaluateSettings, terminal: Terminal, signal: AbortSignal): Promise<number> {
  const model = await openNamedModel(settings.model, { labels: settings.labels, signal });
  if (model.spec.mode !== "stream") {
    throw new UsageError(settings.model, "it is a base model, and --compare compares a stream model", "Give that");
  }
  const clips = await openClips(settings, model.card.labels);
  const plan = await planRelatives(settings, model, clips);
  const folder = await openCompareFolder(settings);
  const progress = new StageProgress(terminal);
  const cache = new ClipCache();
  try {
    const relatives: RelativeTraining[] = [];
    for (const kind of relativeKinds) {
      relatives.push(await openRelative(kind, { settings, model, plan, folder, cache, progress, signal }));
    }
    await rm(join(folder, "state"), { recursive: true, force: true });
    const [base, frameByFrame] = relatives.map((relative) => relative.model) as [Model, Model];
    const samples = samplesForModel(clips.dataset, clips.samples, model);
    const { device, threads } = settings;
    const backend = await nodeBackend({ device, threads });
    const units: Readonly<Record<string, string>> = { "base network": "passes", "memory and time": "networks" };
    const onProgress = (phase: string, done: number, total: number) =>
      progress.update(phase, done, total, "", units[phase]);
    const family = { stream: model, base, frameByFrame };
    const judged = await judgeFamily(family, samples, { backend, device, threads, cache, signal, onProgress });
    progress.stop();
    for (const { error } of judged.failures) terminal.warn(`movinet: ${error.message}`);
    if (judged.comparison === null) return 1;
    const { comparison } = judged;
    const warnings = plan?.warnings ?? [];
    const line = familyLine(settings, clips.judged, comparison);
    await writeWhole(join(folder, "comparison.json"), `${line}\n`);
    await writeWhole(join(folder, "comparison.csv"), familyCsv(comparison));
    await writeWhole(join(folder, "comparison.svg"), await renderFamilyFigure(comparison));
    const page = await renderFamilyReport({
      title: `${model.card.name} beside its relatives`,
      date: new Date(),
      command: commandLine(),
      model: settings.model,
      dataset: nameOf(settings.dataset),
      judged: clips.judged,
      comparison,
      trainings: relatives.filter(({ history }) => history.length > 0).map(trainingCurve),
      warnings,
      failures: failureNotes(judged.failures),
      config: {
        ...(plan && fitFacts(plan.settings, plan.dataset.samples.length)),
        "frames of a window": comparison.window,
      },
      environment: environmentFacts(backend.name),
    });
    await writeWhole(join(folder, "comparison.html"), page);
    terminal.result(terminal.json ? line : renderFamily(comparison, terminal));
    for (const warning of warnings) terminal.note(`movinet: warning: ${warning}`);
    terminal.note(`${folder}: comparison.html, comparison.svg, comparison.csv, comparison.json`);
    return judged.failures.length > 0 ? 1 : 0;
  } catch (error) {
    progress.stop();
    if (signal.aborted) terminal.note(`movinet: go on with the same command and --out ${folder}`);
    throw error;
  } finally {
    await cache[Symbol.asyncDispose]();
  }
}

/** Makes the folder, or takes one that a comparison of the same model and clips has begun. */
async function openCompareFolder({ model, dataset, split, out }: EvaluateSettings): Promise<string> {
  const folder = out ?? (await nextFolder("compare"));
  const file = join(folder, "config.json");
  const own = JSON.stringify({ model, dataset, split });
  const text = await readFile(file, "utf8").catch(() => null);
  if (text !== null && text !== own) {
    throw new UsageError(folder, "it holds the comparison of another model or dataset", "Choose another --out");
  }
  await prepareFolder(folder);
  if (text === null) await writeWhole(file, own);
  return folder;
}

function trainingCurve({ kind, history, bestEpoch }: RelativeTraining) {
  return { name: kind, history: history.map(epochOf), bestEpoch };
}
