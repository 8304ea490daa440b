/**
 * Estimates what the recent past alone says from how the logits for all frames so far change. Where a network's answer is a
 * smooth function of the mean over all frames, `(n · logits(n) − (n − w) · logits(n − w)) / w` is that function,
 * linearized about the mean, at the mean of the last `w` frames. What the linearization leaves out grows with n / w: it
 * serves for half a minute, and longer videos need a session that forgets.
 */
export class RecentLogits {
  /** Frames that the recent past has. */
  readonly window: number;
  /** n · logits(n) of the last `window` frames, in a ring. */
  readonly #sums: Float64Array[] = [];
  #frames = 0;

  /** A `window` of at least 1 frame. */
  constructor(window: number) {
    this.window = window;
  }

  /** Takes the logits for all frames so far and gives those for the last `window`, or for all where they are fewer. */
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
