import { ModelError } from "../common/errors.ts";

/** A class that a model predicts, and its probability. */
export interface Prediction {
  /** The class name, or the index as a string if names are unknown. */
  readonly label: string;
  /** The model's output index, from 0. */
  readonly index: number;
  /** Probability in 0..1. */
  readonly score: number;
}

/**
 * Converts the logits of one stream to probabilities in 0..1, one per class.
 *
 * `softmax`: classes are mutually exclusive and the result sums to 1. `sigmoid`: classes are independent. Computed in
 * float64, so finite logits never overflow. Throws a `ModelError` (`E_MODEL_LOGITS`) on NaN or infinite logits.
 */
export function probabilities(logits: Float32Array, output: "softmax" | "sigmoid"): Float32Array {
  // Loops, because array functions take ten times as long, once or twice per frame.
  let max = -Infinity;
  let bad = -1;
  for (let c = logits.length - 1; c >= 0; c--) {
    const logit = logits[c] as number;
    if (logit > max) max = logit;
    if (!Number.isFinite(logit)) bad = c;
  }
  if (bad >= 0) {
    throw new ModelError({
      code: "E_MODEL_LOGITS",
      subject: "model output",
      problem: `the logit of class ${bad} (of ${logits.length}) is ${logits[bad]}`,
      remedy: "Check the model file with movinet verify; a half-precision model may have overflowed",
    });
  }
  if (output === "sigmoid") return logits.map(sigmoid);
  const powers = new Float64Array(logits.length);
  let sum = 0;
  for (let c = 0; c < powers.length; c++) {
    const power = Math.exp((logits[c] as number) - max);
    powers[c] = power;
    sum += power;
  }
  const scores = new Float32Array(powers.length);
  for (let c = 0; c < scores.length; c++) scores[c] = (powers[c] as number) / sum;
  return scores;
}

/** Both branches exponentiate a negative number, so neither overflows. */
function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const power = Math.exp(x);
  return power / (1 + power);
}

/**
 * The `k` highest scores, best first, ties by the lower index; all of them if there are fewer than `k`.
 *
 * @param labels class names in output order; an index without a name (or null) is labelled by its number. Throws a
 *   `TypeError` unless `k` is a positive integer.
 */
export function topK(scores: Float32Array, labels: readonly string[] | null, k: number): Prediction[] {
  if (!Number.isInteger(k) || k < 1) throw new TypeError(`topK: k must be an integer ≥ 1, got ${k}`);
  return Array.from(scores, (score, index) => ({ label: labels?.[index] ?? String(index), index, score }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, k);
}

/** A probability for people: whole percent, but never rounded to 0 or 100. */
export function percentText(score: number): string {
  if (score > 0 && score < 0.005) return "<1 %";
  if (score < 1 && score >= 0.995) return ">99 %";
  return `${Math.round(score * 100)} %`;
}
