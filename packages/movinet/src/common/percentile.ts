/**
 * The `p`-th percentile (0..100) of unordered values; 50 is the median. Every p50, p95 and median of this package
 * and of the command line is this one: linear between the two neighbours in order, as in NumPy's default ("linear").
 * Throws a `TypeError` when there are no values.
 */
export function percentile(values: ArrayLike<number>, p: number): number {
  const sorted = Float64Array.from(values).sort();
  return percentileByRank(sorted.length, p, (rank) => sorted[rank]!);
}

/**
 * {@link percentile} of `count` values that are held in another way: `valueAt` tells the value of a rank, from 0 for the
 * least to `count` − 1.
 */
export function percentileByRank(count: number, p: number, valueAt: (rank: number) => number): number {
  if (count === 0) throw new TypeError("percentile: needs at least one value");
  const at = (p / 100) * (count - 1);
  const rank = Math.floor(at);
  const low = valueAt(rank);
  const high = valueAt(Math.ceil(at));
  return low === high ? low : low + (high - low) * (at - rank);
}
