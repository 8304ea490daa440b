/** Seconds for which rows keep their order, so that they can be read. */
const settle = 0.5;

/** The likeliest classes in a readable order: the leader moves up at once, the others twice a second. */
export class Ranking {
  readonly #count: number;
  #classes: readonly number[] = [];
  #since = Number.NEGATIVE_INFINITY;

  constructor(count: number) {
    this.#count = count;
  }

  /** Classes, likeliest first. */
  update(scores: Float32Array, time: number): readonly number[] {
    const order = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
    if (order[0] === this.#classes[0] && time >= this.#since && time - this.#since < settle) return this.#classes;
    this.#classes = order.slice(0, this.#count);
    this.#since = time;
    return this.#classes;
  }
}
