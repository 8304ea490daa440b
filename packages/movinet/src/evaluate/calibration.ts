import { percentile } from "../common/percentile.ts";
import { randomOf } from "../common/random.ts";

/** How well confidence predicts accuracy. */
export interface Calibration {
  /** Expected calibration error in 0..1: the mean gap between confidence and accuracy, weighted by a bin's count. */
  readonly error: number;
  /**
   * The error of a perfectly calibrated model on answers with these confidences, which is not 0 because there are few
   * clips: its mean and 95th percentile over 1000 seeded draws. Null unless there is one decision per clip.
   */
  readonly perfect: { readonly mean: number; readonly most: number } | null;
  /** Equal widths over 0..1; a confidence on an edge belongs to the upper bin. */
  readonly bins: readonly CalibrationBin[];
}

export interface CalibrationBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Its mean confidence; null if empty. */
  readonly confidence: number | null;
  /** Its accuracy; null if empty. */
  readonly accuracy: number | null;
}

const binCount = 10;
const draws = 1000;

/**
 * The calibration of answers by their confidence in 0..1 (Naeini et al. 2015; Guo et al. 2017), without
 * {@link Calibration.perfect}.
 */
export function calibrationOf(
  answers: readonly { readonly confidence: number; readonly right: boolean }[],
): Calibration {
  const sums = Array.from({ length: binCount }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (const { confidence, right } of answers) {
    const bin = sums[binOf(confidence)] as (typeof sums)[number];
    bin.count++;
    bin.confidence += confidence;
    bin.right += Number(right);
  }
  const bins = sums.map((sum, i) => ({
    low: i / binCount,
    high: (i + 1) / binCount,
    count: sum.count,
    confidence: sum.count === 0 ? null : sum.confidence / sum.count,
    accuracy: sum.count === 0 ? null : sum.right / sum.count,
  }));
  const distance = sums.reduce((total, { confidence, right }) => total + Math.abs(confidence - right), 0);
  return { error: answers.length === 0 ? 0 : distance / answers.length, perfect: null, bins };
}

/** {@link Calibration.perfect} for independent answers, each correct with the probability of its confidence. */
export function perfectCalibration(confidences: readonly number[]): { mean: number; most: number } {
  const random = randomOf(0, "calibration");
  const bins = confidences.map(binOf);
  const distances = new Float64Array(binCount);
  const errors = Float64Array.from({ length: draws }, () => {
    distances.fill(0);
    for (const [i, confidence] of confidences.entries()) {
      const bin = bins[i] as number;
      distances[bin] = (distances[bin] as number) + confidence - Number(random.chance(confidence));
    }
    let error = 0;
    for (const distance of distances) error += Math.abs(distance);
    return error / confidences.length;
  });
  return { mean: errors.reduce((sum, error) => sum + error, 0) / draws, most: percentile(errors, 95) };
}

function binOf(confidence: number): number {
  return Math.min(binCount - 1, Math.floor(confidence * binCount));
}
