import type { Picture } from "../video/frame.ts";

/** A model's answer at one moment of a video. */
export interface PlotPoint {
  /** Seconds. */
  readonly time: number;
  /** Probability in 0..1 per class, in output order. */
  readonly scores: Float32Array;
  /** For scores of the recent past: seconds from which they hold, until those of the next point; never decreases. Default: `time`. */
  readonly since?: number;
  /** The picture at that moment; only a few of all points' pictures are shown. */
  readonly thumbnail?: Picture;
}

/** A class that never exceeded this cannot compete with the final ranking: early frames are guesses. */
const rivalPeak = 0.25;

/**
 * The classes that deserve a line, best final score first, at most `k`.
 *
 * The answer (highest final score) is always included. Then come the classes that ever reached 0.25, by the area under
 * their curve, so that an action in the first half of a video is not hidden by its end. The rest are the highest final
 * scores.
 */
export function choosePlotClasses(points: readonly PlotPoint[], k = 5): number[] {
  const final = points.at(-1)?.scores ?? new Float32Array();
  const peaks = new Float32Array(final.length);
  const areas = new Float64Array(final.length);
  for (const { scores } of points) {
    for (const [index, score] of scores.entries()) {
      peaks[index] = Math.max(peaks[index]!, score);
      areas[index] = areas[index]! + score;
    }
  }
  const byFinal = Array.from(final.keys()).sort((a, b) => final[b]! - final[a]! || a - b);
  const rivals = byFinal.filter((index) => peaks[index]! >= rivalPeak).sort((a, b) => areas[b]! - areas[a]!);
  const wanted = new Set([...byFinal.slice(0, 1), ...rivals, ...byFinal]);
  const kept = new Set(Array.from(wanted).slice(0, k));
  return byFinal.filter((index) => kept.has(index));
}

/** One vertex of a line: seconds and probability. */
export interface LinePoint {
  readonly time: number;
  readonly score: number;
}

/**
 * A line of at most `limit` points (at least 4) that looks the same: the ends, and the lowest and highest point of
 * each interval, so that no peak is lost.
 */
export function thinLine(line: readonly LinePoint[], limit = 600): LinePoint[] {
  if (line.length <= limit) return [...line];
  const inner = line.slice(1, -1);
  const stretches = Math.floor((limit - 2) / 2);
  const kept = [line[0]!];
  for (let i = 0; i < stretches; i++) {
    const from = Math.floor((i * inner.length) / stretches);
    const stretch = inner.slice(from, Math.floor(((i + 1) * inner.length) / stretches));
    const low = stretch.reduce((a, b) => (b.score < a.score ? b : a));
    const high = stretch.reduce((a, b) => (b.score > a.score ? b : a));
    kept.push(...(low === high ? [low] : low.time < high.time ? [low, high] : [high, low]));
  }
  kept.push(line.at(-1)!);
  return kept;
}

const sinceOf = ({ since, time }: PlotPoint) => since ?? time;

/** The points without those whose scores hold for no time: of several from the same moment on, the last one knows most. */
export function standingPoints(points: readonly PlotPoint[]): readonly PlotPoint[] {
  return points.filter((point, i) => i === points.length - 1 || sinceOf(points[i + 1]!) > sinceOf(point));
}

/** The line of one class over the plot's time; a single moment becomes a horizontal line. */
export function classLine(points: readonly PlotPoint[], index: number): LinePoint[] {
  const last = points.at(-1)!;
  const line = standingPoints(points).map((point) => ({ time: sinceOf(point), score: point.scores[index]! }));
  if (sinceOf(last) < last.time) line.push({ time: last.time, score: last.scores[index]! });
  if (line.length > 1) return line;
  const { start, end } = timeRange(points);
  return [start, end].map((time) => ({ time, score: line[0]!.score }));
}

/** The time range of a plot; a single moment gets half a second on either side. */
export function timeRange(points: readonly PlotPoint[]): { start: number; end: number } {
  const start = points[0]!.time;
  const end = points.at(-1)!.time;
  return end > start ? { start, end } : { start: start - 0.5, end: start + 0.5 };
}

/** The picture closest to the middle of each of `count` equal parts of the plot's time. */
export function chooseThumbnails(points: readonly PlotPoint[], count: number): Picture[] {
  const { start, end } = timeRange(points);
  const shown = points.filter((point) => point.thumbnail !== undefined);
  if (shown.length === 0) return [];
  return Array.from({ length: count }, (_, i) => {
    const middle = start + ((i + 0.5) / count) * (end - start);
    return shown.reduce((a, b) => (Math.abs(b.time - middle) < Math.abs(a.time - middle) ? b : a)).thumbnail!;
  });
}

const tickSteps = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800,
];

/**
 * At most seven round times in seconds (or the only one, for a single point), and their labels: `4 s`, or minutes and
 * seconds from two minutes on.
 */
export function timeTicks(points: readonly PlotPoint[]): { time: number; text: string }[] {
  const { start, end } = timeRange(points);
  const step = tickSteps.find((candidate) => (end - start) / candidate <= 6) ?? Math.ceil((end - start) / 6);
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  const write = (time: number) => ({ time, text: timeText(time, end, digits) });
  if (points.length === 1) return [write(points[0]!.time)];
  const first = Math.ceil(start / step - 1e-6);
  const count = Math.floor(end / step + 1e-6) - first + 1;
  return Array.from({ length: count }, (_, i) => write((first + i) * step));
}

/** A time in a plot that ends at `end`: seconds, or `m:ss` from two minutes on. */
export function timeText(time: number, end: number, digits = 1): string {
  return end < 120 ? `${time.toFixed(digits)} s` : clock(time);
}

/** Seconds as `m:ss` or `h:mm:ss`. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const ss = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${ss}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${ss}`;
}

/**
 * A copy of at most `width × height` pixels, each side scaled separately. Every new pixel is the mean of the pixels
 * under it.
 */
export function shrinkPicture(picture: Picture, width: number, height: number): Picture {
  const size = { width: Math.min(picture.width, width), height: Math.min(picture.height, height) };
  const data = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y++) {
    const [top, bottom] = span(y, size.height, picture.height);
    for (let x = 0; x < size.width; x++) {
      const [left, right] = span(x, size.width, picture.width);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++)
            sum += picture.data[(row * picture.width + column) * 3 + channel]!;
        }
        data[(y * size.width + x) * 3 + channel] = Math.round(sum / ((bottom - top) * (right - left)));
      }
    }
  }
  return { data, ...size };
}

/** A copy of a picture whose longer side has at most this many pixels. */
export function keepsake(picture: Picture, longest: number): Picture {
  const factor = Math.min(1, longest / Math.max(picture.width, picture.height));
  return shrinkPicture(picture, Math.ceil(picture.width * factor), Math.ceil(picture.height * factor));
}

/** The source pixels, at least one, under pixel `i` of `to`. */
function span(i: number, to: number, from: number): [number, number] {
  const start = Math.floor((i * from) / to);
  return [start, Math.max(start + 1, Math.floor(((i + 1) * from) / to))];
}

/** Twice what a plot shows, so that thinning still leaves one near every position. */
const maxThumbnails = 40;
const thumbnailPixels = 160;

/** Collects the points of a plot during classification; memory does not grow with the number of pictures. */
export interface PlotRecorder {
  readonly points: readonly PlotPoint[];
  /** Adds a moment in seconds, later than all before; `since` as of a {@link PlotPoint}. Copies `scores` and a small version of `picture`. */
  add(time: number, scores: Float32Array, picture: Picture, since?: number): void;
}

/**
 * A recorder for `renderPlot`: keeps all scores, and small pictures of at most 40 moments distributed over the whole
 * video.
 */
export function createPlotRecorder(): PlotRecorder {
  const points: PlotPoint[] = [];
  let stride = 1;
  return {
    points,
    add(time, scores, picture, since = time) {
      if (points.length / stride >= maxThumbnails) {
        stride *= 2;
        for (const [i, point] of points.entries()) {
          if (i % stride !== 0)
            points[i] = { time: point.time, scores: point.scores, since: point.since ?? point.time };
        }
      }
      const wanted = points.length % stride === 0;
      points.push({
        time,
        since,
        scores: scores.slice(),
        ...(wanted && { thumbnail: keepsake(picture, thumbnailPixels) }),
      });
    },
  };
}
