import { rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { makeFolder, writeWhole } from "movinet/files";
import { writeModel } from "movinet/formats";
import {
  type Begun,
  ClipCache,
  compareModels,
  describeBegun,
  differenceOf,
  openJudgedClips,
  planComparison,
  relativeKinds,
  renderComparison,
} from "movinet/train";
import type { Context } from "../command.ts";
import { commandLine } from "../command.ts";
import { openNamedEngine } from "../engine.ts";
import { checkOutputFolder, checkOutsideDataset, keptText } from "../files.ts";
import { findNamedModel, modelBytes, openNamedModel } from "../models.ts";
import { optionText } from "../options.ts";
import { StageProgress } from "../stage-progress.ts";
import { familyCsv, familyLine, renderFamily } from "../tables/family.ts";
import { nextFolder, readConfig } from "../train/run-folder.ts";
import { UsageError } from "../usage.ts";
import type { EvaluateSettings } from "./options.ts";

/** Compares a stream model with a base network and a frame-by-frame one; returns the exit code as an evaluation does. */
export async function compare(settings: EvaluateSettings, context: Context): Promise<number> {
  const { terminal, signal, ifInterrupted } = context;
  const out = settings.out ?? (await nextFolder("compare"));
  // Whose config.json it is, is checked once the clips are known.
  await checkOutputFolder(out, () => isFile(join(out, "config.json")));
  await checkOutsideDataset(out, settings.dataset);
  const { labels, dataset, split, device, threads } = settings;
  const open = (name: string) => openNamedModel(name, { ...context, labels });
  const model = await open(settings.model);
  if (model.spec.mode !== "stream") {
    throw new UsageError(settings.model, "is a base model, but --compare needs a stream model");
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
    const there = Object.fromEntries(
      relativeKinds.map((kind, i) => [kind, known[i] ? { name: files[i] as string, model: known[i] } : null]),
    );
    const training = (await isFile(settings.model))
      ? ((await readConfig(dirname(settings.model)))?.decided ?? null)
      : null;
    const planned = planComparison(model, clips, {
      given: there as Parameters<typeof planComparison>[2]["given"],
      trains: settings.base === undefined || settings.frameByFrame === undefined,
      name: settings.model,
      training,
      threads: threads ?? availableParallelism(),
      nameChoice: optionText,
    });
    const bytes = await modelBytes(await findNamedModel(settings.model, context));
    const folder = await openCompareFolder(settings, describeBegun(bytes, clips.dataset, clips.hashes));
    ifInterrupted(`Repeat the command with --out ${folder} to resume.`);
    const engine = await openNamedEngine({ device, threads }, terminal);
    if (model.integers && !engine.integers) {
      terminal.warn(
        "movinet: warning: comparing the dequantized float32 weights of an int8 model, as the other networks are float32.",
      );
    }
    const units: Readonly<Record<string, string>> = { "base network": "passes", "memory and time": "networks" };
    const done = await compareModels(planned, {
      engine,
      device,
      threads,
      cache,
      folderOf: (kind) => join(folder, "state", kind),
      signal,
      onTrained: (kind, trained) => writeWhole(join(folder, `${kind}.safetensors`), writeModel(trained)),
      onTraining: ({ stage, done, total, epoch, loss }) =>
        progress.update(stage, done, total, loss === null ? "" : `epoch ${epoch}  loss ${loss.toFixed(3)}`),
      onJudging: (phase, done, total) => progress.update(phase, done, total, "", units[phase]),
      onFailure: ({ error }) => terminal.warn(`movinet: ${error.message}`),
    });
    await rm(join(folder, "state"), { recursive: true, force: true });
    progress.stop();
    if (done === null) {
      terminal.warn(`movinet: ${dataset}: none of its clips could be evaluated.`);
      return 1;
    }
    const { comparison, warnings } = done;
    const line = familyLine(settings, clips.judged, comparison, warnings);
    await writeWhole(join(folder, "comparison.json"), `${line}\n`);
    await writeWhole(join(folder, "comparison.csv"), familyCsv(comparison));
    const facts = { model: settings.model, dataset, command: commandLine(), engine };
    const { html, svg } = await renderComparison(done, facts);
    await writeWhole(join(folder, "comparison.svg"), svg);
    await writeWhole(join(folder, "comparison.html"), html);
    terminal.result(terminal.json ? line : renderFamily(comparison, terminal));
    for (const warning of warnings) terminal.warning(warning);
    terminal.note(`${folder}: comparison.html, comparison.svg, comparison.csv, comparison.json`);
    return done.failures.length > 0 ? 1 : 0;
  } finally {
    progress.stop();
    await cache[Symbol.asyncDispose]();
  }
}

/** The file of a network that was given, or that a comparison has left in its folder; null where it is to be trained. */
async function fileOf(
  kind: (typeof relativeKinds)[number],
  { base, frameByFrame, out }: EvaluateSettings,
): Promise<string | null> {
  const given = kind === "base" ? base : frameByFrame;
  if (given !== undefined || out === undefined) return given ?? null;
  const kept = join(out, `${kind}.safetensors`);
  return (await isFile(kept)) ? kept : null;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

/** Makes the folder, or reuses that of an interrupted comparison of the same model and clips. */
async function openCompareFolder({ split, out }: EvaluateSettings, begun: Begun): Promise<string> {
  const folder = out ?? (await nextFolder("compare"));
  const file = join(folder, "config.json");
  const text = await keptText(file);
  if (text !== null) {
    const before = readBegun(text);
    if (before === null) throw new UsageError(file, "was not written by this version", "Choose another --out");
    const other = before.split === split ? differenceOf(before.begun, begun) : "other clips are evaluated";
    if (other !== null) {
      throw new UsageError(folder, `contains another comparison: ${other}`, "Choose another --out");
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
