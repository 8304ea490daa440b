import { distribute } from "../data/distribute.ts";
import { randomOf } from "../random.ts";
import type { HeadSample } from "./frozen-head.ts";

const mostFolds = 5;

/** What the folds look at. */
type Grouped = Pick<HeadSample, "classes" | "group">;

/**
 * Sets of samples to hold out, one for each fold: whole groups, with classes spread over the folds as well as groups
 * allow. None where `compared`, the indexes of the samples that take part, are of fewer than two groups.
 */
export function headFolds(
  samples: readonly Grouped[],
  compared: readonly number[],
  seed: number,
  round: number,
): readonly ReadonlySet<number>[] {
  const groups = groupsOf(samples, compared);
  const count = Math.min(mostFolds, groups.length);
  if (count < 2) return [];
  const folds = Array.from({ length: count }, () => new Set<number>());
  const parts = folds.map(() => ({ share: 1 / count, heldOut: true }));
  const foldOf = distribute(classesOf(samples, groups), parts, randomOf(seed, "head folds", round));
  for (const [g, members] of groups.entries()) for (const s of members) folds[foldOf[g]!]!.add(s);
  return folds;
}

/**
 * Indexes of about `most` samples, ascending, as whole groups, with classes in their shares; of all where they are not
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
  const partOf = distribute(classesOf(samples, groups), parts, randomOf(seed, "head subset"));
  return groups.flatMap((members, g) => (partOf[g] === 0 ? members : [])).sort((a, b) => a - b);
}

function groupsOf(samples: readonly Grouped[], some: readonly number[]): readonly (readonly number[])[] {
  return [...Map.groupBy(some, (s) => samples[s]!.group ?? s).values()];
}

function classesOf(samples: readonly Grouped[], groups: readonly (readonly number[])[]) {
  return groups.map((members) => members.map((s) => samples[s]!));
}
