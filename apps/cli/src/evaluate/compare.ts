import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Model, makeFolder, nodeBackend, writeWhole } from "movinet";
import {
  ClipCache,
  environmentFacts,
  judgeFamily,
  renderFamilyFigure,
  renderFamilyReport,
  samplesForModel,
} from "movinet/train";
import { checkOutputFolder, checkOutsideDataset } from "../check-output.ts";
import { keptText } from "../kept-text.ts";
import { openNamedModel } from "../models.ts";
import { familyCsv, familyLine, renderFamily } from "../tables/family.ts";
import type { Terminal } from "../terminal.ts";
import { type Begun, describeBegun, differenceOf } from "../train/begun.ts";
import { fitFacts } from "../train/fine-tune.ts";
import { StageProgress } from "../train/progress.ts";
import { epochOf } from "../train/report.ts";
import { nextFolder } from "../train/run-folder.ts";
import { UsageError } from "../usage.ts";
import { openClips, refuseRemembered } from "./clips.ts";
import { commandLine, failureNotes, nameOf } from "./findings.ts";
import type { EvaluateSettings } from "./options.ts";
import { keptRelatives, openRelative, planRelatives, type RelativeTraining, relativeKinds } from "./relatives.ts";

/** Compares a stream model with a base network and a frame-by-frame one; returns the exit code as an evaluation does. */
export async function compare(settings: EvaluateSettings, terminal: Terminal, signal: AbortSignal): Promise<number> {
  const out = settings.out ?? (await nextFolder("compare"));
  // Whose config.json it is, is looked at once the clips are known.
  await checkOutputFolder(out, async () => (await stat(join(out, "config.json")).catch(() => null)) !== null);
  await checkOutsideDataset(out, settings.dataset);
  const model = await openNamedModel(settings.model, { labels: settings.labels, signal });
  if (model.spec.mode !== "stream") {
    throw new UsageError(settings.model, "it is a base model, and --compare compares a stream model", "Give that");
  }
  const kept = settings.out === undefined ? [] : await keptRelatives(settings.out);
  const given = [settings.base, settings.frameByFrame, ...kept].filter((name) => name !== undefined);
  const others = await Promise.all(given.map((name) => openNamedModel(name, { labels: settings.labels, signal })));
  const progress = new StageProgress(terminal);
  const cache = new ClipCache();
  let folder: string | null = null;
  try {
    const clips = await openClips(settings, [model, ...others], cache, progress, signal);
    refuseRemembered(clips);
    const plan = await planRelatives(settings, model, clips);
    const { hashes } = clips;
    folder = await openCompareFolder(settings, await describeBegun(settings.model, clips.dataset, hashes));
    const relatives: RelativeTraining[] = [];
    for (const kind of relativeKinds) {
      relatives.push(await openRelative(kind, { settings, model, plan, hashes, folder, cache, progress, signal }));
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
    if (judged.comparison === null) {
      terminal.warn(`movinet: ${settings.dataset}: none of its clips could be judged.`);
      return 1;
    }
    const { comparison } = judged;
    const warnings = [
      ...(clips.first === null ? [] : [clips.first]),
      ...(clips.heldOut ? [] : ["Nothing says that these clips were kept aside from all three networks."]),
      ...clips.doubts,
      ...(plan?.warnings ?? []),
    ];
    const line = familyLine(settings, clips.judged, comparison, warnings);
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
    for (const warning of warnings) terminal.warning(warning);
    terminal.note(`${folder}: comparison.html, comparison.svg, comparison.csv, comparison.json`);
    return judged.failures.length > 0 ? 1 : 0;
  } catch (error) {
    progress.stop();
    if (signal.aborted && folder !== null) {
      terminal.warn(`movinet: go on with the same command and --out ${folder}`);
    }
    throw error;
  } finally {
    await cache[Symbol.asyncDispose]();
  }
}

/** Makes the folder, or takes one that a comparison of the same model and clips has begun. */
async function openCompareFolder({ split, out }: EvaluateSettings, begun: Begun): Promise<string> {
  const folder = out ?? (await nextFolder("compare"));
  const file = join(folder, "config.json");
  const text = await keptText(file);
  if (text !== null) {
    const before = readBegun(text);
    if (before === null) throw new UsageError(file, "it is no comparison of this version", "Choose another --out");
    const other = before.split === split ? differenceOf(before.begun, begun) : "other clips are judged";
    if (other !== null) {
      throw new UsageError(folder, `it holds another comparison: ${other}`, "Choose another --out");
    }
  }
  await makeFolder(folder);
  if (text === null) await writeWhole(file, `${JSON.stringify({ split, begun }, null, 1)}\n`);
  return folder;
}

function readBegun(text: string): { readonly split: EvaluateSettings["split"]; readonly begun: Begun } | null {
  try {
    const config = JSON.parse(text) as { readonly split: EvaluateSettings["split"]; readonly begun?: Begun };
    return config.begun ? { split: config.split, begun: config.begun } : null;
  } catch {
    return null;
  }
}

function trainingCurve({ kind, history, bestEpoch }: RelativeTraining) {
  return { name: kind, history: history.map(epochOf), bestEpoch };
}
