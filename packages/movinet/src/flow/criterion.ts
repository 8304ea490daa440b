import type { Precision } from "../graph/precision.ts";
import type { Card } from "../model/card.ts";

/** What a comparison must reach. */
export interface Limits {
  /** The largest {@link Likeness.error}. */
  readonly error: number;
  /** The smallest {@link Likeness.correlation}. */
  readonly correlation: number;
  /** The smallest and largest {@link Likeness.gain}. */
  readonly gain: readonly [least: number, most: number];
  /** The smallest {@link Likeness.sameClass}. */
  readonly sameClass: number;
  /** The largest {@link Likeness.margin}. */
  readonly margin: number;
}

/** Between the values of intact and broken files of each precision (docs/decisions.md). */
const ownLimits: Readonly<Record<Precision, Pick<Limits, "error" | "correlation" | "margin">>> = {
  float32: { error: 1e-3, correlation: 0.999, margin: 0.01 },
  float16: { error: 2e-2, correlation: 0.999, margin: 0.1 },
  dynamic_int8: { error: 0.2, correlation: 0.97, margin: 0.5 },
  int8: { error: 0.55, correlation: 0.88, margin: 2 },
};

/** For the same integers on two runtimes, whose roundings drift apart by a few quanta. */
export const integerLimits: Limits = { ...limitsOf("int8"), error: 0.3, correlation: 0.95, margin: 0.75 };

export function limitsOf(dtype: Precision): Limits {
  return { ...ownLimits[dtype], gain: [0.7, 1.4], sameClass: 0.6 };
}

/**
 * Similarity of answers to those of a source. Shares are relative to the source's spread: how much its own answers
 * differ between clips. Nothing here depends on a constant added to all logits of a softmax. Non-finite numbers give
 * null.
 */
export interface Likeness {
  /** The largest difference of any logit. */
  readonly difference: number | null;
  /** Root mean square of the differences, relative to the spread. The best constant answer has 1. */
  readonly error: number | null;
  /** Cosine between both deviations from the source's mean answer, in −1..1. A constant answer has 0. */
  readonly correlation: number | null;
  /** The factor by which the source's logits come closest to the answers; 1 if they are alike. */
  readonly gain: number | null;
  /** Share of the answers with the same top class, in 0..1. */
  readonly sameClass: number;
  /** If another class wins: the largest margin by which the source preferred its own, relative to the spread. */
  readonly margin: number | null;
}

/** The scale of comparison: the mean of the source's answers, and their spread (root mean square). */
export interface Yardstick {
  readonly mean: Float64Array;
  readonly spread: number;
}

/** Logits without their irrelevant part: a softmax ignores their mean over the classes. */
export function centred(logits: Float32Array, output: Card["output"]): Float64Array {
  const values = Float64Array.from(logits);
  if (output === "sigmoid") return values;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

/** For centred answers. */
export function yardstickOf(answers: readonly Float64Array[]): Yardstick {
  const mean = new Float64Array(answers[0]?.length ?? 0);
  for (const answer of answers)
    for (const [c, logit] of answer.entries()) mean[c] = at(mean, c) + logit / answers.length;
  let squares = 0;
  for (const answer of answers) for (const [c, logit] of answer.entries()) squares += (logit - at(mean, c)) ** 2;
  return { mean, spread: Math.sqrt(squares / (answers.length * mean.length)) };
}

/** For pairs of centred answers: the one under test, and the source's after the same frames. */
export function likenessOf(
  pairs: readonly (readonly [answer: Float64Array, truth: Float64Array])[],
  { mean, spread }: Yardstick,
): Likeness {
  let [difference, squares, count, same, margin] = [0, 0, 0, 0, 0];
  let [both, own, theirs, product, power] = [0, 0, 0, 0, 0];
  for (const [answer, truth] of pairs) {
    for (const [c, logit] of truth.entries()) {
      const given = answer.length === truth.length ? at(answer, c) : Number.NaN;
      const distance = Math.abs(given - logit);
      difference = Math.max(difference, distance);
      squares += distance ** 2;
      const [a, b] = [given - at(mean, c), logit - at(mean, c)];
      both += a * b;
      own += a * a;
      theirs += b * b;
      product += given * logit;
      power += logit * logit;
    }
    count += truth.length;
    const [seen, best] = [likeliest(answer), likeliest(truth)];
    if (seen === best) same++;
    margin = Math.max(margin, (at(truth, best) - at(truth, seen)) / spread);
  }
  return {
    difference: finite(difference),
    error: finite(Math.sqrt(squares / count) / spread),
    correlation: finite(own === 0 ? 0 : both / Math.sqrt(own * theirs)),
    gain: finite(product / power),
    sameClass: same / pairs.length,
    margin: finite(margin),
  };
}

/** The violated limits, by name; `numbers` if some are not finite. */
export function failuresOf(likeness: Likeness, limits: Limits): readonly string[] {
  const { error, correlation, gain, sameClass, margin } = likeness;
  if (Object.values(likeness).includes(null)) return ["numbers"];
  const kept = {
    error: (error as number) <= limits.error,
    correlation: (correlation as number) >= limits.correlation,
    gain: (gain as number) >= limits.gain[0] && (gain as number) <= limits.gain[1],
    sameClass: sameClass >= limits.sameClass,
    margin: (margin as number) <= limits.margin,
  };
  return Object.entries(kept).flatMap(([name, is]) => (is ? [] : [name]));
}

function likeliest(logits: Float64Array): number {
  return logits.indexOf(Math.max(...logits));
}

function at(values: Float64Array, index: number): number {
  return values[index] as number;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
