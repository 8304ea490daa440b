import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join, resolve } from "node:path";
import type { Model } from "movinet";
import { writeWhole } from "movinet/files";
import { writeModel } from "movinet/formats";
import {
  type Begun,
  ClipCache,
  contentHashes,
  type Dataset,
  describeBegun,
  differenceOf,
  historyCsv,
  joinCopies,
  judgeTraining,
  openDataset,
  planTraining,
  renderReport,
  type TrainDecision,
  trainingRecord,
  trainingReport,
  trainModel,
} from "movinet/train";
import type { Context } from "../command.ts";
import { commandLine } from "../command.ts";
import { openNamedEngine } from "../engine.ts";
import { checkOutsideDataset } from "../files.ts";
import { findNamedModel, modelBytes, openNamedModel } from "../models.ts";
import { optionText } from "../options.ts";
import { StageProgress } from "../stage-progress.ts";
import { agreementText, renderEvaluation } from "../tables/evaluation.ts";
import { columnsOf, wrap } from "../tables/text.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { version } from "../version.ts";
import { renderModelCard } from "./model-card.ts";
import { type Repetition, reportChanges, reportRepeated, sha256 } from "./repeat.ts";
import {
  chooseRunFolder,
  openRunFolder,
  type RunChoices,
  type RunConfig,
  removeUnused,
  reopenRunFolder,
  writeConfig,
} from "./run-folder.ts";

type TrainPlan = ReturnType<typeof planTraining>;

type JudgedTraining = Awaited<ReturnType<typeof judgeTraining>>;

/** Trains, and returns the exit code: 0; 1 where clips could not be decoded. */
export async function train(
  choices: Omit<RunChoices, "threads"> & { readonly threads: number | null },
  out: string | undefined,
  repeated: Repetition | null,
  context: Context,
): Promise<number> {
  await checkOutsideDataset(await chooseRunFolder(out), choices.dataset);
  const given = { ...choices, threads: choices.threads ?? availableParallelism() };
  let same = false;
  const checkModel = (model: Uint8Array) => {
    if (repeated && same) reportRepeated(repeated, model, context.terminal);
  };
  return begin({ choices: given, before: null, checkModel }, context, (begun) => {
    if (repeated) same = reportChanges(repeated, begun, context.terminal);
    return openRunFolder(out, { version, given, decided: null, begun, model: null });
  });
}

/** Resumes an interrupted run. Refuses where its classes, clips or model have changed. */
export async function resumeTraining(out: string | undefined, context: Context): Promise<number> {
  const { folder, config } = await reopenRunFolder(out);
  const { given, decided, begun: before } = config;
  const threads = decided?.threads ?? given.threads ?? availableParallelism();
  return begin({ choices: { ...given, threads }, before: decided }, context, async (begun) => {
    const difference = differenceOf(before, begun);
    if (difference !== null) {
      const problem = `its clips or its model have changed since it began: ${difference}`;
      throw new UsageError(folder, problem, "Undo the change, or start a new run with another --out");
    }
    context.terminal.note(`${folder}: resuming training on ${given.dataset}`);
    return folder;
  });
}

interface Wanted {
  readonly choices: RunChoices;
  /** What was decided before the run was ended; null in a new one. */
  readonly before: RunConfig["decided"];
  /** Looks at the bytes of the model that came out. */
  readonly checkModel?: (model: Uint8Array) => void;
}

/** Reads the dataset, lets `open` choose the folder, and trains. */
async function begin(wanted: Wanted, context: Context, open: (begun: Begun) => Promise<string>): Promise<number> {
  const { terminal, signal, ifInterrupted } = context;
  const { choices, before } = wanted;
  const naming = { ...context, option: "--from" } as const;
  const opened = await openDataset(choices.dataset);
  const model = await openNamedModel(choices.from ?? undefined, naming);
  const plan = planTraining(choices, opened, model.spec.blocks.length, optionText);
  const progress = new StageProgress(terminal);
  const cache = new ClipCache();
  let folder: string | null = null;
  try {
    const onFile = (done: number, total: number) => progress.update("reading", done, total, "", "files");
    const hashes = await contentHashes(opened.samples, cache, { signal, onFile });
    const dataset = joinCopies(opened, ({ file }) => hashes.get(file));
    const file = await modelBytes(await findNamedModel(choices.from ?? undefined, naming));
    const begun = describeBegun(file, dataset, hashes);
    folder = await open(begun);
    ifInterrupted(`Resume with: movinet train --resume --out ${folder}`);
    for (const warning of dataset.warnings) terminal.warning(warning);
    const task = { ...wanted, folder, plan, dataset, model, hashes, begun };
    return await run({ ...task, cache, progress, terminal, signal });
  } catch (error) {
    if (!signal.aborted && folder !== null && before === null) await removeUnused(folder);
    throw error;
  } finally {
    progress.stop();
    await cache[Symbol.asyncDispose]();
  }
}

interface Task extends Wanted {
  readonly folder: string;
  readonly plan: TrainPlan;
  readonly dataset: Dataset;
  readonly model: Model;
  readonly hashes: ReadonlyMap<string, string>;
  readonly begun: Begun;
  readonly cache: ClipCache;
  readonly progress: StageProgress;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function run(task: Task): Promise<number> {
  const { folder, choices, plan, dataset, model, hashes, begun, cache, progress, terminal, signal } = task;
  const started = performance.now();
  const { threads, seed, from } = choices;
  const engine = await openNamedEngine({ threads }, terminal);
  const configOf = ({ plan: { fit, folds, validation }, why, division }: TrainDecision): RunConfig => {
    const mode = fit === null ? "closed form" : "gradients";
    const tested = { folds, validation: folds === null ? validation : null };
    const decided = { mode, why, ...tested, seed, threads, division, fit } as const;
    return { version, given: choices, decided, begun, model: null };
  };
  const done = await trainModel(model, dataset, {
    choices,
    plan,
    name: basename(resolve(dataset.path)).replace(/\.(csv|jsonl)$/i, ""),
    hashes,
    cache,
    engine,
    folder: join(folder, "state"),
    signal,
    nameChoice: optionText,
    onProgress: (state) => progress.training(state),
    onFailure: ({ message }) => terminal.warn(`movinet: ${message}`),
    async onDecided(decision) {
      for (const sentence of decision.why) terminal.note(sentence);
      if (task.before && task.before.division !== decision.division) {
        const problem = "its clips were split by another version of movinet";
        throw new UsageError(folder, problem, "Start a new run with another --out");
      }
      await writeConfig(folder, configOf(decision));
    },
    onEpoch(part, record) {
      if (terminal.json) terminal.result(JSON.stringify({ type: "epoch", part, ...record }));
    },
  });
  progress.stop();
  const { learned } = done;
  for (const sentence of learned.why) terminal.note(sentence);
  const trained = { ...done, plan: { ...done.plan, fit: learned.fit }, why: [...done.why, ...learned.why] };
  await writeConfig(folder, configOf(trained));
  const seconds = (performance.now() - started) / 1000;
  const judging = { from: from ?? model.card.name, engine, cache, signal, nameChoice: optionText };
  const reached = await judgeTraining(done, judging);
  const file = join(folder, "model.safetensors");
  const bytes = writeModel(reached.model);
  await writeWhole(file, bytes);
  await writeConfig(folder, { ...configOf(trained), model: sha256(bytes) });
  printResult(reached, file, seconds, terminal);
  const facts = { from: from ?? "a0-stream", command: commandLine(), engine, seconds, cache, signal };
  const report = await trainingReport(done, reached, facts);
  await writeWhole(join(folder, "report.html"), await renderReport(report));
  if (learned.history) await writeWhole(join(folder, "history.csv"), historyCsv(learned.history));
  const carded = { done, report, model: reached.model, bytes: bytes.length, clips: begun.clips.length, threads };
  await writeWhole(join(folder, "README.md"), renderModelCard(carded));
  const record = trainingRecord(done, reached, engine, seconds);
  await writeWhole(join(folder, "evaluation.json"), `${JSON.stringify(record, null, 1)}\n`);
  await rm(join(folder, "state"), { recursive: true, force: true });
  terminal.note(`${folder}: model.safetensors, README.md, report.html, evaluation.json`);
  task.checkModel?.(bytes);
  return done.frozen.failures.length > 0 ? 1 : 0;
}

function printResult(reached: JudgedTraining, file: string, seconds: number, terminal: Terminal): void {
  const { model, evaluation, silence, agreement, warnings, judged, why } = reached;
  if (terminal.json) {
    const { top1, top5, clips, calibration } = evaluation ?? { top1: null, top5: null, clips: 0, calibration: null };
    const line = { type: "training", model: file, judged, clips, top1: top1?.value ?? null, top5: top5?.value ?? null };
    const more = { top1Interval: top1?.interval ?? null, calibrationError: calibration?.error ?? null };
    const facts = { seconds, why: silence === null ? why : [silence, ...why], warnings };
    terminal.result(JSON.stringify({ ...line, ...more, ...facts }));
  } else if (evaluation) terminal.result(renderEvaluation(evaluation, agreement, terminal));
  else terminal.result(wrap(silence as string, columnsOf(terminal)).join("\n"));
  for (const warning of warnings) terminal.warning(warning);
  if (agreement && !agreement.agree) terminal.warn(`movinet: ${model.card.name}: ${agreementText(agreement)}`);
}
