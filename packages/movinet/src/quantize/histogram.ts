import type { Range } from "../graph/quantize.ts";

/**
 * How a range is chosen from the numbers that occurred: all of them; all but one of ten thousand at either end; or so that the
 * mean squared error of rounding and clipping is least.
 */
export const rangeMethods = ["minmax", "percentile", "mse"] as const;
export type RangeMethod = (typeof rangeMethods)[number];

/** Bins on either side of 0. */
const half = 1024;
/** Share of the numbers that `percentile` clips at either end. */
const clipped = 1e-4;
/** `mse` tries either end as it is, and nearer to 0 by every 64th down to a quarter of it. */
const [shares, fewest] = [64, 16];

/** Counts numbers in bins of equal width around 0, which become twice as wide whenever a number lies outside. */
export class Histogram {
  #least = 0;
  #most = 0;
  #bound = 2 ** -10;
  readonly #bins = new Float64Array(2 * half);
  #count = 0;

  /** The numbers that occurred, and 0. */
  get extremes(): Range {
    return [this.#least, this.#most];
  }

  /** Throws `RangeError` for a number that is not finite. */
  add(values: Float32Array): void {
    let [least, most] = [0, 0];
    let total = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (value < least) least = value;
      else if (value > most) most = value;
      total += value;
    }
    if (!Number.isFinite(total)) throw new RangeError("it has numbers that are not finite");
    this.#least = Math.min(this.#least, least);
    this.#most = Math.max(this.#most, most);
    while (Math.max(-least, most) >= this.#bound) this.#widen();
    const scale = half / this.#bound;
    const bins = this.#bins;
    for (let i = 0; i < values.length; i++) {
      const bin = Math.floor((values[i] as number) * scale) + half;
      bins[bin] = (bins[bin] as number) + 1;
    }
    this.#count += values.length;
  }

  range(method: RangeMethod): Range {
    if (method === "percentile") return this.#percentile();
    return method === "mse" ? this.#leastError() : this.extremes;
  }

  /** Share of the numbers outside a range, to a thousandth of the widest number. */
  outside([low, high]: Range): number {
    const width = this.#bound / half;
    let count = 0;
    for (const [bin, times] of this.#bins.entries()) {
      const begin = (bin - half) * width;
      if (begin + width < low || begin > high) count += times;
    }
    return this.#count === 0 ? 0 : count / this.#count;
  }

  #widen(): void {
    const bins = this.#bins;
    const pairs = Float64Array.from({ length: half }, (_, i) => (bins[2 * i] as number) + (bins[2 * i + 1] as number));
    bins.fill(0);
    bins.set(pairs, half / 2);
    this.#bound *= 2;
  }

  #percentile(): Range {
    const allowed = clipped * this.#count;
    const width = this.#bound / half;
    let [low, high] = [0, this.#bins.length - 1];
    for (let below = 0; low < half; low++) {
      below += this.#bins[low] as number;
      if (below > allowed) break;
    }
    for (let above = 0; high >= half; high--) {
      above += this.#bins[high] as number;
      if (above > allowed) break;
    }
    return [Math.max(this.#least, (low - half) * width), Math.min(this.#most, (high + 1 - half) * width)];
  }

  #leastError(): Range {
    const [least, most] = this.extremes;
    const high = this.#bestOf((share) => [least, most * share])[1];
    return this.#bestOf((share) => [least * share, high]);
  }

  #bestOf(rangeOf: (share: number) => Range): Range {
    let best = rangeOf(1);
    let smallest = Infinity;
    for (let share = shares; share >= fewest; share--) {
      const range = rangeOf(share / shares);
      const error = this.#errorOf(range);
      if (error < smallest) [best, smallest] = [range, error];
    }
    return best;
  }

  /** Mean squared error if everything is rounded to 256 steps in a range, and clipped to it. */
  #errorOf([low, high]: Range): number {
    const width = this.#bound / half;
    const rounding = ((high - low) / 255) ** 2 / 12;
    let sum = 0;
    for (const [bin, count] of this.#bins.entries()) {
      if (count === 0) continue;
      const middle = (bin + 0.5 - half) * width;
      const beyond = Math.max(low - middle, middle - high, 0);
      sum += count * (beyond > 0 ? beyond ** 2 : rounding);
    }
    return sum / this.#count;
  }
}
