import type { DatasetError } from "../common/errors.ts";
import { randomOf } from "../common/random.ts";
import { type Dataset, datasetError, groupKey, type Sample, type Split } from "./dataset.ts";
import { distribute, type Part } from "./distribute.ts";
import { splitsByGroup } from "./groups.ts";

/** One round of a cross-validation, each part in the dataset's order. */
export interface Fold {
  readonly train: readonly Sample[];
  readonly validation: readonly Sample[];
}

/** Samples by purpose. */
export interface SplitSamples extends Fold {
  /** The dataset's own test split; empty if it has none. */
  readonly test: readonly Sample[];
}

export interface SplitOptions {
  /** Share of the clips for validation, 0 (none) .. below 1. Default 0.2. */
  readonly validation?: number;
  readonly seed: number;
}

/**
 * Splits a dataset for training. A group (else a file) never crosses; classes keep their proportions as closely as
 * groups allow, and each has samples in training. The dataset's own splits are respected: samples without one join the
 * split of their group, else training; if there is no validation sample, validation is taken out of training as above.
 * The same samples and seed give the same split. Throws {@link DatasetError} (`E_DATASET_SPLIT`) if no split leaves
 * samples of every class in training and some for validation.
 */
export function splitSamples(dataset: Dataset, { validation = 0.2, seed }: SplitOptions): SplitSamples {
  if (!(validation >= 0 && validation < 1)) throw new TypeError(`validation must be in 0..1, got ${validation}`);
  const own = splitsByGroup(dataset.samples);
  const parts: Record<Split, Sample[]> = { train: [], validation: [], test: [] };
  for (const sample of dataset.samples) parts[own.get(sample) ?? "train"].push(sample);
  if (parts.validation.length === 0 && validation > 0) {
    const groups = groupsOf(parts.train);
    const shares = [
      { share: 1 - validation, heldOut: false },
      { share: validation, heldOut: true },
    ];
    const kept = keepEveryClass(spread(groups, shares, seed), groups);
    if (!kept) throw noSplit(dataset, parts.train, groups);
    parts.validation = samplesOf(groups, kept, 1, parts.train);
    parts.train = samplesOf(groups, kept, 0, parts.train);
  }
  checkTraining(dataset, parts);
  return parts;
}

/**
 * Splits a dataset into `k` folds: each is the validation part of one round, while the others train. A group (else a
 * file) never crosses; classes are distributed over the folds as evenly as groups allow. With `k` equal to the number
 * of groups, each round leaves one group out. The dataset's test split is excluded; its other splits are ignored. The
 * same samples and seed give the same folds. Throws {@link DatasetError} (`E_DATASET_SPLIT`) if there are fewer groups
 * than folds.
 *
 * @param k at least 2.
 */
export function foldSamples(dataset: Dataset, k: number, seed: number): readonly Fold[] {
  if (!Number.isInteger(k) || k < 2) throw new TypeError(`folds must be at least 2, got ${k}`);
  const samples = notForTesting(dataset);
  const groups = groupsOf(samples);
  if (groups.length < k) {
    const problem = `${k} folds need ${k} groups, but the ${samples.length} clips form only ${groups.length}`;
    throw splitError(dataset, problem, "Use fewer folds, or add clips from other people or places");
  }
  const every = Array.from({ length: k }, (): Part => ({ share: 1 / k, heldOut: true }));
  const parts = spread(groups, every, seed);
  const foldOf = new Map(groups.flatMap((group, g) => group.samples.map((sample) => [sample, parts[g]])));
  return every.map((_, fold) => ({
    train: samples.filter((sample) => foldOf.get(sample) !== fold),
    validation: samples.filter((sample) => foldOf.get(sample) === fold),
  }));
}

/** The number of groups in a dataset: the largest possible number of folds. */
export function countGroups(dataset: Dataset): number {
  return groupsOf(notForTesting(dataset)).length;
}

function notForTesting({ samples }: Dataset): readonly Sample[] {
  const own = splitsByGroup(samples);
  return samples.filter((sample) => own.get(sample) !== "test");
}

interface Group {
  readonly samples: readonly Sample[];
  /** Classes that occur in it. */
  readonly classes: ReadonlySet<number>;
}

function groupsOf(samples: readonly Sample[]): readonly Group[] {
  return Array.from(Map.groupBy(samples, groupKey), ([, own]) => ({ samples: own, classes: classesOf(own) }));
}

function classesOf(samples: readonly Sample[]): ReadonlySet<number> {
  return new Set(samples.flatMap(({ classes }) => classes));
}

function spread(groups: readonly Group[], parts: readonly Part[], seed: number): readonly number[] {
  const members = groups.map(({ samples }) => samples);
  return distribute(members, parts, randomOf(seed, "split"));
}

function samplesOf(groups: readonly Group[], parts: readonly number[], part: number, all: readonly Sample[]): Sample[] {
  const chosen = new Set(groups.flatMap((group, g) => (parts[g] === part ? group.samples : [])));
  return all.filter((sample) => chosen.has(sample));
}

/** Moves groups out of part 1 until part 0 has every class; null if nothing can then be in part 1. */
function keepEveryClass(parts: readonly number[], groups: readonly Group[]): readonly number[] | null {
  const kept = [...parts];
  const inTraining = new Map<number, number>();
  const add = ({ classes }: Group, sign: 1 | -1) => {
    for (const c of classes) inTraining.set(c, (inTraining.get(c) ?? 0) + sign);
  };
  for (const [g, part] of kept.entries()) if (part === 0) add(groups[g]!, 1);
  for (const [g, group] of groups.entries()) {
    const needed = [...group.classes].some((c) => !inTraining.get(c));
    if (kept[g] === 0 || !needed) continue;
    kept[g] = 0;
    add(group, 1);
  }
  if (kept.includes(1)) return kept;
  const spare = groups.findIndex(({ classes }) => [...classes].every((c) => inTraining.get(c)! > 1));
  if (spare < 0) return null;
  kept[spare] = 1;
  return kept;
}

function splitError(dataset: Dataset, problem: string, remedy: string): DatasetError {
  return datasetError("E_DATASET_SPLIT", dataset.path, problem, remedy);
}

function noSplit(dataset: Dataset, samples: readonly Sample[], groups: readonly Group[]): DatasetError {
  const problem =
    groups.length === 1
      ? `all ${samples.length} clips belong to one group, so none can be held out for validation`
      : `none of the ${groups.length} groups can be held out for validation: each has the only clips of some class`;
  return splitError(dataset, problem, "Add clips from other people or places to each class");
}

function checkTraining(dataset: Dataset, { train, validation, test }: SplitSamples): void {
  if (train.length === 0) throw splitError(dataset, "no clips are left for training", "Correct the splits");
  const trained = classesOf(train);
  const untrained = [...classesOf([...validation, ...test])].find((c) => !trained.has(c));
  if (untrained === undefined) return;
  const problem = `the class ${dataset.labels[untrained]} has no training clips`;
  throw splitError(dataset, problem, "Add some, or correct the splits");
}
