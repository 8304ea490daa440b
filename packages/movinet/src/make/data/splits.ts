import { DatasetError } from "../../errors.ts";
import { type Random, randomOf } from "../random.ts";
import { type Dataset, groupKey, type Sample, type Split } from "./dataset.ts";

/** Samples by what they are for, each part in the dataset's order. */
export interface SplitSamples {
  readonly train: readonly Sample[];
  readonly validation: readonly Sample[];
  /** What the dataset itself keeps aside; empty where it says nothing. */
  readonly test: readonly Sample[];
}

/** One round of a cross-validation. */
export interface Fold {
  readonly train: readonly Sample[];
  readonly validation: readonly Sample[];
}

export interface SplitOptions {
  /** Share of the clips to validate with, 0 (none) .. below 1. Default 0.2. */
  readonly validation?: number;
  readonly seed: number;
}

/**
 * Splits a dataset for training. A group (else a file) never crosses; classes keep their shares as well as groups allow,
 * and each has samples in training. Where the dataset names splits itself, these hold: samples without one go where
 * their group is, else into training; without a single sample for validation, it is taken out of training as above.
 * The same samples and seed give the same split.
 * Throws {@link DatasetError} (`E_DATASET_SPLIT`) where no split leaves samples of every class in training and some for
 * validation.
 */
export function splitSamples(dataset: Dataset, { validation = 0.2, seed }: SplitOptions): SplitSamples {
  if (!(validation >= 0 && validation < 1)) throw new TypeError(`validation must be in 0..1, got ${validation}`);
  const own = ownSplits(dataset.samples);
  const parts: Record<Split, Sample[]> = { train: [], validation: [], test: [] };
  for (const sample of dataset.samples) parts[own.get(groupKey(sample))?.get(sample) ?? "train"].push(sample);
  if (parts.validation.length === 0 && validation > 0) {
    const groups = groupsOf(parts.train);
    const kept = keepEveryClass(distribute(groups, [1 - validation, validation], [false, true], seed), groups);
    if (!kept) throw noSplit(dataset, parts.train, groups);
    parts.validation = samplesOf(groups, kept, 1, parts.train);
    parts.train = samplesOf(groups, kept, 0, parts.train);
  }
  checkTraining(dataset, parts);
  return parts;
}

/**
 * Splits a dataset into `k` folds: each is what one round validates with, while the others train. A group (else a file)
 * never crosses; classes are spread over the folds as well as groups allow. With `k` equal to the number of groups, each
 * round leaves one group out. Samples that the dataset keeps for testing take no part; its other splits do not matter.
 * The same samples and seed give the same folds.
 * Throws {@link DatasetError} (`E_DATASET_SPLIT`) where there are fewer groups than folds.
 *
 * @param k at least 2.
 */
export function foldSamples(dataset: Dataset, k: number, seed: number): readonly Fold[] {
  if (!Number.isInteger(k) || k < 2) throw new TypeError(`the folds must be at least 2, got ${k}`);
  const samples = dataset.samples.filter(({ split }) => split !== "test");
  const groups = groupsOf(samples);
  if (groups.length < k) {
    throw splitError(
      dataset,
      `${k} folds need ${k} groups, but its ${samples.length} clips are of ${groups.length}`,
      "Use fewer folds, or add clips of other people or places",
    );
  }
  const every = new Array<number>(k).fill(1 / k);
  const parts = distribute(groups, every, new Array<boolean>(k).fill(true), seed);
  const foldOf = new Map(groups.flatMap((group, g) => group.samples.map((sample) => [sample, parts[g]])));
  return every.map((_, fold) => ({
    train: samples.filter((sample) => foldOf.get(sample) !== fold),
    validation: samples.filter((sample) => foldOf.get(sample) === fold),
  }));
}

/** How many groups a dataset has: the most folds that it can be split into. */
export function countGroups(dataset: Dataset): number {
  return groupsOf(dataset.samples.filter(({ split }) => split !== "test")).length;
}

/** By group: the split of each sample, as the dataset says it for the sample, else for another of its group. */
function ownSplits(samples: readonly Sample[]): ReadonlyMap<string, ReadonlyMap<Sample, Split>> {
  const splits = groupsOf(samples).map(({ key, samples: members }) => {
    const shared = members.find(({ split }) => split !== null)?.split ?? null;
    const known = members.flatMap((member) => {
      const split = member.split ?? shared;
      return split === null ? [] : [[member, split] as const];
    });
    return [key, new Map(known)] as const;
  });
  return new Map(splits);
}

/** Counted like a class, so that the parts have their shares of all samples too. */
const everything = -1;

interface Group {
  readonly key: string;
  readonly samples: readonly Sample[];
  /** Samples of each class in it, and of {@link everything}; a sample of several classes counts for each. */
  readonly counts: ReadonlyMap<number, number>;
}

function groupsOf(samples: readonly Sample[]): readonly Group[] {
  const members = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = groupKey(sample);
    const known = members.get(key);
    if (known) known.push(sample);
    else members.set(key, [sample]);
  }
  return Array.from(members, ([key, own]) => ({ key, samples: own, counts: countAll(own) }));
}

function countClasses(samples: readonly Sample[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { classes } of samples) for (const c of classes) counts.set(c, (counts.get(c) ?? 0) + 1);
  return counts;
}

function countAll(samples: readonly Sample[]): Map<number, number> {
  return countClasses(samples).set(everything, samples.length);
}

function samplesOf(groups: readonly Group[], parts: readonly number[], part: number, all: readonly Sample[]): Sample[] {
  const chosen = new Set(groups.flatMap((group, g) => (parts[g] === part ? group.samples : [])));
  return all.filter((sample) => chosen.has(sample));
}

/** Passes over all groups that try to move each into a better part. */
const mostPasses = 20;

/**
 * Which part each group goes to, so that the parts hold about their shares of every class: greedily from the largest
 * group on, then by moving single groups while that helps. No part stays empty while there are groups for it.
 *
 * @param heldOut whether a part is kept from training: it should not hold all samples of a class.
 */
function distribute(
  groups: readonly Group[],
  shares: readonly number[],
  heldOut: readonly boolean[],
  seed: number,
): number[] {
  const random: Random = randomOf(seed, "split");
  const order = random.shuffle(groups.map((_, g) => g));
  const size = (g: number) => groups[g]!.samples.length;
  order.sort((a, b) => size(b) - size(a));
  const totals = countAll(groups.flatMap((group) => group.samples));
  const filled = shares.map(() => new Map<number, number>());
  const members = shares.map(() => 0);
  const parts = new Array<number>(groups.length).fill(-1);

  /** How much worse `part` is with the group than without it: χ² of its counts, and far more for a class held out whole. */
  const cost = (part: number, { counts }: Group): number => {
    let sum = 0;
    for (const [c, n] of counts) {
      const total = totals.get(c)!;
      const wanted = shares[part]! * total;
      const before = filled[part]!.get(c) ?? 0;
      sum += ((before + n - wanted) ** 2 - (before - wanted) ** 2) / wanted;
      if (heldOut[part] && before + n === total) sum += 1e6;
    }
    return sum;
  };
  const put = (g: number, part: number, sign: 1 | -1) => {
    for (const [c, n] of groups[g]!.counts) filled[part]!.set(c, (filled[part]!.get(c) ?? 0) + sign * n);
    members[part]! += sign;
    parts[g] = sign === 1 ? part : -1;
  };
  const best = (g: number, candidates: readonly number[]) => {
    const costs = candidates.map((part) => cost(part, groups[g]!));
    return candidates[costs.indexOf(Math.min(...costs))]!;
  };

  const all = shares.map((_, part) => part);
  for (const [placed, g] of order.entries()) {
    const empty = all.filter((part) => members[part] === 0);
    put(g, best(g, order.length - placed <= empty.length ? empty : all), 1);
  }
  for (let pass = 0, moved = true; moved && pass < mostPasses; pass++) {
    moved = false;
    for (const g of order) {
      const from = parts[g]!;
      if (members[from] === 1) continue;
      put(g, from, -1);
      const to = best(g, all);
      const better = cost(to, groups[g]!) < cost(from, groups[g]!) - 1e-9;
      put(g, better ? to : from, 1);
      moved ||= better;
    }
  }
  return parts;
}

/** Moves groups out of part 1 until part 0 has every class; null where then nothing can be in part 1. */
function keepEveryClass(parts: readonly number[], groups: readonly Group[]): readonly number[] | null {
  const kept = [...parts];
  const inTraining = new Map<number, number>();
  const add = ({ counts }: Group, sign: 1 | -1) => {
    for (const c of counts.keys()) inTraining.set(c, (inTraining.get(c) ?? 0) + sign);
  };
  for (const [g, part] of kept.entries()) if (part === 0) add(groups[g]!, 1);
  for (const [g, group] of groups.entries()) {
    const needed = [...group.counts.keys()].some((c) => !inTraining.get(c));
    if (kept[g] === 0 || !needed) continue;
    kept[g] = 0;
    add(group, 1);
  }
  if (kept.includes(1)) return kept;
  const spare = groups.findIndex(({ counts }) => [...counts.keys()].every((c) => inTraining.get(c)! > 1));
  if (spare < 0) return null;
  kept[spare] = 1;
  return kept;
}

function splitError(dataset: Dataset, problem: string, remedy: string): DatasetError {
  return new DatasetError({ code: "E_DATASET_SPLIT", subject: dataset.path, problem, remedy });
}

function noSplit(dataset: Dataset, samples: readonly Sample[], groups: readonly Group[]): DatasetError {
  const problem =
    groups.length === 1
      ? `all of its ${samples.length} clips are of one group, so none can be kept for validation`
      : `none of its ${groups.length} groups can be kept for validation: each has the only clips of a class`;
  return splitError(dataset, problem, "Add clips of other people or places to each class");
}

function checkTraining(dataset: Dataset, { train, validation, test }: SplitSamples): void {
  if (train.length === 0) throw splitError(dataset, "none of its clips is for training", "Correct its splits");
  const trained = countClasses(train);
  const untrained = [...countClasses([...validation, ...test]).keys()].find((c) => !trained.has(c));
  if (untrained === undefined) return;
  const problem = `its class ${dataset.labels[untrained]} has no clip for training`;
  throw splitError(dataset, problem, "Add one, or correct its splits");
}
