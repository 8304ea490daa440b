/** Which classes mirroring changes, as the features of clips show it. */
import { randomOf } from "../common/random.ts";
import { likeliest } from "../evaluate/metrics.ts";
import { headFolds } from "./frozen-folds.ts";
import { fitHead, type HeadLayers, type HeadOptions, type HeadSample } from "./frozen-head.ts";
import { timesKernel } from "./linear-algebra.ts";

/** A clip seen plain and mirrored. */
export interface MirrorSample extends HeadSample {
  /** The pooled vector of the first view with its pictures mirrored, `[head width]`. */
  readonly mirrored: Float32Array;
}

/** Classes that mirroring changes. */
export interface MirrorChange {
  /** Indexes: two whose mirrored clips are taken for one another, or one whose mirrored clips are no longer told. */
  readonly classes: readonly [number] | readonly [number, number];
  /** Their clips; how many of them are told right, and how many when mirrored. */
  readonly clips: number;
  readonly right: number;
  readonly rightMirrored: number;
  /** How probable units at least as one-sided are where mirroring changes nothing; not corrected for the number of tests. */
  readonly p: number;
}

export interface MirrorTest {
  readonly changes: readonly MirrorChange[];
  /**
   * Pairs of classes that could swap without being seen: too few groups show them, or the heads do not tell them apart.
   */
  readonly unseen: readonly (readonly [number, number])[];
}

/** Share of the times in which classes are named that mirroring does not change: of all tests of a dataset together. */
const level = 0.05;
/** A change must also be large: by so much of their clips two classes are taken for one another, or one is no longer told. */
const least = { pair: 0.25, single: 0.5 };
/** Clips that are looked at: so many of each class, and more where there are few classes. */
const most = { each: 12, all: 200 };

/**
 * Finds classes that swap under mirroring. Heads in closed form, each of which saw none of a clip's group and no mirrored
 * clip, say what the clip is and what its mirror image is.
 *
 * - Two classes swap where the mirrored clips of each are taken for the other more often than the plain ones: by at
 *   least a quarter of the clips in both directions, and in most of the units, which are the clips of one group and class.
 * - One class is changed (its mirror image is no class of its own, or hides in another) where at least half of its clips
 *   are told right plain and not mirrored, in most of the groups.
 *
 * "Most" is a sign test, exact and one-sided, of the units that changed at all: where a class is its own mirror image, a
 * mirrored clip is as good a clip as the plain one, and a unit is as likely to change in either direction. It is at 5 % of
 * all datasets, divided by the number of tests (Bonferroni): one for each class and each two. Two classes need 3 groups
 * that show both. What the heads cannot tell plain, they cannot see swap. Clips that were all taken from one side look
 * like classes that change: not to mirror them is the safe answer there.
 *
 * @param samples of the training alone: clips that later judge the model must not decide how it is trained.
 */
export function testMirroring(
  samples: readonly MirrorSample[],
  head: HeadLayers,
  { classes, multiLabel = false, seed = 0 }: HeadOptions,
): MirrorTest {
  const told = tellBoth(samples, head, { classes, multiLabel, seed });
  const limit = level / ((classes * (classes + 1)) / 2);
  const members = Array.from({ length: classes }, (_, c) => told.filter(({ own }) => own.includes(c)));
  const changes: MirrorChange[] = [];
  const unseen: [number, number][] = [];
  const changed = (of: readonly number[], signs: readonly Sign[], by: number) => {
    const rises = of.map((c) => mean(signs.filter((sign) => sign.of === c).map(({ sign }) => sign)));
    const p = signTest(signs);
    return p <= limit && rises.every((rise) => rise >= by) ? p : null;
  };
  const take = (own: MirrorChange["classes"], clips: readonly Told[], p: number | null) => {
    if (p === null) return;
    const right = clips.filter(({ own, plain }) => own.includes(plain)).length;
    const rightMirrored = clips.filter(({ own, mirrored }) => own.includes(mirrored)).length;
    changes.push({ classes: own, clips: clips.length, right, rightMirrored, p });
  };
  for (let a = 0; a < classes; a++) {
    for (let b = a + 1; b < classes; b++) {
      const [onlyA, onlyB] = [members[a]!.filter(lacks(b)), members[b]!.filter(lacks(a))];
      const signs = (tell: typeof seen) => [...signsOf(onlyA, a, tell(a, b)), ...signsOf(onlyB, b, tell(b, a))];
      take([a, b], [...onlyA, ...onlyB], changed([a, b], signs(seen), least.pair));
      if (changed([a, b], signs(asIfSwapped), least.pair) === null) unseen.push([a, b]);
    }
  }
  const swapped = new Set(changes.flatMap(({ classes }) => [...classes]));
  for (let c = 0; c < classes; c++) {
    if (!swapped.has(c)) take([c], members[c]!, changed([c], signsOf(members[c]!, c, lost(c)), least.single));
  }
  return { changes, unseen };
}

/** What the heads say of a clip that they have not seen, plain and mirrored. */
interface Told {
  readonly own: readonly number[];
  readonly group: string;
  readonly plain: number;
  readonly mirrored: number;
}

function tellBoth(samples: readonly MirrorSample[], head: HeadLayers, options: HeadOptions): readonly Told[] {
  const all = samples.map((_, s) => s);
  return headFolds(samples, all, options.seed ?? 0, 0).flatMap((held) => {
    const members = samples.filter((_, s) => !held.has(s));
    const seen = new Set(members.flatMap(({ classes }) => classes));
    const judged = [...held].filter((s) => samples[s]!.classes.every((c) => seen.has(c)));
    if (seen.size < 2 || judged.length === 0) return [];
    const { kernel, bias } = fitHead(members, head, options);
    const tell = (pooled: Float32Array) => {
      return likeliest(timesKernel(head.hidden(pooled), kernel).map((value, c) => value + bias[c]!));
    };
    return judged.map((s) => {
      const { classes: own, group, views, mirrored } = samples[s]!;
      const key = group === null ? `sample ${s}` : `group ${group}`;
      return { own, group: key, plain: tell(views[0]!), mirrored: tell(mirrored) };
    });
  });
}

const lacks =
  (c: number) =>
  ({ own }: Told) =>
    !own.includes(c);

/** How the answers to a clip of a class changed: 1 as if it swapped, −1 the other way, 0 not. */
interface Sign {
  readonly of: number;
  readonly group: string;
  readonly sign: number;
}

function signsOf(told: readonly Told[], of: number, signOf: (told: Told) => number): readonly Sign[] {
  return told.map((one) => ({ of, group: one.group, sign: signOf(one) }));
}

/** Whether the other class is told mirrored, and not plain. */
const seen =
  (_own: number, other: number) =>
  ({ plain, mirrored }: Told) =>
    Number(mirrored === other) - Number(plain === other);
/** What {@link seen} would be where mirroring swaps the classes perfectly. */
const asIfSwapped =
  (own: number, other: number) =>
  ({ plain }: Told) =>
    Number(plain === own) - Number(plain === other);
/** Whether the own class is told plain, and not mirrored. */
const lost =
  (own: number) =>
  ({ plain, mirrored }: Told) =>
    Number(plain === own) - Number(mirrored === own);

/** The probability of at least as many rising units (a group's clips of one class) among those that rose or fell. */
function signTest(signs: readonly Sign[]): number {
  const sums = new Map<string, number>();
  for (const { of, group, sign } of signs) sums.set(`${of} ${group}`, (sums.get(`${of} ${group}`) ?? 0) + sign);
  const risen = [...sums.values()].filter((sum) => sum > 0).length;
  const n = risen + [...sums.values()].filter((sum) => sum < 0).length;
  let term = -n * Math.LN2;
  let tail = 0;
  for (let k = n; k >= risen; k--) {
    tail += Math.exp(term);
    term += Math.log(k / (n - k + 1));
  }
  return Math.min(1, tail);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
}

/**
 * Which clips to look at mirrored, in their order: at least 12 of each class and 200 in all where there are as many, from
 * as many groups as there are.
 */
export function clipsToMirror<T extends Pick<HeadSample, "classes" | "group">>(
  samples: readonly T[],
  { classes, seed = 0 }: Pick<HeadOptions, "classes" | "seed">,
): readonly T[] {
  const share = Math.max(most.each, Math.ceil(most.all / classes));
  const turns = new Map<string, number>();
  const queue = randomOf(seed, "clips to mirror")
    .shuffle(samples)
    .map((sample) => {
      const key = `${sample.classes} ${sample.group}`;
      const turn = sample.group === null ? 0 : (turns.get(key) ?? 0);
      turns.set(key, turn + 1);
      return { sample, turn };
    })
    .sort((a, b) => a.turn - b.turn);
  const counts = new Float64Array(classes);
  const taken = new Set<T>();
  for (const { sample } of queue) {
    if (sample.classes.every((c) => counts[c]! >= share)) continue;
    for (const c of sample.classes) counts[c]!++;
    taken.add(sample);
  }
  return samples.filter((sample) => taken.has(sample));
}
