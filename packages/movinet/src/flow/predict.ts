import { ModelError } from "../common/errors.ts";

/** One class that a model named, and how sure it is. */
export interface Prediction {
  /** The class name, or the index in decimal where the names are unknown. */
  readonly label: string;
  /** The model's output index, from 0. */
  readonly index: number;
  /** Probability in 0..1. */
  readonly score: number;
}

/**
 * Turns the logits of one stream into probabilities in 0..1, one per class.
 *
 * `softmax`: the classes exclude each other and the result sums to 1. `sigmoid`: every class stands alone.
 * Computed in float64, so no finite logit overflows. Throws a `ModelError` (`E_MODEL_LOGITS`) on NaN or infinite logits.
 */
export function probabilities(logits: Float32Array, output: "softmax" | "sigmoid"): Float32Array {
  // Loops, because array functions take ten times as long, once or twice for each frame.
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
      remedy: "Check the model file with: movinet verify; a half-precision model may have overflowed",
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

/** Both branches exponentiate a negative number, so that neither overflows. */
function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const power = Math.exp(x);
  return power / (1 + power);
}

/**
 * The `k` highest scores, best first, ties by the lower index; all of them where there are fewer than `k`.
 *
 * @param labels class names in output order; an index without a name (or null) is labelled by its number.
 * Throws a `TypeError` unless `k` is a positive integer.
 */
export function topK(scores: Float32Array, labels: readonly string[] | null, k: number): Prediction[] {
  if (!Number.isInteger(k) || k < 1) throw new TypeError(`topK: k must be a positive integer, got ${k}`);
  return Array.from(scores, (score, index) => ({ label: labels?.[index] ?? String(index), index, score }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, k);
}

/** A probability as a reader says it: whole percents, but never a rounded 0 or 100. */
export function percentText(score: number): string {
  if (score > 0 && score < 0.005) return "<1 %";
  if (score < 1 && score >= 0.995) return ">99 %";
  return `${Math.round(score * 100)} %`;
}
