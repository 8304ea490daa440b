import { rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { type Model, makeFolder, nodeEngine, readModelFile, writeModel, writeWhole } from "movinet";
import {
  type Begun,
  ClipCache,
  checkRelative,
  describeBegun,
  differenceOf,
  environmentFacts,
  failureNotes,
  fitFacts,
  type JudgedClips,
  judgeFamily,
  nameOfDataset,
  openJudgedClips,
  planRelatives,
  type RelativeKind,
  type RelativeTraining,
  refuseRemembered,
  relativeKinds,
  renderFamilyFigure,
  renderFamilyReport,
  samplesForModel,
  trainRelative,
} from "movinet/train";
import type { Context } from "../command.ts";
import { commandLine } from "../command.ts";
import { checkOutputFolder, checkOutsideDataset, keptText } from "../files.ts";
import { findNamedModel, openNamedModel } from "../models.ts";
import { optionText } from "../options.ts";
import { StageProgress } from "../stage-progress.ts";
import { familyCsv, familyLine, renderFamily } from "../tables/family.ts";
import { nextFolder, readConfig } from "../train/run-folder.ts";
import { UsageError } from "../usage.ts";
import type { EvaluateSettings } from "./options.ts";

/** Compares a stream model with a base network and a frame-by-frame one; returns the exit code as an evaluation does. */
export async function compare(
  settings: EvaluateSettings,
  { terminal, signal, ifInterrupted }: Context,
): Promise<number> {
  const out = settings.out ?? (await nextFolder("compare"));
  // Whose config.json it is, is looked at once the clips are known.
  await checkOutputFolder(out, () => isFile(join(out, "config.json")));
  await checkOutsideDataset(out, settings.dataset);
  const { labels, dataset, split, device, threads } = settings;
  const open = (name: string) => openNamedModel(name, { labels, signal });
  const model = await open(settings.model);
  if (model.spec.mode !== "stream") {
    throw new UsageError(settings.model, "it is a base model, and --compare compares a stream model", "Give that");
  }
  const files = await Promise.all(relativeKinds.map((kind) => fileOf(kind, settings)));
  const known = await Promise.all(files.map((file) => (file === null ? null : open(file))));
  const progress = new StageProgress(terminal);
  const cache = new ClipCache();
  try {
    const others = known.filter((one) => one !== null);
    const onProgress = progress.clips;
    const options = { split, cache, signal, onProgress, nameChoice: optionText };
    const clips = await openJudgedClips(dataset, [model, ...others], options);
    refuseRemembered(clips);
    const given = settings.base !== undefined && settings.frameByFrame !== undefined;
    const plan = given ? null : await planOthers(settings, model, clips);
    const { hashes } = clips;
    const bytes = await readModelFile(await findNamedModel(settings.model));
    const folder = await openCompareFolder(settings, describeBegun(bytes, clips.dataset, hashes));
    ifInterrupted(`Go on with the same command and --out ${folder}`);
    const relatives: RelativeTraining[] = [];
    for (const [i, kind] of relativeKinds.entries()) {
      const there = known[i];
      if (there) {
        checkRelative(kind, files[i] as string, there, model);
        relatives.push({ kind, model: there, history: [], bestEpoch: 0 });
      } else if (plan !== null) {
        const trained = await trainRelative(kind, model, {
          plan,
          hashes,
          cache,
          folder: join(folder, "state", kind),
          signal,
          onProgress({ stage, done, total, epoch, loss }) {
            progress.update(stage, done, total, loss === null ? "" : `epoch ${epoch}  loss ${loss.toFixed(3)}`);
          },
        });
        await writeWhole(join(folder, `${kind}.safetensors`), writeModel(trained.model));
        relatives.push(trained);
      }
    }
    await rm(join(folder, "state"), { recursive: true, force: true });
    const [base, frameByFrame] = relatives.map((relative) => relative.model) as [Model, Model];
    const samples = samplesForModel(clips.dataset, clips.samples, model);
    const backend = await nodeEngine({ device, threads });
    const units: Readonly<Record<string, string>> = { "base network": "passes", "memory and time": "networks" };
    const judged = await judgeFamily({ stream: model, base, frameByFrame }, samples, {
      backend,
      device,
      threads,
      cache,
      signal,
      onProgress: (phase, done, total) => progress.update(phase, done, total, "", units[phase]),
    });
    progress.stop();
    for (const { error } of judged.failures) terminal.warn(`movinet: ${error.message}`);
    if (judged.comparison === null) {
      terminal.warn(`movinet: ${dataset}: none of its clips could be judged.`);
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
      dataset: nameOfDataset(dataset),
      judged: clips.judged,
      comparison,
      trainings: relatives
        .filter(({ history }) => history.length > 0)
        .map(({ kind, ...run }) => ({ name: kind, ...run })),
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
  } finally {
    progress.stop();
    await cache[Symbol.asyncDispose]();
  }
}

/** The file of a network that was given, or that a comparison has left in its folder; null where it is to be trained. */
async function fileOf(kind: RelativeKind, { base, frameByFrame, out }: EvaluateSettings): Promise<string | null> {
  const given = kind === "base" ? base : frameByFrame;
  if (given !== undefined || out === undefined) return given ?? null;
  const kept = join(out, `${kind}.safetensors`);
  return (await isFile(kept)) ? kept : null;
}

/** How the networks that nobody gave are trained: as the run says that the model lies in. */
async function planOthers({ model: name, threads }: EvaluateSettings, model: Model, clips: JudgedClips) {
  const training = (await isFile(name)) ? ((await readConfig(dirname(name)))?.decided ?? null) : null;
  const options = { name, training, threads: threads ?? availableParallelism(), nameChoice: optionText };
  return planRelatives(model, clips, options);
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
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
