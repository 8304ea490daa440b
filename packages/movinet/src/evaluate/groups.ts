/** Clips of one group (a person, a source video) are right or wrong together: how much they tell. */

/** Of fewer groups than this, nothing sure can be said about others. */
export const fewestGroups = 5;

/** The least that covers 93 % in every cell of `bench/results/statistics.csv`, with a margin. */
const caution = 1.2;

/** How many groups there are; a clip whose group is null is one of its own. */
export function groupCount(groups: readonly (string | null)[]): number {
  return new Set(groups.map((group, clip) => group ?? clip)).size;
}

/** Whether there is a group of several clips. */
export function sharesGroups(groups: readonly (string | null)[]): boolean {
  return groupCount(groups) < groups.length;
}

/** Whether what is said of these clips holds for others: each stands alone, or there are at least five groups. */
export function enoughGroups(groups: readonly (string | null)[]): boolean {
  return !sharesGroups(groups) || groupCount(groups) >= fewestGroups;
}

/**
 * As many independent clips would tell as much about the mean of `values` as these do: `values.length` where each clip
 * stands alone. Kish's effective sample size n / (1 + (Σm² / n − 1) ρ) with groups of m clips, where ρ is the correlation
 * within groups: estimated from the variance between groups, but at least {@link caution} / √ν, which so few groups cannot rule out. ν
 * is on how many groups the estimate rests: n² / Σm² groups of equal size, or (Σr²)² / Σr⁴ of what the groups' sums are
 * off their expectation, whichever is less. Where groups do not differ at all, ρ cannot be estimated and is 1.
 *
 * Chosen by simulation (`bench/statistics.ts`): with the estimate alone, intervals cover too little where a few groups
 * fail as a whole and happen not to be among those seen.
 */
export function effectiveClips(values: readonly number[], groups: readonly (string | null)[]): number {
  const clips = values.length;
  const blocks = blocksOf(values, groups);
  if (blocks.length === clips) return clips;
  const mean = values.reduce((sum, value) => sum + value, 0) / clips;
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / clips - mean ** 2;
  const size = blocks.reduce((sum, block) => sum + block.size ** 2, 0) / clips;
  const equal = clips / size;
  const squares = blocks.map((block) => (block.sum - mean * block.size) ** 2);
  const between = squares.reduce((sum, square) => sum + square, 0);
  if (between <= 1e-9 * clips) return equal;
  const effect = ((equal / (equal - 1)) * between) / (clips * variance);
  const estimate = Math.min(1, Math.max(0, (effect - 1) / (size - 1)));
  const telling = Math.min(equal, between ** 2 / squares.reduce((sum, square) => sum + square ** 2, 0));
  const correlation = Math.max(estimate, Math.min(1, caution / Math.sqrt(telling)));
  return clips / (1 + (size - 1) * correlation);
}

/** Each group's number of clips and sum of values; in an order that does not depend on that of the clips. */
function blocksOf(values: readonly number[], groups: readonly (string | null)[]) {
  const blocks = new Map<string | number, { size: number; sum: number }>();
  for (const [i, value] of values.entries()) {
    const key = groups[i] ?? i;
    const block = blocks.get(key) ?? { size: 0, sum: 0 };
    block.size++;
    block.sum += value;
    blocks.set(key, block);
  }
  return [...blocks.values()].sort((a, b) => a.size - b.size || a.sum - b.sum);
}
