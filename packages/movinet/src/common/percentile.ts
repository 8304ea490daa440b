/**
 * The `p`-th percentile (0..100) of unsorted values; 50 is the median. All p50, p95 and median values in this package
 * and the command line use it: linear interpolation between neighbours, as NumPy's default ("linear"). Throws a
 * `TypeError` if there are no values.
 */
export function percentile(values: ArrayLike<number>, p: number): number {
  const sorted = Float64Array.from(values).sort();
  return percentileByRank(sorted.length, p, (rank) => sorted[rank]!);
}

/**
 * {@link percentile} of `count` values in another representation: `valueAt` returns the value of a rank, from 0 for the smallest to `count` − 1.
 */
export function percentileByRank(count: number, p: number, valueAt: (rank: number) => number): number {
  if (count === 0) throw new TypeError("percentile: needs at least one value");
  const at = (p / 100) * (count - 1);
  const rank = Math.floor(at);
  const low = valueAt(rank);
  const high = valueAt(Math.ceil(at));
  return low === high ? low : low + (high - low) * (at - rank);
}
