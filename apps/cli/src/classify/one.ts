import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { type Fit, type Frame, type Model, type Prediction, renderSubtitles, type Segment, Segmenter } from "movinet";
import { bytesOfPath, nameOfSource, type OpenedModel, writeWhole } from "movinet/files";
import {
  classifyFrames,
  doubtAboutChanges,
  doubtAboutFrames,
  percentText,
  type SessionSource,
  topK,
} from "movinet/session";
import { createPlotRecorder, type Decoders, renderPlot, type Video } from "movinet/video";
import { renderResult, renderSegments } from "../tables/result.ts";
import type { Terminal } from "../terminal.ts";
import { Annotation } from "./annotation.ts";
import type { ClassifySettings } from "./options.ts";
import type { SourceOutput } from "./outputs.ts";
import type { RunProgress, Tally } from "./progress.ts";

/** From this length on (seconds), one answer for the whole says too little, and segments are shown unless refused. */
const longVideo = 30;

/** What the sources of a run share. */
export interface RunContext {
  readonly model: OpenedModel;
  readonly settings: ClassifySettings;
  readonly terminal: Terminal;
  readonly decoders: Decoders;
  /** Threads that decode one video; 0 leaves the choice to FFmpeg. */
  readonly decoderThreads: number;
  readonly tally: Tally;
  readonly progress: RunProgress;
  readonly signal: AbortSignal;
}

/** Classifies one source with what `program` compiles to, and gives its lines to `output`. Throws when that fails. */
export async function classifyOne(
  source: string,
  program: SessionSource,
  output: SourceOutput,
  context: RunContext,
): Promise<void> {
  const { model, settings, terminal, tally, progress } = context;
  const { card } = model;
  const named = nameOfSource(source);
  const annotation = settings.annotate === undefined ? null : new Annotation(settings.annotate, card.labels);
  const { video, fps, fit } = open(source, context, annotation?.copy);
  const frames = video[Symbol.asyncIterator]();
  try {
    const first = await frames.next();
    const known = video.info?.duration ?? null;
    const cut = settings.segments ?? (known === null || known > longVideo || !(await canBeReadAgain(source)));
    const segmenter = new Segmenter();
    const recorder = settings.plot === undefined ? null : createPlotRecorder();
    const isLastEnough =
      settings.every === "final" &&
      recorder === null &&
      annotation === null &&
      !cut &&
      known !== null &&
      known > longVideo;
    const isAwaited = annotation !== null || !(await canBeReadAgain(source));
    const answers = isLastEnough ? "last" : isAwaited ? "each" : "grouped";
    const recent = cut || (isLastEnough ? false : "estimated");
    const expected = known === null ? null : Math.round(known * fps);
    const timings = { decodeMs: 0, preprocessMs: 0, inferMs: 0 };
    const name = (scores: Float32Array) => topK(scores, card.labels, settings.top);
    let scores: Float32Array | null = null;
    const seen = noted(rejoin(first, frames), {
      before: (frame, time) => progress.frame(named, frame, time, expected),
      after: async (time) => annotation?.draw(video, time),
    });
    for await (const result of classifyFrames(seen, program, { recent, answers, fit })) {
      scores = result.scores;
      timings.preprocessMs += result.timings.preprocessMs;
      timings.inferMs += result.timings.inferMs;
      if (!isLastEnough) tally.addStep(result.timings.inferMs);
      if (result.recent) segmenter.add(result.recent.since, result.recent.scores);
      // Of a long video one cumulative answer is useless: its plot shows what each moment says.
      const momentary = (cut && result.recent?.scores) || result.scores;
      recorder?.add(result.time, momentary, result.picture);
      annotation?.add({ scores: momentary, segmenter: cut ? segmenter : null });
      if (settings.every === "frame") {
        output.line(renderFrame(named, result.frame, result.time, name(result.scores), settings.json, terminal.width));
      }
    }
    if (!scores) throw new Error("internal: the video ended without a frame and without an error");
    timings.decodeMs = video.decodeMs;
    const { duration } = video;
    let segments = segmenter.end(duration);
    if (!cut && segments.length > 1) segments = await lookAgain(source, program, context, timings);
    const isLong = duration > longVideo;
    const doubts = [doubtAboutFrames(video.frames), isLong || settings.segments ? null : doubtAboutChanges(segments)];
    const warnings = [...video.warnings, ...doubts.filter((doubt) => doubt !== null)];
    for (const warning of warnings) terminal.warn(`movinet: ${named}: warning: ${warning}`);
    const predictions = name(scores);
    if (settings.subtitles !== undefined) {
      const format = settings.subtitles.toLowerCase().endsWith(".srt") ? "srt" : "vtt";
      await writeWhole(settings.subtitles, renderSubtitles(segments, card.labels, format), "E_SUBTITLES_WRITE");
    }
    const shown = (settings.segments ?? (isLong || segments.length > 1)) ? segments : [];
    if (settings.plot !== undefined && recorder) {
      const [best] = predictions;
      const answer = best ? `${best.label}, ${percentText(best.score)}` : "";
      const says = cut ? `${segments.length} ${segments.length === 1 ? "segment" : "segments"}` : answer;
      await drawPlot(settings.plot, video, recorder, { ...card, fit }, says);
    }
    if (settings.json) {
      for (const segment of shown) output.line(segmentLine(named, segment, name));
      output.line(resultLine(video, model, predictions, timings, warnings));
    } else {
      const summary = { source: named, frames: video.frames, duration, predictions };
      output.line(renderResult(summary, terminal));
      if (shown.length > 0) output.line(`\n${renderSegments(shown, card.labels, terminal)}`);
      output.line("");
    }
    output.end();
    tally.addSource({ frames: video.frames, seconds: duration, ...timings });
  } finally {
    await frames.return();
    await video[Symbol.asyncDispose]();
  }
}

function open(
  source: string,
  { model, settings, decoders, decoderThreads: threads, signal }: RunContext,
  copy: Annotation["copy"] | undefined,
) {
  const { fps, input } = model.card;
  const options = { fps: settings.fps ?? fps, fit: settings.fit ?? input.fit };
  const size = { ...input, fit: options.fit };
  return { ...options, video: decoders.openVideo(source, { fps: options.fps, size, threads, signal, copy }) };
}

async function canBeReadAgain(source: string): Promise<boolean> {
  return Boolean((await stat(bytesOfPath(source)).catch(() => null))?.isFile());
}

/** The segments of a video that seemed to change, from a session that costs more than the estimate; adds to `timings`. */
async function lookAgain(
  source: string,
  program: SessionSource,
  context: RunContext,
  timings: { decodeMs: number; preprocessMs: number; inferMs: number },
): Promise<readonly Segment[]> {
  const { video, fit } = open(source, context, undefined);
  const segmenter = new Segmenter();
  try {
    for await (const result of classifyFrames(video, program, { recent: true, answers: "grouped", fit })) {
      timings.preprocessMs += result.timings.preprocessMs;
      timings.inferMs += result.timings.inferMs;
      if (result.recent) segmenter.add(result.recent.since, result.recent.scores);
    }
    timings.decodeMs += video.decodeMs;
    return segmenter.end(video.duration);
  } finally {
    await video[Symbol.asyncDispose]();
  }
}

/** Frames of which the first was taken already, to know the video's length before its classification begins. */
async function* rejoin(first: IteratorResult<Frame, void>, rest: AsyncGenerator<Frame, void>): AsyncGenerator<Frame> {
  if (!first.done) yield first.value;
  yield* rest;
}

/** The same frames; `before` is told of each as it comes, `after` once the next is asked for. */
async function* noted(
  frames: AsyncIterable<Frame>,
  { before, after }: { before: (frame: number, time: number) => void; after: (time: number) => Promise<void> },
): AsyncGenerator<Frame> {
  let index = 0;
  for await (const frame of frames) {
    before(index++, frame.timestamp);
    yield frame;
    await after(frame.timestamp);
  }
}

function renderFrame(
  source: string,
  frame: number,
  time: number,
  predictions: readonly Prediction[],
  json: boolean,
  width: number,
): string {
  if (json) return JSON.stringify({ type: "frame", source, frame, time, predictions });
  const best = predictions.slice(0, 3).map(({ label, score }) => `${label} ${percentText(score)}`);
  return `${time.toFixed(2).padStart(8)} s  ${best.join(", ")}`.slice(0, Math.max(40, width));
}

function segmentLine(
  source: string,
  { start, end, scores }: Segment,
  name: (scores: Float32Array) => readonly Prediction[],
): string {
  const ms = (seconds: number) => Math.round(seconds * 1000) / 1000;
  return JSON.stringify({ type: "segment", source, start: ms(start), end: ms(end), predictions: name(scores) });
}

function resultLine(
  { source, frames, duration }: Video,
  { card, warnings: ofModel }: OpenedModel,
  predictions: readonly Prediction[],
  timings: Readonly<Record<string, number>>,
  ofVideo: readonly string[],
): string {
  const rounded = Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms * 100) / 100]));
  const warnings = [...ofModel, ...ofVideo];
  const more = warnings.length > 0 ? { warnings } : {};
  return JSON.stringify({
    type: "result",
    source: nameOfSource(source),
    model: card.name,
    frames,
    duration,
    predictions,
    timings: rounded,
    ...more,
  });
}

async function drawPlot(
  file: string,
  { source, info }: Video,
  { points }: ReturnType<typeof createPlotRecorder>,
  { name, labels, fit }: Pick<Model["card"], "name" | "labels"> & { readonly fit: Fit },
  says: string,
): Promise<void> {
  // Only squashed pictures have another shape than the part of the video that they show.
  const shape = fit === "squash" && info ? { aspect: info.width / info.height } : {};
  const plot = { title: basename(nameOfSource(source)), subtitle: `${name}: ${says}`, points, labels, ...shape };
  await writeWhole(file, await renderPlot(plot, file.toLowerCase().endsWith(".png") ? "png" : "svg"), "E_PLOT_WRITE");
}
