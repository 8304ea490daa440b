import { percentile } from "../../percentile.ts";
import { randomOf } from "../random.ts";

/** A 95 % interval of a share, in 0..1, and how it was found. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  /** `wilson` takes every clip for independent; `groups` resamples whole groups of clips. */
  readonly by: "wilson" | "groups";
}

/** A share of clips with its 95 % interval. */
export interface Proportion {
  /** `hits / total`, in 0..1. */
  readonly value: number;
  readonly hits: number;
  /** At least 1. */
  readonly total: number;
  readonly interval: Interval;
}

/** The standard normal distribution lies within ± this with a probability of 95 %. */
const z = 1.959963984540054;
const resamples = 2000;

/**
 * Wilson's score interval of a share (Wilson 1927), which keeps within 0..1 and means something where all or none hit.
 * Throws a `TypeError` unless `0 ≤ hits ≤ total` and `total ≥ 1`.
 */
export function wilsonInterval(hits: number, total: number): Interval {
  if (!(total >= 1 && hits >= 0 && hits <= total)) throw new TypeError(`no share: ${hits} of ${total}`);
  const share = hits / total;
  const scale = 1 + z ** 2 / total;
  const centre = (share + z ** 2 / (2 * total)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / total + z ** 2 / (4 * total ** 2));
  return {
    low: hits === 0 ? 0 : Math.max(0, centre - half),
    high: hits === total ? 1 : Math.min(1, centre + half),
    by: "wilson",
  };
}

/**
 * The 95 % interval of a share from 2000 seeded resamples of whole groups; a clip whose group is null stands alone.
 * `hits` and `groups` have an entry for each clip, at least one.
 */
export function groupInterval(hits: readonly boolean[], groups: readonly (string | null)[], seed = 0): Interval {
  const blocks = blocksOf(hits.map(Number), groups);
  const sizes = blocksOf(
    hits.map(() => 1),
    groups,
  );
  return { ...resample(blocks, sizes, seed), by: "groups" };
}

/**
 * The share of hits with the interval that is to be reported: Wilson's, or, where clips share groups, the wider one of
 * it and {@link groupInterval}, for clips of a group tend to be right or wrong together.
 */
export function proportionOf(hits: readonly boolean[], groups: readonly (string | null)[], seed = 0): Proportion {
  const count = hits.filter(Boolean).length;
  const wilson = wilsonInterval(count, hits.length);
  const share = { value: count / hits.length, hits: count, total: hits.length };
  if (!sharesGroups(groups)) return { ...share, interval: wilson };
  const grouped = groupInterval(hits, groups, seed);
  return { ...share, interval: grouped.high - grouped.low > wilson.high - wilson.low ? grouped : wilson };
}

/** Whether there are at least two groups, one of them with several clips. */
export function sharesGroups(groups: readonly (string | null)[]): boolean {
  const count = groupCount(groups);
  return count > 1 && count < groups.length;
}

/** How many groups there are; a clip whose group is null is one of its own. */
export function groupCount(groups: readonly (string | null)[]): number {
  const alone = groups.filter((group) => group === null).length;
  return alone + new Set(groups.filter((group) => group !== null)).size;
}

/** The sum of each group's values. */
export function blocksOf(values: readonly number[], groups: readonly (string | null)[]): number[] {
  const sums = new Map<string | number, number>();
  for (const [i, value] of values.entries()) {
    const key = groups[i] ?? i;
    sums.set(key, (sums.get(key) ?? 0) + value);
  }
  return [...sums.values()];
}

/** The middle 95 % of Σ sums / Σ sizes over resamples of blocks, drawn with replacement. */
export function resample(
  sums: readonly number[],
  sizes: readonly number[],
  seed: number,
): { low: number; high: number } {
  const random = randomOf(seed, "bootstrap");
  const values = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    let size = 0;
    for (let i = 0; i < sums.length; i++) {
      const block = random.below(sums.length);
      sum += sums[block] as number;
      size += sizes[block] as number;
    }
    return sum / size;
  });
  return { low: percentile(values, 2.5), high: percentile(values, 97.5) };
}
