import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { type Fit, type Frame, type Model, type Prediction, renderSubtitles, type Segment, Segmenter } from "movinet";
import { bytesOfPath, nameOfSource, type OpenedModel, writeWhole } from "movinet/files";
import {
  classifyFrames,
  doubtAboutChanges,
  doubtAboutFrames,
  type FrameResult,
  type Program,
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
import type { Sorter } from "./sorter.ts";

/** From this length on (seconds), one answer for the whole video says too little: segments are shown unless refused. */
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
  /** Sorts clips by their labels; null: they are not to be sorted. */
  readonly sorter: Sorter | null;
  readonly signal: AbortSignal;
}

/** Classifies one source with what `program` compiles to, and gives its lines to `output`. Returns its best answer; throws when that fails. */
export async function classifyOne(
  source: string,
  program: Program,
  output: SourceOutput,
  context: RunContext,
): Promise<Prediction | null> {
  const { model, settings, terminal, tally, progress, sorter } = context;
  const { card } = model;
  const { lines } = settings;
  const named = nameOfSource(source);
  const warnAbout = (file: string) => (warning: string) => terminal.warn(`movinet: ${file}: warning: ${warning}`);
  const { annotate } = settings;
  const annotation = annotate === undefined ? null : new Annotation(annotate, card.labels, warnAbout(annotate));
  const { video, fps, fit } = open(source, context, annotation?.copy);
  const frames = video[Symbol.asyncIterator]();
  try {
    const first = await frames.next();
    const known = video.info?.duration ?? null;
    const isFile = await canBeReadAgain(source);
    const cut = settings.segments ?? (known === null || known > longVideo || !isFile);
    const segmenter = new Segmenter();
    let recorder = settings.plot === undefined ? null : createPlotRecorder();
    const isLastEnough =
      settings.every === "final" &&
      recorder === null &&
      annotation === null &&
      !cut &&
      known !== null &&
      known > longVideo;
    const isAwaited = annotation !== null || !isFile;
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
      // One cumulative answer is useless for a long video: its plot shows each moment.
      if (recorder) record(recorder, result, cut);
      annotation?.add({ scores: (cut && result.recent?.scores) || result.scores, segmenter: cut ? segmenter : null });
      if (settings.every === "frame") {
        const answers = name(result.scores);
        output.line(
          lines?.frame(named, result.frame, result.time, answers) ?? renderFrame(result.time, answers, terminal),
        );
      }
    }
    if (!scores) throw new Error("internal: the video ended without a frame and without an error");
    timings.decodeMs = video.decodeMs;
    const { duration } = video;
    let segments = segmenter.end(duration);
    if (!cut && segments.length > 1) {
      if (recorder) recorder = createPlotRecorder();
      segments = await lookAgain(source, program, context, timings, recorder);
    }
    const isLong = duration > longVideo;
    const doubts = [doubtAboutFrames(video.frames), isLong || settings.segments ? null : doubtAboutChanges(segments)];
    const warnings = [...video.warnings, ...doubts.filter((doubt) => doubt !== null)];
    warnings.forEach(warnAbout(named));
    const predictions = name(scores);
    const [best] = predictions;
    if (settings.subtitles !== undefined) {
      const format = settings.subtitles.toLowerCase().endsWith(".srt") ? "srt" : "vtt";
      await writeWhole(settings.subtitles, renderSubtitles(segments, card.labels, format), "E_SUBTITLES_WRITE");
    }
    const shown = (settings.segments ?? (isLong || segments.length > 1)) ? segments : [];
    if (settings.plot !== undefined && recorder) {
      const says = shown.length > 0 ? segmentsText(shown, card.labels) : answerText(best);
      const material = { video, recorder, segments: shown, card: { ...card, fit }, says };
      await drawPlot(settings.plot, material, settings, warnAbout(settings.plot));
    }
    const sorted = sorter && best ? await sorter.sort(source, best) : null;
    if (lines) {
      for (const segment of shown) output.line(lines.segment(named, segment, name(segment.scores)));
      const { arithmetic } = program;
      const facts = {
        source: named,
        model: card.name,
        arithmetic,
        frames: video.frames,
        duration,
        predictions,
        timings,
      };
      output.line(lines.result({ ...facts, warnings: [...model.warnings, ...warnings], sorted }));
    } else {
      const table = { color: terminal.color, width: terminal.room };
      const summary = { source: named, frames: video.frames, duration, predictions };
      output.line(renderResult(summary, table));
      if (shown.length > 0) output.line(`\n${renderSegments(shown, card.labels, table)}`);
      output.line("");
    }
    output.end();
    tally.addSource({ frames: video.frames, seconds: duration, ...timings });
    return best ?? null;
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

/** The segments of a video that seemed to change, from a session that costs more than the estimate; adds to `timings` and `recorder`. */
async function lookAgain(
  source: string,
  program: SessionSource,
  context: RunContext,
  timings: { decodeMs: number; preprocessMs: number; inferMs: number },
  recorder: PlotRecorder | null,
): Promise<readonly Segment[]> {
  const { video, fit } = open(source, context, undefined);
  const segmenter = new Segmenter();
  try {
    for await (const result of classifyFrames(video, program, { recent: true, answers: "grouped", fit })) {
      timings.preprocessMs += result.timings.preprocessMs;
      timings.inferMs += result.timings.inferMs;
      if (result.recent) segmenter.add(result.recent.since, result.recent.scores);
      if (recorder) record(recorder, result, true);
    }
    timings.decodeMs += video.decodeMs;
    return segmenter.end(video.duration);
  } finally {
    await video[Symbol.asyncDispose]();
  }
}

/** Records scores for the plot: cumulative, or of the recent past alone. */
function record(recorder: PlotRecorder, { time, scores, picture, recent }: FrameResult, recentOnly: boolean): void {
  if (recentOnly && recent) recorder.add(time, recent.scores, picture, recent.since);
  else recorder.add(time, scores, picture);
}

/** Frames of which the first was read already, to know the video's length before its classification begins. */
async function* rejoin(first: IteratorResult<Frame, void>, rest: AsyncGenerator<Frame, void>): AsyncGenerator<Frame> {
  if (!first.done) yield first.value;
  yield* rest;
}

/** The same frames; `before` is called with each as it comes, `after` once the next is requested. */
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

function renderFrame(time: number, predictions: readonly Prediction[], { room }: Terminal): string {
  const best = predictions.slice(0, 3).map(({ label, score }) => `${label} ${percentText(score)}`);
  return `${time.toFixed(2).padStart(8)} s  ${best.join(", ")}`.slice(0, Math.max(40, room));
}

function answerText(best: Prediction | undefined): string {
  return best ? `${best.label}, ${percentText(best.score)}` : "";
}

/** What is seen one after the other, or how many segments there are where that is more than a line. */
function segmentsText(segments: readonly Segment[], labels: readonly string[] | null): string {
  const names = segments.map(({ scores }) => topK(scores, labels, 1)[0]?.label ?? "");
  const told = names.join(", then ");
  return told.length <= 70 ? told : `${segments.length} segments`;
}

type PlotRecorder = ReturnType<typeof createPlotRecorder>;

interface PlotMaterial {
  readonly video: Video;
  readonly recorder: PlotRecorder;
  readonly segments: readonly Segment[];
  readonly card: Pick<Model["card"], "name" | "labels"> & { readonly fit: Fit };
  readonly says: string;
}

async function drawPlot(
  file: string,
  { video: { source, info }, recorder: { points }, segments, card: { name, labels, fit }, says }: PlotMaterial,
  { plotShape: shape = "portrait" }: Pick<ClassifySettings, "plotShape">,
  warn: (warning: string) => void,
): Promise<void> {
  // Only squashed pictures have another shape than the part of the video that they show.
  const squashed = fit === "squash" && info ? { aspect: info.width / info.height } : {};
  const title = basename(nameOfSource(source));
  const plot = { title, subtitle: `${name}: ${says}`, points, labels, segments, shape, ...squashed };
  const format = file.toLowerCase().endsWith(".png") ? "png" : "svg";
  await writeWhole(file, await renderPlot(plot, format, warn), "E_PLOT_WRITE");
}
