/** How well confidence tells the share that is right. */
export interface Calibration {
  /** Expected calibration error in 0..1: the mean distance of confidence and accuracy, weighted by a bin's count. */
  readonly error: number;
  /** Equal widths over 0..1; a confidence on an edge belongs to the upper bin. */
  readonly bins: readonly CalibrationBin[];
}

export interface CalibrationBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean confidence in it; null where it is empty. */
  readonly confidence: number | null;
  /** Share that is right; null where it is empty. */
  readonly accuracy: number | null;
}

/** The calibration of answers by their confidence in 0..1 (Naeini et al. 2015; Guo et al. 2017). */
export function calibrationOf(
  answers: readonly { readonly confidence: number; readonly right: boolean }[],
  count = 10,
): Calibration {
  const sums = Array.from({ length: count }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (const { confidence, right } of answers) {
    const bin = sums[Math.min(count - 1, Math.floor(confidence * count))] as (typeof sums)[number];
    bin.count++;
    bin.confidence += confidence;
    bin.right += Number(right);
  }
  const bins = sums.map((sum, i) => ({
    low: i / count,
    high: (i + 1) / count,
    count: sum.count,
    confidence: sum.count === 0 ? null : sum.confidence / sum.count,
    accuracy: sum.count === 0 ? null : sum.right / sum.count,
  }));
  const distance = sums.reduce((total, { confidence, right }) => total + Math.abs(confidence - right), 0);
  return { error: answers.length === 0 ? 0 : distance / answers.length, bins };
}
