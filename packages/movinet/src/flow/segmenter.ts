/** A part of a video with a single action. Times are in seconds from the beginning of the video. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  /** Mean probability of each class over the segment. */
  readonly scores: Float32Array;
}

/** A possible start of a segment, and the sum of all scores before it. */
interface Point {
  readonly time: number;
  readonly sum: Float64Array;
}

/** The last segment of a path through the video, and the path before it. */
interface Run {
  readonly from: Point;
  readonly before: Run | null;
}

/**
 * Cost of a new segment, in nats × seconds: a class with a probability of 0.99 against 0.001 must last 1.5 s to be
 * worth one. Chosen on twenty concatenated clips (docs/decisions.md).
 */
const switchCost = 10;
/** Added to every probability, so that a single frame cannot rule out a class for good. */
const doubt = 1e-3;

/**
 * Splits a video into segments from the scores for its recent past: the sequence of classes that maximizes `∫ log
 * p(class) dt − switchCost · switches` (exact, Viterbi's algorithm). Memory grows only with the number of segments.
 */
export class Segmenter {
  /** The best value of a path ending in each class. */
  #values = new Float64Array();
  #runs: Run[] = [];
  #sum = new Float64Array();
  #last: { readonly since: number; readonly scores: Float32Array } | null = null;

  /** Adds the probabilities that apply from `since` (seconds) until the next call. */
  add(since: number, scores: Float32Array): void {
    if (this.#last) this.#advance(this.#last, since);
    else this.#begin(scores.length);
    this.#last = { since, scores };
  }

  /** The current segment of the best path so far: its class, and its start in seconds. Null while no class has evidence. */
  get current(): { readonly index: number; readonly start: number } | null {
    const index = argmax(this.#values);
    const run = this.#runs[index];
    return run && this.#values[index] !== 0 ? { index, start: run.from.time } : null;
  }

  /** Ends the video at `time` (seconds) and returns its segments in order, without gaps. */
  end(time: number): readonly Segment[] {
    if (!this.#last) return [];
    this.#advance(this.#last, time);
    const segments: Segment[] = [];
    let end: Point = { time, sum: this.#sum };
    for (let run = this.#runs[argmax(this.#values)] ?? null; run; run = run.before) {
      if (run.from.time < end.time || run.before === null) segments.push(segmentOf(run.from, end));
      end = run.from;
    }
    return mergeEqual(segments.reverse());
  }

  #begin(classes: number): void {
    this.#values = new Float64Array(classes);
    this.#sum = new Float64Array(classes);
    const from = { time: 0, sum: this.#sum.slice() };
    this.#runs = Array.from({ length: classes }, () => ({ from, before: null }));
  }

  #advance({ since, scores }: { since: number; scores: Float32Array }, until: number): void {
    const seconds = until - since;
    if (!(seconds > 0)) return;
    const values = this.#values;
    const before = this.#sum;
    const sum = new Float64Array(before.length);
    const best = argmax(values);
    const switched = (values[best] as number) - switchCost;
    const run: Run = { from: { time: since, sum: before }, before: this.#runs[best] ?? null };
    for (let c = 0; c < values.length; c++) {
      const score = scores[c] as number;
      if ((values[c] as number) < switched) {
        values[c] = switched;
        this.#runs[c] = run;
      }
      values[c] = (values[c] as number) + seconds * Math.log(score + doubt);
      sum[c] = (before[c] as number) + seconds * score;
    }
    this.#sum = sum;
  }
}

function segmentOf(from: Point, to: Point): Segment {
  const seconds = Math.max(to.time - from.time, Number.MIN_VALUE);
  const scores = Float32Array.from(to.sum, (sum, c) => (sum - (from.sum[c] as number)) / seconds);
  return { start: from.time, end: to.time, scores };
}

/** Joins neighbours whose mean scores favour the same class. */
function mergeEqual(segments: readonly Segment[]): readonly Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments) {
    const last = merged.at(-1);
    if (!last || argmax(last.scores) !== argmax(segment.scores)) {
      merged.push(segment);
      continue;
    }
    const [before, after] = [last.end - last.start, segment.end - segment.start];
    const scores = last.scores.map(
      (score, c) => (score * before + (segment.scores[c] as number) * after) / (before + after),
    );
    merged[merged.length - 1] = { start: last.start, end: segment.end, scores };
  }
  return merged;
}

function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}
