/** Finds classes that change under mirroring, from the features of clips. */
import { randomOf } from "../common/random.ts";
import { likeliest } from "../evaluate/metrics.ts";
import { headFolds } from "./frozen-folds.ts";
import { fitHead, type HeadLayers, type HeadOptions, type HeadSample } from "./frozen-head.ts";
import { timesKernel } from "./linear-algebra.ts";

/** A clip, plain and mirrored. */
export interface MirrorSample extends HeadSample {
  /** The pooled vector of the first view with its pictures mirrored, `[head width]`. */
  readonly mirrored: Float32Array;
}

/** Classes that change under mirroring. */
export interface MirrorChange {
  /**
   * Indexes: two classes whose mirrored clips are mistaken for each other, or one whose mirrored clips are no longer
   * recognized.
   */
  readonly classes: readonly [number] | readonly [number, number];
  /** Their clips; how many are predicted correctly, and how many when mirrored. */
  readonly clips: number;
  readonly right: number;
  readonly rightMirrored: number;
  /**
   * Probability of units at least this one-sided if mirroring changes nothing; not corrected for the number of tests.
   */
  readonly p: number;
}

export interface MirrorTest {
  readonly changes: readonly MirrorChange[];
  /** Pairs of classes that could swap undetected: too few groups show them, or the heads cannot separate them. */
  readonly unseen: readonly (readonly [number, number])[];
}

/** False positive rate of all tests of a dataset together. */
const level = 0.05;
/** A change must also be large: this share of their clips is mistaken for the other class, or no longer recognized. */
const least = { pair: 0.25, single: 0.5 };
/** Clips to test: this many per class, and more if there are few classes. */
const most = { each: 12, all: 200 };

/**
 * Finds classes that swap under mirroring. Closed-form heads, each trained without a clip's group and without mirrored
 * clips, classify the clip and its mirror image.
 *
 * - Two classes swap if the mirrored clips of each are mistaken for the other more often than the plain ones: by at
 *   least a quarter of the clips in both directions, and in most of the units, which are the clips of one group and
 *   class.
 * - One class changes (its mirror image is not a class, or merges with another) if at least half of its clips are
 *   recognized plain and not mirrored, in most of the groups.
 *
 * "Most" is an exact one-sided sign test of the units that changed at all: if a class is its own mirror image, a
 * mirrored clip is as good as the plain one, and a unit is equally likely to change in either direction. The level is
 * 5 % of all datasets, divided by the number of tests (Bonferroni): one per class and per pair. A pair needs 3 groups
 * that show both classes. Heads that cannot separate plain clips cannot see them swap. Clips all filmed from one side
 * look like classes that change: not mirroring them is then the safe answer.
 *
 * @param samples training samples only: test clips must not influence training.
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

/** The heads' predictions for an unseen clip, plain and mirrored. */
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

/** How the answers for a clip of a class changed: 1 as in a swap, −1 the opposite, 0 not at all. */
interface Sign {
  readonly of: number;
  readonly group: string;
  readonly sign: number;
}

function signsOf(told: readonly Told[], of: number, signOf: (told: Told) => number): readonly Sign[] {
  return told.map((one) => ({ of, group: one.group, sign: signOf(one) }));
}

/** Whether the other class is predicted mirrored, and not plain. */
const seen =
  (_own: number, other: number) =>
  ({ plain, mirrored }: Told) =>
    Number(mirrored === other) - Number(plain === other);
/** The value of {@link seen} for a perfect swap of the classes. */
const asIfSwapped =
  (own: number, other: number) =>
  ({ plain }: Told) =>
    Number(plain === own) - Number(plain === other);
/** Whether the own class is predicted plain, and not mirrored. */
const lost =
  (own: number) =>
  ({ plain, mirrored }: Told) =>
    Number(plain === own) - Number(mirrored === own);

/** The probability of at least this many rising units (a group's clips of one class) among those that rose or fell. */
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
 * The clips to test mirrored, in order: at least 12 per class and 200 in total if there are as many, from as many
 * groups as possible.
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
