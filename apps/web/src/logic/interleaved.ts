/** A stream: takes frames at the model's own rate and returns the probability of each class. */
export interface Stepper<Image> {
  step(image: Image): Promise<{ readonly scores: Float32Array }>;
  reset(): Promise<void>;
}

/**
 * Several streams of one model, shifted in time, each fed at the rate that the model was trained on: frame `i` goes to stream
 * `i mod streams`, and the answer is the mean of the latest answers of all streams.
 */
export class Interleaved<Image> {
  readonly #streams: readonly Stepper<Image>[];
  #said: (Float32Array | null)[];
  #count = 0;

  constructor(streams: readonly Stepper<Image>[]) {
    this.#streams = streams;
    this.#said = streams.map(() => null);
  }

  /** Frames since the last reset, over all streams. */
  get count(): number {
    return this.#count;
  }

  /** The mean over the streams that have answered so far, as a new array. */
  async step(slot: number, image: Image): Promise<Float32Array> {
    const at = slot % this.#streams.length;
    const { scores } = await (this.#streams[at] as Stepper<Image>).step(image);
    this.#said[at] = scores;
    this.#count++;
    const heard = this.#said.filter((said) => said !== null);
    return scores.map((_, c) => heard.reduce((sum, said) => sum + (said[c] as number), 0) / heard.length);
  }

  async reset(): Promise<void> {
    this.#said = this.#streams.map(() => null);
    this.#count = 0;
    await Promise.all(this.#streams.map((stream) => stream.reset()));
  }
}
