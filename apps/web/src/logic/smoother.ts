/** A named class and its smoothed probability. */
export interface Named {
  readonly index: number;
  /** Smoothed probability in 0..1. */
  readonly score: number;
}

/** Seconds after which an answer counts half. */
const halfLife = 0.25;
/** How much likelier another class must be to take over, so that names do not flicker. */
const margin = 0.1;

/** Smooths scores over time, and keeps a name until another one is clearly likelier. */
export class Smoother {
  #scores: Float32Array | null = null;
  #time = 0;
  #named: number | null = null;

  /** Adds the scores of a moment and returns the smoothed ones, as a new array. */
  update(scores: Float32Array, time: number): Float32Array {
    const before = this.#scores;
    const keep = before === null ? 0 : 0.5 ** (Math.max(0, time - this.#time) / halfLife);
    this.#scores = scores.map((score, c) => keep * (before?.[c] ?? 0) + (1 - keep) * score);
    this.#time = time;
    return this.#scores;
  }

  /** The class to name, or null if none reaches the threshold. */
  name(threshold: number): Named | null {
    const scores = this.#scores;
    if (scores === null) return null;
    let best = 0;
    for (const [c, score] of scores.entries()) if (score > (scores[best] as number)) best = c;
    const score = scores[best] as number;
    const kept = this.#named === null ? 0 : (scores[this.#named] as number);
    if (this.#named === null || kept < threshold || score > kept + margin)
      this.#named = score < threshold ? null : best;
    return this.#named === null ? null : { index: this.#named, score: scores[this.#named] as number };
  }

  reset(): void {
    this.#scores = null;
    this.#named = null;
  }
}
