import { basename } from "node:path";
import {
  classify,
  createPlotRecorder,
  type Decoders,
  type Frame,
  MovinetError,
  type Prediction,
  type Program,
  percentText,
  renderPlot,
  renderResult,
  renderSegments,
  renderSubtitles,
  type Segment,
  Segmenter,
  topK,
  type Video,
} from "movinet";
import type { Terminal } from "../terminal.ts";
import { writeAside } from "../write-aside.ts";
import { type ClassifySettings, longSource } from "./settings.ts";
import type { Totals } from "./totals.ts";

/** What all sources of a run share. */
export interface Run {
  readonly program: Program;
  readonly decoders: Decoders;
  readonly settings: ClassifySettings;
  readonly terminal: Terminal;
  /** JSON lines instead of tables: `--json`, and everything that goes into a file. */
  readonly json: boolean;
  readonly totals: Totals;
  readonly signal: AbortSignal;
}

/** Called after every frame. */
type OnFrame = (frames: number, expected: number | null, seconds: number) => void;

/**
 * Classifies one source and gives each finished line of its results to `print`, the line that ends it last. False when it
 * failed (that too is a line and a message); throws the signal's reason when the run was interrupted.
 */
export async function classifyOne(
  source: string,
  run: Run,
  print: (line: string) => void,
  onFrame: OnFrame,
): Promise<boolean> {
  const { program, settings, totals, signal } = run;
  const { card } = program.model;
  const fps = settings.fps ?? card.fps;
  const video = run.decoders.openVideo(source, { fps, size: card.input, signal });
  try {
    const { scores, segments, points, timings } = await follow(source, video, fps, run, print, onFrame);
    const predictions = topK(scores, card.labels, settings.top);
    for (const warning of video.warnings) run.terminal.warn(`movinet: ${source}: warning: ${warning}`);
    if (settings.plot !== undefined) await writePlot(settings.plot, source, video, points, predictions, run);
    if (settings.subtitles !== undefined && segments) {
      const format = settings.subtitles.toLowerCase().endsWith(".srt") ? "srt" : "vtt";
      await writeAside(settings.subtitles, renderSubtitles(segments, card.labels, format));
    }
    printResult(source, video, predictions, segments, timings, run, print);
    totals.frames += video.frames;
    totals.seconds += video.duration;
    totals.decodeMs += timings.decodeMs;
    totals.preprocessMs += timings.preprocessMs;
    return true;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    reportFailure(source, error, run, print);
    return false;
  } finally {
    await video[Symbol.asyncDispose]();
  }
}

/** Runs the frames of a video through the network; prints them where that was asked for. */
async function follow(
  source: string,
  video: Video,
  fps: number,
  { program, settings, totals, json, terminal }: Run,
  print: (line: string) => void,
  onFrame: OnFrame,
) {
  const { card } = program.model;
  const timings = { decodeMs: 0, preprocessMs: 0, inferMs: 0 };
  const recorder = settings.plot === undefined ? null : createPlotRecorder();
  const { frames, duration } = await firstLook(video);
  const withSegments = settings.segments ?? (settings.subtitles !== undefined || (duration ?? Infinity) > longSource);
  const segmenter = withSegments ? new Segmenter() : null;
  let scores: Float32Array | null = null;
  for await (const result of classify(frames, program, { recent: withSegments })) {
    scores = result.scores;
    timings.preprocessMs += result.timings.preprocessMs;
    timings.inferMs += result.timings.inferMs;
    totals.addStep(result.timings.inferMs);
    recorder?.add(result.time, result.scores, result.picture);
    if (result.recent) segmenter?.add(result.recent.since, result.recent.scores);
    if (settings.everyFrame) {
      const predictions = topK(result.scores, card.labels, settings.top);
      const { frame, time } = result;
      print(
        json
          ? JSON.stringify({ type: "frame", source, frame, time, predictions })
          : frameText(time, predictions, terminal.width),
      );
    }
    onFrame(result.frame + 1, duration === null ? null : Math.round(duration * fps), result.time);
  }
  if (!scores) throw new Error("the video ended without a frame and without an error");
  timings.decodeMs = video.decodeMs;
  const wanted = settings.segments === true || settings.subtitles !== undefined || video.duration > longSource;
  return {
    scores,
    segments: segmenter && wanted ? segmenter.end(video.duration) : null,
    points: recorder?.points ?? [],
    timings,
  };
}

/** Waits for the first frame, with which the declared length is known, and gives all frames. */
async function firstLook(video: Video): Promise<{ frames: AsyncIterable<Frame>; duration: number | null }> {
  const iterator = video[Symbol.asyncIterator]();
  const first = await iterator.next();
  async function* frames() {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return();
    }
  }
  return { frames: frames(), duration: video.info?.duration ?? null };
}

function printResult(
  source: string,
  video: Video,
  predictions: readonly Prediction[],
  segments: readonly Segment[] | null,
  timings: Readonly<Record<string, number>>,
  { program, settings, json, terminal }: Run,
  print: (line: string) => void,
): void {
  const { frames, duration, warnings } = video;
  const { card } = program.model;
  if (!json) {
    const result = { source, frames, duration, predictions };
    const table = segments ? `\n${renderSegments(segments, card.labels, terminal)}` : "";
    print(`${renderResult(result, terminal)}${table}\n`);
    return;
  }
  const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
  for (const { start, end, scores } of segments ?? []) {
    const named = topK(scores, card.labels, settings.top);
    const segment = { type: "segment", source, start: rounded(start, 3), end: rounded(end, 3), predictions: named };
    print(JSON.stringify(segment));
  }
  const result = {
    type: "result",
    source,
    model: card.name,
    frames,
    duration,
    predictions,
    timings: Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, rounded(ms, 2)])),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
  print(JSON.stringify(result));
}

function frameText(time: number, predictions: readonly Prediction[], width: number): string {
  const best = predictions.slice(0, 3).map(({ label, score }) => `${label} ${percentText(score)}`);
  return `${time.toFixed(2).padStart(8)} s  ${best.join(", ")}`.slice(0, Math.max(40, width));
}

/** Tells of a failure on stderr, and as the last line of the source where lines are JSON. */
export function reportFailure(
  source: string,
  error: unknown,
  { settings, terminal, json }: Pick<Run, "settings" | "terminal" | "json">,
  print: (line: string) => void,
): void {
  const { message, stack } = error as Error;
  const known = error instanceof MovinetError;
  if (json) print(JSON.stringify({ type: "error", source, code: known ? error.code : "E_INTERNAL", message }));
  const text = known ? message : `${source}: internal: ${message}. Please report this with the output of --debug.`;
  terminal.warn(`movinet: ${text}`);
  if (settings.debug) terminal.warn(stack ?? "");
}

async function writePlot(
  file: string,
  source: string,
  { info }: Video,
  points: ReturnType<typeof createPlotRecorder>["points"],
  [best]: readonly Prediction[],
  { program }: Run,
): Promise<void> {
  const { card } = program.model;
  const plot = {
    title: basename(source),
    subtitle: best ? `${card.name}: ${best.label}, ${percentText(best.score)}` : card.name,
    points,
    labels: card.labels,
    aspect: info ? info.width / info.height : 1,
  };
  await writeAside(file, await renderPlot(plot, file.toLowerCase().endsWith(".png") ? "png" : "svg"));
}
