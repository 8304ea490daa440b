/** The loss of a batch, and its gradient. */
export interface Loss {
  /**
   * Weighted sum of the clips' losses, divided by the number of clips; natural logarithms. NaN or infinite if the
   * logits are.
   */
  readonly value: number;
  /** `[batch, classes]`: the derivative of `value` with respect to each logit. */
  readonly gradient: Float32Array;
}

export interface LossOptions {
  /** Share of a target distributed evenly over all classes, 0 .. 1 (default 0; the official recipe has 0.1). */
  readonly labelSmoothing?: number;
  /** Weight of each clip, `[batch]`, finite and at least 0; default: all 1. */
  readonly weights?: ArrayLike<number> | undefined;
}

/**
 * Softmax cross-entropy of `logits` `[batch, classes]`; `targets` has one class index per clip. With smoothing s the
 * target is `1 − s + s / classes` for the class and `s / classes` for the others (spec §5.1). Throws a `TypeError` if
 * sizes or indices do not match.
 */
export function softmaxLoss(
  logits: Float32Array,
  targets: ArrayLike<number>,
  { labelSmoothing = 0, weights }: LossOptions = {},
): Loss {
  const batch = targets.length;
  const classes = check(logits, batch, labelSmoothing, weights);
  const gradient = new Float32Array(logits.length);
  const share = labelSmoothing / classes;
  let value = 0;
  for (let b = 0; b < batch; b++) {
    const target = targets[b]!;
    if (!(Number.isInteger(target) && target >= 0 && target < classes)) {
      throw new TypeError(`targets must be in 0..${classes - 1}, got ${target}`);
    }
    const row = b * classes;
    let most = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) most = Math.max(most, logits[row + c]!);
    let [sum, mean] = [0, 0];
    for (let c = 0; c < classes; c++) {
      sum += Math.exp(logits[row + c]! - most);
      mean += (logits[row + c]! - most) / classes;
    }
    const weight = weights?.[b] ?? 1;
    value += weight * (Math.log(sum) - (1 - labelSmoothing) * (logits[row + target]! - most) - labelSmoothing * mean);
    for (let c = 0; c < classes; c++) {
      const wanted = share + (c === target ? 1 - labelSmoothing : 0);
      gradient[row + c] = (weight * (Math.exp(logits[row + c]! - most) / sum - wanted)) / batch;
    }
  }
  return { value: value / batch, gradient };
}

/**
 * Binary cross-entropy of the sigmoids of `logits` `[batch, classes]`, mean over classes and batch (as in Keras and
 * PyTorch); `targets` `[batch, classes]` are 0..1, and `batch` is the number of clips. With smoothing s a target t
 * becomes `t · (1 − s) + s / 2`. Throws a `TypeError` if sizes do not match.
 */
export function sigmoidLoss(
  logits: Float32Array,
  targets: ArrayLike<number>,
  batch: number,
  { labelSmoothing = 0, weights }: LossOptions = {},
): Loss {
  const classes = check(logits, batch, labelSmoothing, weights);
  const gradient = new Float32Array(logits.length);
  if (targets.length !== logits.length) {
    throw new TypeError(`targets must have ${logits.length} elements, got ${targets.length}`);
  }
  let value = 0;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i]!;
    const target = targets[i]! * (1 - labelSmoothing) + labelSmoothing / 2;
    const tail = Math.exp(-Math.abs(logit));
    const weight = weights?.[Math.floor(i / classes)] ?? 1;
    value += weight * (Math.max(logit, 0) - logit * target + Math.log1p(tail));
    const probability = logit >= 0 ? 1 / (1 + tail) : tail / (1 + tail);
    gradient[i] = (weight * (probability - target)) / logits.length;
  }
  return { value: value / logits.length, gradient };
}

function check(
  logits: Float32Array,
  batch: number,
  labelSmoothing: number,
  weights: ArrayLike<number> | undefined,
): number {
  const classes = logits.length / batch;
  if (!(Number.isInteger(classes) && classes > 0)) {
    throw new TypeError(`logits must be a multiple of ${batch} clips, got ${logits.length}`);
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new TypeError(`labelSmoothing must be in 0..1, got ${labelSmoothing}`);
  }
  if (weights && weights.length !== batch) {
    throw new TypeError(`weights must have ${batch} elements, got ${weights.length}`);
  }
  for (const weight of Array.from(weights ?? [])) {
    if (!(weight >= 0 && Number.isFinite(weight))) throw new TypeError(`weights must be ≥ 0, got ${weight}`);
  }
  return classes;
}
