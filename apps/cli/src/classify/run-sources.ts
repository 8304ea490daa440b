import { MovinetError } from "movinet";
import { nameOfSource, type OpenedModel } from "movinet/files";
import { buildGraph, stateBytes } from "movinet/graph";
import { Program } from "movinet/session";
import type { Decoders } from "movinet/video";
import { arithmeticText, openNamedEngine } from "../engine.ts";
import { renderSummary, type SummaryRow } from "../tables/summary.ts";
import { counted } from "../tables/text.ts";
import { type FoundSources, internalText, type Terminal, writeStack } from "../terminal.ts";
import { jsonLines } from "./lines.ts";
import { classifyOne } from "./one.ts";
import type { ClassifySettings } from "./options.ts";
import { OrderedOutputs, type Outputs, type SourceOutput } from "./outputs.ts";
import { RunProgress, Tally } from "./progress.ts";
import type { ResultsFile } from "./results-file.ts";
import type { Sorter } from "./sorter.ts";

/** An argument or a source that gave no result. */
export interface Failure {
  readonly source: string;
  readonly error: unknown;
}

/** A run over sources, ready to begin. */
export interface Run {
  readonly sources: readonly string[];
  readonly leftOut: FoundSources["leftOut"];
  /** What failed already. */
  readonly before: readonly Failure[];
  readonly model: OpenedModel;
  readonly settings: ClassifySettings;
  readonly terminal: Terminal;
  readonly decoders: Decoders;
  /** Sorts clips by their labels; null: they are not to be sorted. */
  readonly sorter: Sorter | null;
  /** Where the results go; null: standard output. */
  readonly file: ResultsFile | null;
  readonly signal: AbortSignal;
  /** `performance.now()` when the command began. */
  readonly started: number;
}

/** Works through all sources, several at a time, and returns the exit code. */
export async function runSources(run: Run): Promise<number> {
  const { sources, leftOut, before, model, settings, terminal, file, decoders, sorter } = run;
  const broken = new AbortController();
  const signal = AbortSignal.any([run.signal, broken.signal]);
  const jobs = Math.min(settings.jobs, sources.length);
  const ordered = file ? null : new OrderedOutputs(terminal.result);
  const outputs = file ?? (ordered as OrderedOutputs);
  const tally = new Tally();
  const progress = new RunProgress(terminal, sources.length, before.length);
  const program = await openProgram(model, settings, jobs, terminal);
  const decoderThreads = jobs > 1 ? 1 : 0;
  const context = { model, settings, terminal, decoders, decoderThreads, tally, progress, sorter, signal };
  const summary: SummaryRow[] = before.map(({ source }) => ({ source, best: null }));
  let failures = before.length;
  let index = 0;
  try {
    if (settings.lines?.head) terminal.result(settings.lines.head);
    if (settings.lines === jsonLines) await writeLeftOut(leftOut, outputs, () => index++);
    for (const failure of before) reportFailure(failure, await outputs.open(index++), settings, terminal);
    signal.addEventListener("abort", () => ordered?.flush(), { once: true });
    const queue = sources.values();
    const work = async () => {
      for (const source of queue) {
        const place = index++;
        const output = await outputs.open(place);
        if (signal.aborted) return;
        let failure: Failure | null = null;
        try {
          const best = await classifyOne(source, program, output, context);
          summary[place] = { source: nameOfSource(source), best };
        } catch (error) {
          if (signal.aborted) return;
          if (isFatal(error)) throw error;
          failure = { source: nameOfSource(source), error };
          summary[place] = { source: failure.source, best: null };
          failures++;
          reportFailure(failure, output, settings, terminal);
        }
        progress.sourceDone({ failed: failure !== null });
      }
    };
    const jobsDone = Array.from({ length: jobs }, async () => {
      await work().catch((error) => {
        broken.abort(error);
        throw error;
      });
    });
    // All of them, before what they use is closed.
    const failed = (await Promise.allSettled(jobsDone)).find((done) => done.status === "rejected");
    if (failed) throw failed.reason;
  } finally {
    progress.stop();
    await program[Symbol.asyncDispose]();
  }
  if (signal.aborted) {
    const remedy = settings.out === undefined ? "" : " Repeat the command with --resume to continue.";
    if (sources.length > 1)
      terminal.warn(`movinet: interrupted with ${counted(sources.length - progress.done, "video")} to go.${remedy}`);
    return 130;
  }
  if (settings.lines === null && summary.length > 1) terminal.result(renderSummary(summary, terminal.room));
  if (sorter) terminal.note(sorter.summary());
  if (tally.frames > 0) {
    const state = model.spec.mode === "stream" ? stateBytes(buildGraph(model.spec, { form: "step", frames: 1 })) : 0;
    const color = Boolean(process.stderr.isTTY) && !process.env["NO_COLOR"];
    if (model.integers) terminal.note(arithmeticText(program));
    terminal.note(tally.render(performance.now() - run.started, state, { color }));
  }
  return failures > 0 ? 1 : 0;
}

/** What folders left out, for machines: a line for each folder. */
async function writeLeftOut(leftOut: Run["leftOut"], outputs: Outputs, next: () => number): Promise<void> {
  for (const { source, kinds } of leftOut) {
    const output = await outputs.open(next());
    output.line(JSON.stringify({ type: "left-out", source, kinds }));
    output.end();
  }
}

/**
 * One source at a time is computed in this thread, which is fastest; several on ONNX Runtime's CPU kernels beside each other, by one
 * network of one thread. So is a base model always: one call of it may take a minute, in which this thread would hear no signal.
 */
async function openProgram(
  model: OpenedModel,
  { device, threads }: ClassifySettings,
  jobs: number,
  terminal: Terminal,
): Promise<Program> {
  const isOnnx = device === "cpu" || (device === "auto" && model.integers === undefined);
  const background = isOnnx && (jobs > 1 || model.spec.mode === "base");
  const own = background ? (threads ?? 1) : threads;
  return Program.prepare(model, await openNamedEngine({ model, device, threads: own, background }, terminal));
}

/** Conditions that every other source would meet too. */
const fatal = new Set([
  "E_DEPENDENCY_MISSING",
  "E_DEVICE_LOST",
  "E_DEVICE_UNAVAILABLE",
  "E_MODEL_LOGITS",
  "E_OUTPUT_WRITE",
  "E_SESSION_DISPOSED",
]);

function isFatal(error: unknown): boolean {
  const { code = "" } = error as { code?: string };
  return fatal.has(code);
}

function reportFailure(
  { source, error }: Failure,
  output: SourceOutput,
  { lines }: ClassifySettings,
  terminal: Terminal,
): void {
  const { message } = error as Error;
  const known = error instanceof MovinetError;
  terminal.warn(`movinet: ${known ? message : `${source}: ${internalText(message)}`}`);
  if (terminal.debug) writeStack(error as Error);
  const code = known ? error.code : "E_INTERNAL";
  if (lines) output.line(lines.error({ source, code, message }));
  output.end();
}
