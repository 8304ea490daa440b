import { studentQuantile, studentTails } from "./distributions.ts";
import { effectiveClips, enoughGroups, groupCount } from "./intervals.ts";
import { type Answer, judge } from "./metrics.ts";

/** Compares two models on the same clips. */
export interface Comparison {
  readonly clips: number;
  readonly groups: number;
  readonly bothRight: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly bothWrong: number;
  /** Top-1 of the first minus that of the second, in −1..1. */
  readonly difference: number;
  /**
   * 95 % interval of the difference, in −1..1. `effective`: the equivalent number of independent clips. `trusted`:
   * false if all clips come from fewer than five groups.
   */
  readonly interval: {
    readonly low: number;
    readonly high: number;
    readonly effective: number;
    readonly trusted: boolean;
  };
  /**
   * Probability of a difference at least this clear if neither model is better: below 0.05 exactly when the interval
   * excludes 0.
   */
  readonly p: number;
}

/**
 * Compares the answers of two models for the same clips, matched by name. Throws a `TypeError` if the names differ, a
 * name occurs twice, or there are none.
 */
export function compareAnswers(first: readonly Answer[], second: readonly Answer[]): Comparison {
  const others = new Map(second.map((answer) => [answer.name, answer]));
  const names = new Set(first.map(({ name }) => name));
  const matched = names.size === first.length && others.size === second.length && names.size === others.size;
  if (!matched || first.length === 0 || first.some(({ name }) => !others.has(name))) {
    throw new TypeError("compareAnswers: both models must have answered the same clips, each once");
  }
  const pairs = first.map((answer) => ({
    first: judge(answer).rank === 1,
    second: judge(others.get(answer.name) as Answer).rank === 1,
  }));
  const count = (a: boolean, b: boolean) => pairs.filter((pair) => pair.first === a && pair.second === b).length;
  const groups = first.map(({ group }) => group);
  const gains = pairs.map((pair) => Number(pair.first) - Number(pair.second));
  const { p, ...interval } = differenceOf(gains, groups);
  return {
    clips: pairs.length,
    groups: groupCount(groups),
    bothRight: count(true, true),
    onlyFirst: count(true, false),
    onlySecond: count(false, true),
    bothWrong: count(false, false),
    difference: gains.reduce((sum, gain) => sum + gain, 0) / pairs.length,
    interval: { ...interval, trusted: enoughGroups(groups) },
    p,
  };
}

/**
 * The 95 % interval of the mean of gains (1, 0 or −1 per clip), and the corresponding p value: Bonett and Price's
 * (2012) interval for paired proportions, which adds one clip for either model, on the number of
 * {@link effectiveClips} and with Student's quantile for one less. A single group gives −1..1 and 1.
 */
export function differenceOf(
  gains: readonly number[],
  groups: readonly (string | null)[],
): { low: number; high: number; effective: number; p: number } {
  const effective = groupCount(groups) === 1 ? 1 : effectiveClips(gains, groups);
  if (effective <= 1) return { low: -1, high: 1, effective: 1, p: 1 };
  const share = (gain: number) =>
    ((gains.filter((own) => own === gain).length / gains.length) * effective + 1) / (effective + 2);
  const [up, down] = [share(1), share(-1)];
  const middle = up - down;
  const error = Math.sqrt((up + down - middle ** 2) / (effective + 2));
  const half = error * studentQuantile(0.05, effective - 1);
  return {
    low: Math.max(-1, middle - half),
    high: Math.min(1, middle + half),
    effective,
    p: studentTails(Math.abs(middle) / error, effective - 1),
  };
}
