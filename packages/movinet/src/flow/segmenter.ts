/** A stretch of a video in which one thing happens. Times are seconds from the video's beginning. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  /** Probability of each class, its mean over the segment. */
  readonly scores: Float32Array;
}

/** Where a segment may begin, and what all scores before it sum to. */
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
 * What a new segment costs, in nats × seconds: a class that the model is sure of (probability 0.99 against 0.001) must
 * last 1.5 s to be worth one. Chosen on twenty concatenated clips (docs/decisions.md).
 */
const switchCost = 10;
/** Added to every probability, so that one frame in which a class is ruled out does not rule it out for good. */
const doubt = 1e-3;

/**
 * Cuts a video into segments from what a model says of its recent past: the sequence of classes that maximizes
 * `∫ log p(class) dt − switchCost · switches` (Viterbi's algorithm, exact). Memory does not grow with the video, but for
 * its segments.
 */
export class Segmenter {
  /** The best value of a path that ends in each class. */
  #values = new Float64Array();
  #runs: Run[] = [];
  #sum = new Float64Array();
  #last: { readonly since: number; readonly scores: Float32Array } | null = null;

  /** Takes the probabilities that hold from `since` (seconds) until those of the next call. */
  add(since: number, scores: Float32Array): void {
    if (this.#last) this.#advance(this.#last, since);
    else this.#begin(scores.length);
    this.#last = { since, scores };
  }

  /** The segment that the best path is in so far: its class, and the second at which it began. Null while nothing speaks for any. */
  get current(): { readonly index: number; readonly start: number } | null {
    const index = argmax(this.#values);
    const run = this.#runs[index];
    return run && this.#values[index] !== 0 ? { index, start: run.from.time } : null;
  }

  /** Ends the video at `time` (seconds) and returns its segments in order; they follow each other without gaps. */
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

/** Joins neighbours whose mean scores name the same class. */
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
