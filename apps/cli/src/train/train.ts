import { rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DatasetError, type Model, type MovinetError, nodeBackend, writeModel, writeWhole } from "movinet";
import {
  ClipCache,
  countGroups,
  type Dataset,
  foldSamples,
  frozenSamples,
  openDataset,
  type Sample,
  splitSamples,
} from "movinet/make";
import { openNamedModel } from "../models.ts";
import type { Terminal } from "../terminal.ts";
import { fineTune } from "./fine-tune.ts";
import { learnHead } from "./learn-head.ts";
import { StageProgress } from "./progress.ts";
import { tellRun } from "./report.ts";
import { openRunFolder, removeUnused, reopenRunFolder } from "./run-folder.ts";
import { planTraining, type TrainChoices } from "./settings.ts";

/** Trains, and returns the exit code: 0; 1 where clips could not be decoded; 130 after an interrupt. */
export async function train(choices: TrainChoices, out: string | undefined, terminal: Terminal): Promise<number> {
  const dataset = await openDataset(choices.dataset);
  const model = await openNamedModel(choices.from ?? undefined);
  const folder = await openRunFolder(out, choices);
  return run(folder, choices, dataset, model, terminal);
}

/** Goes on with a run that was ended. */
export async function resumeTraining(out: string | undefined, terminal: Terminal): Promise<number> {
  const { folder, choices } = await reopenRunFolder(out);
  const dataset = await openDataset(choices.dataset);
  const model = await openNamedModel(choices.from ?? undefined);
  terminal.note(`${folder}: goes on with ${choices.dataset}`);
  return run(folder, choices, dataset, model, terminal);
}

async function run(
  folder: string,
  choices: TrainChoices,
  dataset: Dataset,
  model: Model,
  terminal: Terminal,
): Promise<number> {
  const abort = new AbortController();
  const interrupt = () => abort.abort(new DOMException("interrupted", "AbortError"));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  const progress = new StageProgress(terminal);
  const cache = new ClipCache();
  try {
    const started = performance.now();
    const backend = await nodeBackend(choices.threads === null ? {} : { threads: choices.threads });
    const { signal } = abort;
    const onProgress = ({ phase, done, total }: { phase: string; done: number; total: number }) =>
      progress.update(phase, done, total);
    const frozen = await frozenSamples(model, dataset.samples, { cache, backend, signal, onProgress });
    const usable = usableSamples(dataset, frozen.failures, terminal);
    const plan = planTraining(choices, usable, countGroups(usable));
    const parts =
      plan.folds === null ? [splitSamples(usable, { validation: plan.validation, seed: choices.seed })] : [];
    const folds = plan.folds === null ? parts : foldSamples(usable, plan.folds, choices.seed);
    const name = basename(resolve(dataset.path)).replace(/\.(csv|jsonl)$/i, "");
    const task = { name, labels: usable.labels, multiLabel: usable.multiLabel, seed: choices.seed };
    const setting = { folder, model, frozen, folds, task, choices, terminal, progress, signal, cache };
    const learned = plan.fit === null ? learnHead(usable, setting) : await fineTune(plan.fit, setting);
    progress.stop();
    const file = join(folder, "model.safetensors");
    await writeWhole(file, writeModel(learned.model));
    const seconds = (performance.now() - started) / 1000;
    await tellRun({
      folder,
      choices,
      plan,
      dataset: usable,
      frozen,
      learned,
      backend,
      cache,
      seconds,
      terminal,
      signal,
    });
    await rm(join(folder, "state"), { recursive: true, force: true });
    terminal.note(`${folder}: model.safetensors, report.html, evaluation.json`);
    return frozen.failures.length > 0 ? 1 : 0;
  } catch (error) {
    progress.stop();
    if (!abort.signal.aborted) {
      await removeUnused(folder);
      throw error;
    }
    terminal.warn(`movinet: interrupted. Go on with: movinet train --resume --out ${folder}`);
    return 130;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await cache[Symbol.asyncDispose]();
  }
}

/** The dataset without the clips that cannot be decoded, which are told. Throws where too little is left. */
function usableSamples(
  dataset: Dataset,
  failures: readonly { readonly sample: Sample; readonly error: MovinetError }[],
  terminal: Terminal,
): Dataset {
  for (const { error } of failures) terminal.warn(`movinet: ${error.message}`);
  const failed = new Set(failures.map(({ sample }) => sample));
  const samples = dataset.samples.filter((sample) => !failed.has(sample));
  const missing = dataset.labels.filter((_, c) => !samples.some(({ classes }) => classes.includes(c)));
  if (missing.length > 0) {
    throw new DatasetError({
      code: "E_DATASET_CLIP",
      subject: dataset.path,
      problem: `no clip of ${missing.join(", ")} can be decoded`,
      remedy: "Repair or replace these clips; movinet dataset check lists what is wrong with each",
    });
  }
  return { ...dataset, samples };
}
