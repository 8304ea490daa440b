import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { Decoders, expandSources, type Model, nodeBackend, openModel, Program } from "movinet";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";
import { Journal, type RunIdentity } from "./journal.ts";
import { classifyOne, type Run, reportFailure } from "./one.ts";
import { openRunProgress } from "./progress.ts";
import type { ClassifySettings } from "./settings.ts";
import { Totals } from "./totals.ts";

/** Classifies every source and returns the exit code: 0, or 1 when some failed, or 130 after an interrupt. */
export async function classifyAll(
  args: readonly string[],
  settings: ClassifySettings,
  terminal: Terminal,
): Promise<number> {
  const totals = new Totals();
  const abort = new AbortController();
  const interrupt = () => abort.abort(new DOMException("interrupted", "AbortError"));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  const json = terminal.json || settings.out !== undefined;
  try {
    const { sources, failures } = await findSources(args);
    refuseMany(settings, sources.length + failures.length);
    const model = await openModel(settings.model, { labels: settings.labels });
    if (model.card.labels === null) {
      terminal.warn(
        `movinet: ${model.card.name}: it carries no class names, so indexes are shown. Name them with --labels FILE.`,
      );
    }
    const jobs = Math.min(settings.jobs ?? defaultJobs(), Math.max(1, sources.length));
    const program = await Program.compile(model, await nodeBackend(backendOptions(settings, jobs)));
    const journal =
      settings.out === undefined
        ? null
        : await Journal.open(settings.out, identityOf(model, settings), settings.resume);
    const decoders = new Decoders();
    const run: Run = { program, decoders, settings, terminal, json, totals, signal: abort.signal };
    try {
      const left = sources.filter((source) => !journal?.done.has(source));
      if (left.length < sources.length) terminal.note(`${sources.length - left.length} of ${sources.length} are done`);
      for (const { arg, error } of failures)
        reportFailure(arg, error, { ...run, json: terminal.json }, terminal.result);
      const failed = failures.length + (await classifySources(left, jobs, run, journal));
      if (totals.frames > 0) terminal.note(totals.render(await stateBytesOf(program)));
      return failed > 0 ? 1 : 0;
    } finally {
      await decoders[Symbol.asyncDispose]();
      journal?.close();
      await program[Symbol.asyncDispose]();
    }
  } catch (error) {
    if (!abort.signal.aborted || error !== abort.signal.reason) throw error;
    if (settings.out !== undefined) terminal.note(`interrupted; go on by adding --resume to the same command`);
    return 130;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** Classifies sources, `jobs` at a time, and returns how many failed. */
async function classifySources(
  sources: readonly string[],
  jobs: number,
  run: Run,
  journal: Journal | null,
): Promise<number> {
  const { terminal, settings } = run;
  const progress = openRunProgress(sources, run);
  const waiting = sources.values();
  let failed = 0;
  let broken = false;
  const work = async () => {
    for (const source of waiting) {
      if (broken) return;
      const lines: string[] = [];
      const live = jobs === 1 && !journal && settings.everyFrame;
      const print = live ? (line: string) => terminal.result(line) : (line: string) => lines.push(line);
      const ok = await classifyOne(source, run, print, progress.frame);
      progress.pause();
      if (journal) journal.write(lines);
      else for (const line of lines) terminal.result(line);
      if (!ok) failed++;
      progress.done(failed);
    }
  };
  try {
    const workers = Array.from({ length: jobs }, work);
    await Promise.all(workers).catch(async (error) => {
      broken = true;
      await Promise.allSettled(workers);
      throw error;
    });
  } finally {
    progress.stop();
  }
  return failed;
}

/** Sources that decode while the network runs: one more than the cores keeps them busy when a file begins or ends. */
function defaultJobs(): number {
  return availableParallelism() + 1;
}

/** Where many files are decoded at once, one thread of the network leaves the other cores to the decoders. */
function backendOptions({ device, threads }: ClassifySettings, jobs: number) {
  if (threads !== null) return { device, threads };
  return jobs > 1 && availableParallelism() <= 4 ? { device, threads: 1 } : { device };
}

async function findSources(args: readonly string[]) {
  const sources = new Set<string>();
  const failures: { arg: string; error: unknown }[] = [];
  for (const arg of args) {
    try {
      for (const source of await expandSources([arg])) sources.add(source);
    } catch (error) {
      failures.push({ arg, error });
    }
  }
  return { sources: [...sources], failures };
}

function refuseMany(settings: ClassifySettings, count: number): void {
  for (const option of ["plot", "subtitles"] as const) {
    if (settings[option] === undefined || count <= 1) continue;
    throw new UsageError(
      `--${option}`,
      `it is made of one video, and ${count} were given`,
      "Classify one video at a time with it",
    );
  }
}

/** Everything that decides what the lines of the results say. */
function identityOf(model: Model, settings: ClassifySettings): RunIdentity {
  const hash = createHash("sha256").update(JSON.stringify([model.spec, model.card]));
  for (const [name, { data }] of model.weights) hash.update(name).update(data);
  const { fps, top, everyFrame, segments } = settings;
  return {
    model: model.card.name,
    modelSha256: hash.digest("hex"),
    fps: fps ?? model.card.fps,
    top,
    every: everyFrame ? "frame" : "final",
    segments: segments ?? "auto",
  };
}

async function stateBytesOf(program: Program): Promise<number> {
  if (program.model.spec.mode !== "stream") return 0;
  const session = await program.openStream();
  await session[Symbol.asyncDispose]();
  return session.stateBytes;
}
