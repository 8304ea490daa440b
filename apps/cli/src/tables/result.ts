import type { Prediction, Segment } from "movinet";
import { formatBytes } from "movinet/files";
import { topK } from "movinet/session";
import { counted, fitText, formatDuration, painter, textWidth } from "./text.ts";

/** What `renderResult` shows of one classified source. */
export interface ResultSummary {
  /** The source as the user should read it: a file name, path or URL. */
  readonly source: string;
  readonly frames: number;
  /** Seconds of video. */
  readonly duration: number;
  /** Best first. */
  readonly predictions: readonly Prediction[];
}

/** Where the time and memory of a run went. */
export interface TimingSummary {
  readonly frames: number;
  /** Seconds of video. */
  readonly seconds: number;
  readonly decodeMs: number;
  readonly preprocessMs: number;
  readonly inferMs: number;
  /** Wall time of the whole run; less than the sum of the stages where they overlap. */
  readonly totalMs: number;
  /** Median and 95th percentile of one inference step; null (not shown) where only their sum is known. */
  readonly steps: { readonly p50Ms: number; readonly p95Ms: number } | null;
  /** Seconds of video per second of wall time: above 1 is faster than the video plays. */
  readonly realTimeFactor: number;
  /** State of one stream; 0 (not shown) for a model that keeps none. */
  readonly stateBytes: number;
  readonly peakRssBytes: number;
}

const minColumns = 40;
const maxBarCells = 20;
const minBarCells = 6;
/** `100.0 %` */
const percentCells = 7;

/**
 * The block that names the action in one source, as lines without a closing newline: name, frames and duration, then one
 * line per prediction with its probability and a bar. No line is wider than `width` terminal cells (40 where it is less);
 * on a narrow terminal the bars shrink first, then long labels end in an ellipsis.
 *
 * @param options.color whether to use ANSI colours.
 */
export function renderResult(result: ResultSummary, { color, width }: { color: boolean; width: number }): string {
  const paint = painter(color);
  const columns = Math.max(minColumns, width);
  const facts = `${counted(result.frames, "frame")}, ${formatDuration(result.duration)}`;
  const source = fitText(result.source, columns - facts.length - 3, "end");
  const lines = [`${paint("bold", source)}   ${paint("dim", facts)}`];

  const room = columns - 2 - 2 - percentCells - 2;
  const widest = Math.max(0, ...result.predictions.map(({ label }) => textWidth(label)));
  const barCells = Math.min(maxBarCells, Math.max(minBarCells, room - widest));
  const labelCells = Math.min(widest, room - barCells);

  for (const [rank, { label, score }] of result.predictions.entries()) {
    const fitted = fitText(label, labelCells);
    const padding = " ".repeat(labelCells - textWidth(fitted));
    const name = rank === 0 ? paint("bold", fitted) : fitted;
    const percent = percentCell(score);
    const bar = renderBar(score, barCells);
    lines.push(`  ${name}${padding}  ${percent}${bar && `  ${paint(rank === 0 ? "green" : "cyan", bar)}`}`);
  }
  return lines.join("\n");
}

/**
 * The segments of a video as a table, one line each: from, to, the likeliest class, its probability. No line is wider
 * than `width` terminal cells (40 where it is less).
 *
 * @param labels class names in output order; null shows indexes.
 */
export function renderSegments(
  segments: readonly Segment[],
  labels: readonly string[] | null,
  { color, width }: { color: boolean; width: number },
): string {
  const paint = painter(color);
  const clock = clockFor(segments.at(-1)?.end ?? 0);
  const rows = segments.map(({ start, end, scores }) => {
    const [best] = topK(scores, labels, 1);
    return { times: `${clock(start)} – ${clock(end)}`, label: best?.label ?? "", score: best?.score ?? 0 };
  });
  const room = Math.max(minColumns, width) - 2 - (rows[0]?.times.length ?? 0) - 2 - 2 - percentCells;
  const labelCells = Math.min(room, Math.max(0, ...rows.map(({ label }) => textWidth(label))));
  return rows
    .map(({ times, label, score }) => {
      const fitted = fitText(label, labelCells);
      const padding = " ".repeat(labelCells - textWidth(fitted));
      return `  ${paint("dim", times)}  ${fitted}${padding}  ${percentCell(score)}`;
    })
    .join("\n");
}

/** Seconds as `m:ss.s`, or `h:mm:ss.s` in a video of an hour and more; all of one width. */
function clockFor(longest: number): (seconds: number) => string {
  const text = (seconds: number) => {
    const tenths = Math.round(seconds * 10);
    const part = (value: number) => String(Math.floor(value)).padStart(2, "0");
    const [hours, minutes, rest] = [Math.floor(tenths / 36_000), (tenths / 600) % 60, (tenths / 10) % 60];
    const short = `${longest >= 3599.95 ? part(minutes) : Math.floor(minutes)}:${part(rest)}.${tenths % 10}`;
    return longest >= 3599.95 ? `${hours}:${short}` : short;
  };
  return (seconds) => text(seconds).padStart(text(longest).length);
}

/**
 * The end of a run in three lines of at most 80 cells, without a closing newline: how long it took, where the time went,
 * what a step and the memory cost.
 */
export function renderTimings(timings: TimingSummary, { color }: { color: boolean }): string {
  const paint = painter(color);
  const { frames, seconds, realTimeFactor, stateBytes, steps } = timings;
  const state = stateBytes > 0 ? `state ${formatBytes(stateBytes)}, ` : "";
  const step = steps ? `p50 ${formatMs(steps.p50Ms)}, p95 ${formatMs(steps.p95Ms)}, ` : "";
  const rows = {
    time:
      `${formatMs(timings.totalMs)} for ${counted(frames, "frame")}, ${formatDuration(seconds)} of video ` +
      `(${realTimeFactor.toFixed(realTimeFactor < 1 ? 2 : realTimeFactor < 10 ? 1 : 0)}x real time)`,
    stages:
      `decode ${formatMs(timings.decodeMs)}, preprocess ${formatMs(timings.preprocessMs)}, ` +
      `infer ${formatMs(timings.inferMs)}`,
    steps: `${step}${state}peak memory ${formatBytes(timings.peakRssBytes)}`,
  };
  return Object.entries(rows)
    .map(([name, row]) => `  ${paint("dim", name.padEnd(6))}  ${row}`)
    .join("\n");
}

function percentCell(score: number): string {
  return `${(score * 100).toFixed(1)} %`.padStart(percentCells);
}

/** A bar of `score × cells` terminal cells, rounded to eighths: none at 0.0 %, at least one eighth above. */
function renderBar(score: number, cells: number): string {
  const eighths = Number(score.toFixed(3)) > 0 ? Math.max(1, Math.round(score * cells * 8)) : 0;
  const rest = eighths % 8;
  return "█".repeat((eighths - rest) / 8) + (rest === 0 ? "" : "▏▎▍▌▋▊▉".charAt(rest - 1));
}

function formatMs(ms: number): string {
  if (ms < 99.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  return ms < 9995 ? `${(ms / 1000).toFixed(2)} s` : formatDuration(ms / 1000);
}
