/** Simulated answers of clips in groups, of which the truth is known: how often intervals and verdicts hold it. */

import { type Random, randomOf } from "../../src/common/random.ts";
import { differenceOf } from "../../src/evaluate/compare.ts";
import { proportionOf, wilsonInterval } from "../../src/evaluate/intervals.ts";

/** So many clips in each group; `1–20`: rising; `giant`: half of all in one group, beside groups of three. */
export type Sizes = 1 | 2 | 5 | 10 | 20 | "1–20" | "giant";

export function sizesOf(kind: Sizes, groups: number): readonly number[] {
  return Array.from({ length: groups }, (_, i) => {
    if (kind === "giant") return i === 0 ? 3 * (groups - 1) : 3;
    return kind === "1–20" ? 1 + Math.round((19 * i) / (groups - 1)) : kind;
  });
}

/** The name of each clip's group. */
export function groupsOf(sizes: readonly number[]): readonly string[] {
  return sizes.flatMap((size, group) => Array.from({ length: size }, () => `${group}`));
}

/**
 * How clips of a group depend on each other: `beta`: each group has a share of its own with this intra-group correlation;
 * `same`: so many groups are right or wrong as a whole; `fail`: so many of the mistakes are whole groups that fail.
 */
export interface Dependence {
  readonly kind: "beta" | "same" | "fail";
  /** In 0..1; 0: independent clips. */
  readonly strength: number;
}

/** Draws whether each clip is right, where the share `p` is right in the long run. */
export function drawHits(random: Random, p: number, sizes: readonly number[], dependence: Dependence): boolean[] {
  return sizes.flatMap((size) => {
    const share = drawShare(random, p, dependence);
    return Array.from({ length: size }, () => random.chance(share));
  });
}

function drawShare(random: Random, p: number, { kind, strength }: Dependence): number {
  if (strength === 0 || p === 0 || p === 1) return p;
  if (kind === "fail") {
    const whole = (1 - p) * strength;
    return random.chance(whole) ? 0 : p / (1 - whole);
  }
  if (kind === "same") return random.chance(strength) ? Number(random.chance(p)) : p;
  if (strength === 1) return Number(random.chance(p));
  const size = (1 - strength) / strength;
  const [a, b] = [drawGamma(random, p * size), drawGamma(random, (1 - p) * size)];
  return a / (a + b);
}

/** Marsaglia and Tsang (2000). */
function drawGamma(random: Random, shape: number): number {
  if (shape < 1) return drawGamma(random, shape + 1) * (1 - random.next()) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const normal = random.normal();
    const v = (1 + normal / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < normal ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

export interface Coverage {
  /** Share of simulations whose interval holds the truth. */
  readonly covered: number;
  /** Mean width. */
  readonly width: number;
  /** The same of Wilson's interval over clips. */
  readonly wilsonCovered: number;
  readonly wilsonWidth: number;
}

/** How often the interval of a share holds the true one. */
export function coverage(p: number, sizes: readonly number[], dependence: Dependence, simulations: number): Coverage {
  const random = randomOf("coverage", p, sizes.join(), dependence.kind, dependence.strength);
  const groups = groupsOf(sizes);
  const sums = { covered: 0, width: 0, wilsonCovered: 0, wilsonWidth: 0 };
  for (let i = 0; i < simulations; i++) {
    const { interval, hits, total } = proportionOf(drawHits(random, p, sizes, dependence), groups);
    const wilson = wilsonInterval(hits, total);
    sums.covered += Number(interval.low <= p && p <= interval.high) / simulations;
    sums.width += (interval.high - interval.low) / simulations;
    sums.wilsonCovered += Number(wilson.low <= p && p <= wilson.high) / simulations;
    sums.wilsonWidth += (wilson.high - wilson.low) / simulations;
  }
  return sums;
}

/**
 * How the answers of two models differ: `first` and `second` are the shares of clips that only one of them has right.
 * `beta` and strength as in {@link Dependence}, `sign`: in each group all differences favour the same model, `models`: each
 * model has a share of its own in each group, of which the difference is `first − second`.
 */
export interface Difference {
  readonly kind: "beta" | "sign" | "models";
  readonly strength: number;
  readonly first: number;
  readonly second: number;
}

/** Draws the gain of the first model in each clip: 1, 0 or −1. */
function drawGains(random: Random, sizes: readonly number[], { kind, strength, first, second }: Difference): number[] {
  return sizes.flatMap((size) => {
    const own: Dependence = { kind: "beta", strength };
    if (kind === "models") {
      const shares = [first, second].map((share) => drawShare(random, share, own)) as [number, number];
      return Array.from({ length: size }, () => Number(random.chance(shares[0])) - Number(random.chance(shares[1])));
    }
    const differ = first + second;
    if (kind === "sign") {
      const sign = random.chance(first / differ) ? 1 : -1;
      return Array.from({ length: size }, () => sign * Number(random.chance(differ)));
    }
    // A Dirichlet share of three outcomes, as two beta shares one after the other.
    const some = drawShare(random, differ, own);
    const left = strength / (strength + differ * (1 - strength));
    const up = drawShare(random, first / differ, { kind, strength: left });
    return Array.from({ length: size }, () => Number(random.chance(some)) * (random.chance(up) ? 1 : -1));
  });
}

/** How often the interval of a difference holds the true one, and how often p is below 0.05. */
export function differenceRates(difference: Difference, sizes: readonly number[], simulations: number) {
  const { kind, strength, first, second } = difference;
  const random = randomOf("difference", kind, strength, first, second, sizes.join());
  const groups = groupsOf(sizes);
  const truth = first - second;
  const rates = { covered: 0, width: 0, significant: 0 };
  for (let i = 0; i < simulations; i++) {
    const { low, high, p } = differenceOf(drawGains(random, sizes, difference), groups);
    if (p < 0.05 !== (low > 0 || high < 0)) throw new Error("the verdict contradicts its interval");
    rates.covered += Number(low <= truth && truth <= high) / simulations;
    rates.width += (high - low) / simulations;
    rates.significant += Number(p < 0.05) / simulations;
  }
  return rates;
}

/** Random labels: how often an interval lies above the share of the most frequent class. */
export function betterThanGuessing(
  classes: number,
  sizes: readonly number[],
  { labels, answers }: Readonly<Record<"labels" | "answers", "by clip" | "by group" | "always one">>,
  simulations: number,
): number {
  const random = randomOf("guessing", classes, sizes.join(), labels, answers);
  const groups = groupsOf(sizes);
  const draw = (how: typeof labels) =>
    sizes.flatMap((size) => {
      const own = how === "always one" ? 0 : random.below(classes);
      return Array.from({ length: size }, () => (how === "by clip" ? random.below(classes) : own));
    });
  let better = 0;
  for (let i = 0; i < simulations; i++) {
    const truth = draw(labels);
    const said = draw(answers);
    const counts = Array.from({ length: classes }, (_, c) => truth.filter((own) => own === c).length);
    const { low } = proportionOf(
      truth.map((own, clip) => own === said[clip]),
      groups,
    ).interval;
    better += Number(low > Math.max(...counts) / truth.length) / simulations;
  }
  return better;
}
