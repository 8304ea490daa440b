import { randomOf } from "../common/random.ts";
import type { Sample } from "../data/dataset.ts";
import { distribute } from "../data/distribute.ts";

const mostFolds = 5;

/** The relevant part of a sample. */
type Grouped = Pick<Sample, "classes" | "group">;

/**
 * Held-out sets of samples, one per fold: whole groups, each added to the smallest fold so far. Balancing the classes
 * too makes no measurable difference. None if `compared`, the indexes of the samples that take part, form fewer than
 * two groups.
 */
export function headFolds(
  samples: readonly Grouped[],
  compared: readonly number[],
  seed: number,
  round: number,
): readonly ReadonlySet<number>[] {
  const groups = randomOf(seed, "head folds", round).shuffle(groupsOf(samples, compared));
  const folds = Array.from({ length: Math.min(mostFolds, groups.length) }, () => new Set<number>());
  for (const group of groups) {
    const smallest = folds.reduce((least, fold) => (fold.size < least.size ? fold : least));
    for (const sample of group) smallest.add(sample);
  }
  return folds.length < 2 ? [] : folds;
}

/**
 * Indexes of about `most` samples, ascending, as whole groups, with classes in proportion; of all if there are no
 * more.
 */
export function someOf(samples: readonly Grouped[], most: number, seed: number): readonly number[] {
  const all = samples.map((_, s) => s);
  if (all.length <= most) return all;
  const groups = groupsOf(samples, all);
  const share = most / all.length;
  const parts = [
    { share, heldOut: false },
    { share: 1 - share, heldOut: true },
  ];
  const labelled = groups.map((members) => members.map((s) => samples[s]!));
  const partOf = distribute(labelled, parts, randomOf(seed, "head subset"));
  return groups.flatMap((members, g) => (partOf[g] === 0 ? members : [])).sort((a, b) => a - b);
}

function groupsOf(samples: readonly Grouped[], some: readonly number[]): readonly (readonly number[])[] {
  return [...Map.groupBy(some, (s) => samples[s]!.group ?? s).values()];
}
