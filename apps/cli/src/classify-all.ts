import { rename, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import {
  classify,
  createPlotRecorder,
  expandSources,
  type Model,
  MovinetError,
  nodeBackend,
  openModel,
  openVideo,
  type Prediction,
  Program,
  percentile,
  percentText,
  renderPlot,
  renderResult,
  renderTimings,
  topK,
  type Video,
} from "movinet";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage.ts";

export interface ClassifySettings {
  readonly model: string | undefined;
  readonly labels: string | undefined;
  readonly device: string;
  readonly threads?: number;
  readonly fps?: number;
  readonly top: number;
  readonly everyFrame: boolean;
  readonly plot: string | undefined;
  readonly debug: boolean;
}

/** What all sources of a run took together. */
interface Totals {
  frames: number;
  seconds: number;
  decodeMs: number;
  preprocessMs: number;
  readonly stepsMs: number[];
}

/** Classifies every source and returns the exit code: 0, or 1 when some failed, or 130 after an interrupt. */
export async function classifyAll(
  args: readonly string[],
  settings: ClassifySettings,
  terminal: Terminal,
): Promise<number> {
  const started = performance.now();
  const abort = new AbortController();
  const interrupt = () => abort.abort(new DOMException("interrupted", "AbortError"));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    const { sources, failed } = await findSources(args, terminal, settings);
    if (settings.plot !== undefined && sources.length + failed > 1) {
      throw new UsageError(
        "--plot",
        `it draws one video, and ${sources.length + failed} were given`,
        "Classify one video at a time with it",
      );
    }
    const model = await openModel(settings.model, { labels: settings.labels });
    if (model.card.labels === null) {
      terminal.warn(
        `movinet: ${model.card.name}: it carries no class names, so indexes are shown. Name them with --labels FILE.`,
      );
    }
    const { device, threads } = settings;
    const program = await Program.compile(model, await nodeBackend({ device, ...(threads ? { threads } : {}) }));
    const totals: Totals = { frames: 0, seconds: 0, decodeMs: 0, preprocessMs: 0, stepsMs: [] };
    let failures = failed;
    let stateBytes = 0;
    try {
      if (model.spec.mode === "stream") {
        const session = await program.openStream();
        stateBytes = session.stateBytes;
        await session[Symbol.asyncDispose]();
      }
      for (const source of sources) {
        if (!(await classifyOne(source, program, settings, terminal, totals, abort.signal))) failures++;
        if (abort.signal.aborted) return 130;
      }
    } finally {
      await program[Symbol.asyncDispose]();
    }
    if (totals.frames > 0) terminal.note(renderRun(totals, stateBytes, performance.now() - started));
    return failures > 0 ? 1 : 0;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

async function findSources(args: readonly string[], terminal: Terminal, settings: ClassifySettings) {
  const sources: string[] = [];
  let failed = 0;
  for (const arg of args) {
    try {
      sources.push(...(await expandSources([arg])));
    } catch (error) {
      reportFailure(arg, error, terminal, settings);
      failed++;
    }
  }
  return { sources, failed };
}

/** Classifies one source; false when it failed. */
async function classifyOne(
  source: string,
  program: Program,
  settings: ClassifySettings,
  terminal: Terminal,
  totals: Totals,
  signal: AbortSignal,
): Promise<boolean> {
  const { card } = program.model;
  const fps = settings.fps ?? card.fps;
  const video = openVideo(source, { fps, size: card.input, signal });
  const progress = terminal.progress(basename(source));
  const recorder = settings.plot === undefined ? null : createPlotRecorder();
  const timings = { decodeMs: 0, preprocessMs: 0, inferMs: 0 };
  const name = (scores: Float32Array) => topK(scores, card.labels, settings.top);
  let scores: Float32Array | null = null;
  try {
    for await (const result of classify(video, program)) {
      scores = result.scores;
      timings.preprocessMs += result.timings.preprocessMs;
      timings.inferMs += result.timings.inferMs;
      totals.stepsMs.push(result.timings.inferMs);
      recorder?.add(result.time, result.scores, result.picture);
      if (settings.everyFrame) showFrame(source, result.frame, result.time, name(result.scores), terminal);
      const expected = video.info?.duration ? Math.round(video.info.duration * fps) : null;
      progress.update(result.frame + 1, expected, `${result.time.toFixed(1)} s`);
    }
    progress.stop();
    if (!scores) throw new Error("internal: the video ended without a frame and without an error");
    timings.decodeMs = video.decodeMs;
    showWarnings(source, video, terminal);
    if (settings.plot !== undefined && recorder) {
      const { width, height } = video.info ?? { width: 1, height: 1 };
      const [best] = name(scores) as [Prediction];
      await writePlot(settings.plot, {
        title: basename(source),
        subtitle: `${card.name}: ${best.label}, ${percentText(best.score)}`,
        points: recorder.points,
        labels: card.labels,
        aspect: width / height,
      });
    }
    const { frames, duration, warnings } = video;
    const result = { source, frames, duration, predictions: name(scores) };
    const more = warnings.length > 0 ? { warnings } : {};
    if (terminal.json)
      terminal.result(JSON.stringify({ type: "result", ...resultOf(result, program.model, timings), ...more }));
    else terminal.result(`${renderResult(result, terminal)}\n`);
    totals.frames += frames;
    totals.seconds += duration;
    totals.decodeMs += timings.decodeMs;
    totals.preprocessMs += timings.preprocessMs;
    return true;
  } catch (error) {
    progress.stop();
    if (!signal.aborted) reportFailure(source, error, terminal, settings);
    return false;
  } finally {
    await video[Symbol.asyncDispose]();
  }
}

function resultOf(
  {
    source,
    frames,
    duration,
    predictions,
  }: { source: string; frames: number; duration: number; predictions: readonly Prediction[] },
  model: Model,
  timings: { decodeMs: number; preprocessMs: number; inferMs: number },
) {
  const rounded = Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms * 100) / 100]));
  return { source, model: model.card.name, frames, duration, predictions, timings: rounded };
}

function showFrame(
  source: string,
  frame: number,
  time: number,
  predictions: readonly Prediction[],
  terminal: Terminal,
): void {
  if (terminal.json) {
    terminal.result(JSON.stringify({ type: "frame", source, frame, time, predictions }));
    return;
  }
  const best = predictions.slice(0, 3).map(({ label, score }) => `${label} ${percentText(score)}`);
  terminal.result(`${time.toFixed(2).padStart(8)} s  ${best.join(", ")}`.slice(0, Math.max(40, terminal.width)));
}

function showWarnings(source: string, video: Video, terminal: Terminal): void {
  for (const warning of video.warnings) terminal.warn(`movinet: ${source}: warning: ${warning}`);
}

function reportFailure(source: string, error: unknown, terminal: Terminal, { debug }: ClassifySettings): void {
  const { message, stack } = error as Error;
  const known = error instanceof MovinetError;
  if (terminal.json) {
    terminal.result(JSON.stringify({ type: "error", source, code: known ? error.code : "E_INTERNAL", message }));
  }
  terminal.warn(
    `movinet: ${known ? message : `${source}: internal: ${message}. Please report this with the output of --debug.`}`,
  );
  if (debug) terminal.warn(stack ?? "");
}

function renderRun(totals: Totals, stateBytes: number, totalMs: number): string {
  const inferMs = totals.stepsMs.reduce((sum, ms) => sum + ms, 0);
  return renderTimings(
    {
      frames: totals.frames,
      seconds: totals.seconds,
      decodeMs: totals.decodeMs,
      preprocessMs: totals.preprocessMs,
      inferMs,
      totalMs,
      stepP50Ms: percentile(totals.stepsMs, 50),
      stepP95Ms: percentile(totals.stepsMs, 95),
      realTimeFactor: totals.seconds / (totalMs / 1000),
      stateBytes,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    },
    { color: Boolean(process.stderr.isTTY) && !process.env["NO_COLOR"] },
  );
}

/** Writes the picture beside its place and moves it there, so that nothing half-written is left behind. */
async function writePlot(file: string, plot: Parameters<typeof renderPlot>[0]): Promise<void> {
  const format = file.toLowerCase().endsWith(".png") ? "png" : "svg";
  const picture = await renderPlot(plot, format);
  const aside = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(aside, picture);
    await rename(aside, file);
  } catch (cause) {
    await rm(aside, { force: true });
    throw new MovinetError({
      code: "E_PLOT_WRITE",
      subject: file,
      problem: `the plot cannot be written (${(cause as NodeJS.ErrnoException).code ?? cause})`,
      remedy: "Choose a folder that exists and that you may write to",
      cause,
    });
  }
}
