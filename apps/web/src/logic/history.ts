/** The scores of the last seconds, for the curve. */
export class History {
  readonly #seconds: number;
  #moments: { readonly time: number; readonly scores: Float32Array }[] = [];

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** Seconds of the newest moment, null before any. */
  get now(): number | null {
    return this.#moments.at(-1)?.time ?? null;
  }

  add(time: number, scores: Float32Array): void {
    this.#moments.push({ time, scores });
    const first = this.#moments.findIndex((moment) => moment.time >= time - this.#seconds);
    if (first > 0) this.#moments.splice(0, first);
  }

  clear(): void {
    this.#moments = [];
  }

  /** The classes with the highest peaks in it, highest first. */
  peaks(count: number): readonly number[] {
    const highest = new Float32Array(this.#moments[0]?.scores.length ?? 0);
    for (const { scores } of this.#moments) {
      for (let c = 0; c < highest.length; c++) highest[c] = Math.max(highest[c] as number, scores[c] as number);
    }
    const order = Array.from(highest.keys()).sort((a, b) => (highest[b] as number) - (highest[a] as number) || a - b);
    return order.slice(0, count);
  }

  /** Times in seconds, rising, and the probabilities of each of these classes in percent. */
  curves(classes: readonly number[]): [times: number[], ...curves: number[][]] {
    const times = this.#moments.map(({ time }) => time);
    return [times, ...classes.map((c) => this.#moments.map(({ scores }) => 100 * (scores[c] ?? 0)))];
  }
}
