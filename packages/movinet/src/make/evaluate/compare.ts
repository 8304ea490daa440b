import { blocksOf, resample } from "./intervals.ts";
import { type Answer, judge } from "./metrics.ts";

/** Two models on the same clips. */
export interface Comparison {
  readonly clips: number;
  readonly bothRight: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly bothWrong: number;
  /** Top-1 of the first minus that of the second, in −1..1. */
  readonly difference: number;
  /** 95 % interval of the difference from 2000 seeded resamples of clips, or of whole groups where clips share them. */
  readonly interval: { readonly low: number; readonly high: number };
  /**
   * McNemar's exact test: how probable a split of the clips on which they differ at least as uneven as this one is
   * where neither model is better. It takes clips for independent.
   */
  readonly p: number;
}

/**
 * Compares the answers of two models to the same clips, matched by name. Throws a `TypeError` where the names differ, a
 * name occurs twice, or there are none.
 */
export function compareAnswers(first: readonly Answer[], second: readonly Answer[], seed = 0): Comparison {
  const others = new Map(second.map((answer) => [answer.name, answer]));
  const names = new Set(first.map(({ name }) => name));
  const matched = names.size === first.length && others.size === second.length && names.size === others.size;
  if (!matched || first.length === 0 || first.some(({ name }) => !others.has(name))) {
    throw new TypeError("compareAnswers: both models must have answered the same clips, each once");
  }
  const pairs = first.map((answer) => ({
    group: answer.group,
    first: judge(answer).rank === 1,
    second: judge(others.get(answer.name) as Answer).rank === 1,
  }));
  const count = (a: boolean, b: boolean) => pairs.filter((pair) => pair.first === a && pair.second === b).length;
  const onlyFirst = count(true, false);
  const onlySecond = count(false, true);
  const groups = pairs.map(({ group }) => group);
  const gains = pairs.map((pair) => Number(pair.first) - Number(pair.second));
  return {
    clips: pairs.length,
    bothRight: count(true, true),
    onlyFirst,
    onlySecond,
    bothWrong: count(false, false),
    difference: (onlyFirst - onlySecond) / pairs.length,
    interval: resample(
      blocksOf(gains, groups),
      blocksOf(
        gains.map(() => 1),
        groups,
      ),
      seed,
    ),
    p: mcNemar(onlyFirst, onlySecond),
  };
}

/** Two-sided exact p of `a` against `b` where both are equally likely: twice the smaller binomial tail, at most 1. */
export function mcNemar(a: number, b: number): number {
  const n = a + b;
  let term = -n * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= Math.min(a, b); k++) {
    tail += Math.exp(term);
    term += Math.log((n - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}
