import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join, resolve } from "node:path";
import { DatasetError, listed, type Model, type MovinetError, nodeBackend } from "movinet";
import {
  ClipCache,
  contentHashes,
  countGroups,
  type Dataset,
  divideForTests,
  findSeen,
  frozenSamples,
  type HeadSample,
  hasUnknownPast,
  joinCopies,
  nameWithin,
  openDataset,
  type Sample,
  stretchOf,
  type TestPart,
} from "movinet/train";
import { checkOutsideDataset } from "../check-output.ts";
import type { Context } from "../command.ts";
import { openNamedModel } from "../models.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { describeBegun, differenceOf } from "./begun.ts";
import { fineTune } from "./fine-tune.ts";
import { learnHead } from "./learn-head.ts";
import { StageProgress } from "./progress.ts";
import { finishRun } from "./report.ts";
import {
  chooseRunFolder,
  openRunFolder,
  type RunConfig,
  removeUnused,
  reopenRunFolder,
  writeConfig,
} from "./run-folder.ts";
import { howItIsTested, planTraining, type TrainChoices, type TrainPlan } from "./settings.ts";

/** Trains, and returns the exit code: 0; 1 where clips could not be decoded; 130 after an interrupt. */
export async function train(choices: TrainChoices, out: string | undefined, context: Context): Promise<number> {
  await checkOutsideDataset(await chooseRunFolder(out), choices.dataset);
  const whole = { ...choices, threads: choices.threads ?? availableParallelism() };
  return begin(whole, null, context, (begun) => openRunFolder(out, { given: choices, decided: null, begun }));
}

/** Goes on with a run that was ended. Refuses where its classes, clips or model are not those that it was begun with. */
export async function resumeTraining(out: string | undefined, context: Context): Promise<number> {
  const { folder, config } = await reopenRunFolder(out);
  const { given, decided, begun: before } = config;
  const threads = decided?.threads ?? given.threads ?? availableParallelism();
  return begin({ ...given, threads }, decided, context, async (begun) => {
    const difference = differenceOf(before, begun);
    if (difference !== null) {
      const problem = `its clips or its model are not those that it was begun with: ${difference}`;
      throw new UsageError(folder, problem, "Undo that, or train anew with another --out");
    }
    context.terminal.note(`${folder}: goes on with ${given.dataset}`);
    return folder;
  });
}

/** Looks at what is to be trained, lets `open` say where, and trains. */
async function begin(
  choices: TrainChoices & { readonly threads: number },
  before: RunConfig["decided"],
  { terminal, signal, ifInterrupted }: Context,
  open: (begun: RunConfig["begun"]) => Promise<string>,
): Promise<number> {
  const opened = await openDataset(choices.dataset);
  const model = await openNamedModel(choices.from ?? undefined, { option: "--from" });
  const plan = planTraining(choices, opened, countGroups(opened), model.spec.blocks.length);
  const progress = new StageProgress(terminal);
  const cache = new ClipCache();
  let folder: string | null = null;
  try {
    const onFile = (done: number, total: number) => progress.update("reading", done, total, "", "files");
    const hashes = await contentHashes(opened.samples, cache, { signal, onFile });
    const dataset = joinCopies(opened, ({ file }) => hashes.get(file));
    const begun = await describeBegun(choices.from, dataset, hashes);
    folder = await open(begun);
    ifInterrupted(`Go on with: movinet train --resume --out ${folder}`);
    for (const warning of dataset.warnings) terminal.warning(warning);
    const task = { folder, choices, plan, dataset, model, hashes, begun, before };
    return await run({ ...task, cache, progress, terminal, signal });
  } catch (error) {
    if (!signal.aborted && folder !== null && before === null) await removeUnused(folder);
    throw error;
  } finally {
    progress.stop();
    await cache[Symbol.asyncDispose]();
  }
}

interface Task {
  readonly folder: string;
  readonly choices: TrainChoices & { readonly threads: number };
  readonly plan: TrainPlan;
  readonly dataset: Dataset;
  readonly model: Model;
  readonly hashes: ReadonlyMap<string, string>;
  readonly begun: RunConfig["begun"];
  /** What was decided before the run was ended; null in a new one. */
  readonly before: RunConfig["decided"];
  readonly cache: ClipCache;
  readonly progress: StageProgress;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function run(task: Task): Promise<number> {
  const { folder, choices, dataset, model, hashes, begun, cache, progress, terminal, signal } = task;
  const started = performance.now();
  const { threads, seed } = choices;
  const backend = await nodeBackend({ threads });
  const onProgress = ({ phase, done, total }: { phase: string; done: number; total: number }) =>
    progress.update(phase, done, total);
  const looked = await frozenSamples(model, dataset.samples, { cache, backend, signal, onProgress });
  const decoded = usableSamples(dataset, looked.failures, terminal);
  const { before, after } = looked.pictures;
  const usable = joinCopies(decoded, (sample) => before.get(stretchOf(sample)));
  const plan = withFolds(task.plan, choices, countGroups(usable));
  const found = findSeen(usable.samples, { files: hashes, pictures: before }, model.card.learned);
  const { likeNamed } = found;
  const unknown = hasUnknownPast(model.card);
  const seen = unknown ? new Set(usable.samples) : found.seen;
  const choosing = plan.fit !== null && plan.fit.patience > 0;
  const { parts, torn } = divideForTests(usable, {
    folds: plan.folds,
    validation: plan.validation,
    choosing,
    seen,
    seed,
  });
  const features = new Map(
    usable.samples.map((sample, i) => {
      const one = looked.features.get(decoded.samples[i] as Sample) as HeadSample;
      return [sample, { ...one, group: sample.group, seen: seen.has(sample) }];
    }),
  );
  const frozen = { ...looked, features };

  const name = basename(resolve(dataset.path)).replace(/\.(csv|jsonl)$/i, "");
  const labelled = { name, labels: usable.labels, multiLabel: usable.multiLabel, seed };
  const setting = { folder, model, frozen, parts, task: labelled, choices, terminal, progress, signal, cache };
  const why = [plan.why, howItIsTested(choices, usable, parts)];
  for (const sentence of why) terminal.note(sentence);
  const division = hashOf(parts);
  if (task.before && task.before.division !== division) {
    const problem = "its clips are not divided as when it was begun: by another version of movinet";
    throw new UsageError(folder, problem, "Train anew with another --out");
  }
  const decided = {
    mode: plan.fit === null ? "closed form" : "gradients",
    why,
    folds: plan.folds,
    validation: plan.folds === null ? plan.validation : null,
    seed,
    threads,
    division,
    fit: plan.fit,
  } as const;
  await writeConfig(folder, { given: choices, decided, begun });
  const learned = plan.fit === null ? await learnHead(usable, setting) : await fineTune(plan.fit, setting);
  progress.stop();
  for (const sentence of learned.why) terminal.note(sentence);
  const whole = { ...decided, why: [...why, ...learned.why], fit: learned.fit };
  await writeConfig(folder, { given: choices, decided: whole, begun });
  const seconds = (performance.now() - started) / 1000;
  await finishRun({
    ...setting,
    plan,
    why,
    dataset: usable,
    hashes: { files: hashes, pictures: after },
    seen,
    likeNamed,
    torn,
    learned,
    backend,
    seconds,
  });
  await rm(join(folder, "state"), { recursive: true, force: true });
  terminal.note(`${folder}: model.safetensors, report.html, evaluation.json`);
  return frozen.failures.length > 0 ? 1 : 0;
}

/** Which clips teach, choose and judge, as a SHA-256. */
function hashOf(parts: readonly TestPart[]): string {
  const names = (samples: readonly Sample[]) => samples.map(nameWithin);
  const text = JSON.stringify(parts.map(({ train, choose, judge }) => [train, choose, judge].map(names)));
  return createHash("sha256").update(text).digest("hex");
}

/** Clips that cannot be decoded may have taken groups with them: fewer parts, where nobody asked for a number. */
function withFolds(plan: TrainPlan, { folds }: TrainChoices, groups: number): TrainPlan {
  if (plan.folds === null || folds !== null || groups >= plan.folds) return plan;
  return { ...plan, folds: groups >= 2 ? groups : null };
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
      problem: `no clip of ${listed(missing)} can be decoded`,
      remedy: "Repair or replace these clips; movinet dataset check lists what is wrong with each",
    });
  }
  return { ...dataset, samples };
}
