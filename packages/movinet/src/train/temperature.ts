/** Turns scores into logits: `scale · (score − offset)`. Probabilities are then their softmax or sigmoids. */
export interface Temperature {
  /** Above 0. */
  readonly scale: number;
  /** 0 for a softmax, where it has no effect. */
  readonly offset: number;
  /** Mean loss of the scores it was fitted to; natural logarithms. */
  readonly loss: number;
}

/** Scores of a clip, and its class. */
export interface Scored {
  readonly scores: Float64Array;
  readonly classes: readonly number[];
}

const steepest = 5;

/**
 * The scale with the smallest softmax cross-entropy (Guo et al. 2017, "On calibration of modern neural networks"). One
 * imaginary clip of unknown class keeps it finite if all of a few clips are right.
 */
export function fitSoftmax(scored: readonly Scored[]): Temperature {
  const smoothing = 1 / (scored.length + 1);
  const loss = (log: number) => {
    const scale = Math.exp(log);
    let sum = 0;
    for (const { scores, classes } of scored) {
      let most = Number.NEGATIVE_INFINITY;
      for (const score of scores) most = Math.max(most, score);
      let [total, mean] = [0, 0];
      for (const score of scores) {
        total += Math.exp(scale * (score - most));
        mean += (scale * (score - most)) / scores.length;
      }
      const right = scale * (scores[classes[0]!]! - most);
      sum += Math.log(total) - (1 - smoothing) * right - smoothing * mean;
    }
    return sum / Math.max(scored.length, 1);
  };
  const log = leastOf(loss, -steepest, steepest);
  return { scale: Math.exp(log), offset: 0, loss: loss(log) };
}

/** Scale and offset, the same for all classes, with the smallest sigmoid cross-entropy (Platt 1999, with his prior). */
export function fitSigmoid(scored: readonly Scored[]): Temperature {
  const pairs = scored.flatMap(({ scores, classes }) =>
    Array.from(scores, (s, c) => [s, classes.includes(c)] as const),
  );
  const positives = pairs.filter(([, shown]) => shown).length;
  const targets = { yes: (positives + 1) / (positives + 2), no: 1 / (pairs.length - positives + 2) };
  const loss = (scale: number, offset: number) => {
    let sum = 0;
    for (const [score, shown] of pairs) {
      const logit = scale * (score - offset);
      const target = shown ? targets.yes : targets.no;
      sum += Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(logit, 0) - target * logit;
    }
    return sum / Math.max(pairs.length, 1);
  };
  const offsetOf = (log: number) => leastOf((offset) => loss(Math.exp(log), offset), -1, 2);
  const log = leastOf((at) => loss(Math.exp(at), offsetOf(at)), -steepest, steepest);
  const offset = offsetOf(log);
  return { scale: Math.exp(log), offset, loss: loss(Math.exp(log), offset) };
}

/** Minimum of a unimodal function in `low..high`, by golden section. */
function leastOf(f: (x: number) => number, low: number, high: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [low, high];
  let [c, d] = [b - ratio * (b - a), a + ratio * (b - a)];
  let [atC, atD] = [f(c), f(d)];
  while (b - a > 1e-4) {
    if (atC < atD) {
      [b, d, atD] = [d, c, atC];
      c = b - ratio * (b - a);
      atC = f(c);
    } else {
      [a, c, atC] = [c, d, atD];
      d = a + ratio * (b - a);
      atD = f(d);
    }
  }
  return (a + b) / 2;
}
