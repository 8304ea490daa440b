/**
 * Estimates the answer for the recent past alone from how the logits for all frames change. If a network's answer is a
 * smooth function of the mean over all frames, `(n · logits(n) − (n − w) · logits(n − w)) / w` is that function,
 * linearized about the mean, at the mean of the last `w` frames. The linearization error grows with n / w: it works
 * for half a minute; longer videos need a session that forgets.
 */
export class RecentLogits {
  /** Number of frames in the recent past. */
  readonly window: number;
  /** n · logits(n) of the last `window` frames, in a ring. */
  readonly #sums: Float64Array[] = [];
  #frames = 0;

  /** `window` is at least 1 frame. */
  constructor(window: number) {
    this.window = window;
  }

  /**
   * Takes the logits for all frames so far and returns those for the last `window` frames, or for all if there are
   * fewer.
   */
  add(logits: Float32Array): Float32Array {
    const frames = ++this.#frames;
    const at = (frames - 1) % this.window;
    const sums = this.#sums[at] ?? new Float64Array(logits.length);
    this.#sums[at] = sums;
    const recent = new Float32Array(logits.length);
    const divisor = Math.min(frames, this.window);
    for (let c = 0; c < logits.length; c++) {
      const sum = frames * (logits[c] as number);
      recent[c] = (sum - (sums[c] as number)) / divisor;
      sums[c] = sum;
    }
    return recent;
  }
}
