import type { Segment } from "movinet";
import type { Moment, Tile } from "./messages.ts";

/** A point of a curve: seconds, and probability. */
export interface CurvePoint {
  readonly time: number;
  readonly score: number;
}

/** What is known of a clip so far. It only grows. */
export class Recording {
  readonly moments: Moment[] = [];
  readonly tiles: Tile[] = [];
  #peaks = new Float32Array();

  add(moments: readonly Moment[], tiles: readonly Tile[]): void {
    this.tiles.push(...tiles);
    for (const moment of moments) {
      this.moments.push(moment);
      if (this.#peaks.length === 0) this.#peaks = moment.scores.slice();
      const peaks = this.#peaks;
      for (let c = 0; c < peaks.length; c++) peaks[c] = Math.max(peaks[c] as number, moment.scores[c] as number);
    }
  }

  /** The answers that hold at a time in seconds, null before there are any. Of several from the same time on, the last knows most. */
  at(time: number): Moment | null {
    let [low, high] = [0, this.moments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.moments[middle] as Moment).since <= time) low = middle + 1;
      else high = middle;
    }
    return this.moments[low - 1] ?? null;
  }

  /** The classes to draw, at most `count`: those of the segments, the longest first, then those with the highest peaks. */
  classes(count: number, segments: readonly Segment[]): readonly number[] {
    const seconds = new Map<number, number>();
    for (const { start, end, scores } of segments) {
      const best = likeliest(scores);
      seconds.set(best, (seconds.get(best) ?? 0) + end - start);
    }
    const named = [...seconds.keys()].sort((a, b) => (seconds.get(b) as number) - (seconds.get(a) as number));
    const peaks = this.#peaks;
    const highest = Array.from(peaks.keys()).sort((a, b) => (peaks[b] as number) - (peaks[a] as number) || a - b);
    return [...new Set([...named, ...highest])].slice(0, count);
  }

  /**
   * The curve of a class until so many seconds, ready to draw. If there are more than two points per column, only the lowest and
   * the highest of each column remain.
   */
  curve(index: number, until: number, columns: number): readonly CurvePoint[] {
    const points: CurvePoint[] = [];
    for (const [i, { since, scores }] of this.moments.entries()) {
      const next = this.moments[i + 1];
      if (next === undefined || next.since > since) points.push({ time: since, score: scores[index] as number });
    }
    const last = this.moments.at(-1);
    if (last !== undefined) points.push({ time: until, score: last.scores[index] as number });
    if (points.length <= 2 * columns) return points;
    const columnOf = ({ time }: CurvePoint) => Math.floor((time / until) * columns);
    const kept: CurvePoint[] = [];
    for (let from = 0; from < points.length; ) {
      let to = from;
      let [low, high] = [from, from];
      while (to < points.length && columnOf(points[to] as CurvePoint) === columnOf(points[from] as CurvePoint)) {
        if ((points[to] as CurvePoint).score < (points[low] as CurvePoint).score) low = to;
        if ((points[to] as CurvePoint).score > (points[high] as CurvePoint).score) high = to;
        to++;
      }
      kept.push(points[Math.min(low, high)] as CurvePoint);
      if (low !== high) kept.push(points[Math.max(low, high)] as CurvePoint);
      from = to;
    }
    return kept;
  }

  /** The tile nearest to a time, if one is near enough. */
  tileAt(time: number, within: number): Tile | null {
    let best: Tile | null = null;
    for (const tile of this.tiles) {
      if (Math.abs(tile.time - time) < Math.abs((best?.time ?? Number.POSITIVE_INFINITY) - time)) best = tile;
    }
    return best !== null && Math.abs(best.time - time) <= within ? best : null;
  }

  close(): void {
    for (const { picture } of this.tiles) picture.close();
  }
}

/** The class with the highest probability. */
export function likeliest(scores: Float32Array): number {
  let best = 0;
  for (let c = 1; c < scores.length; c++) if ((scores[c] as number) > (scores[best] as number)) best = c;
  return best;
}
