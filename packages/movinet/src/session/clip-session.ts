import type { Spec } from "../arch/spec.ts";
import { Turns } from "../common/turns.ts";

/** Whole windows of frames through a base model. */
export class ClipSession implements AsyncDisposable {
  /** Frames of one window. */
  readonly frames: number;
  readonly #resolution: Spec["resolution"];
  readonly #call: (window: Float32Array) => Promise<Float32Array>;
  readonly #turns: Turns;

  /** `call` gives the logits `[classes]` of a whole window `[frames, 3, H, W]`; `subject` names the session in errors. */
  constructor(
    subject: string,
    frames: number,
    resolution: Spec["resolution"],
    call: (window: Float32Array) => Promise<Float32Array>,
  ) {
    this.#turns = new Turns(this, "session", subject);
    this.frames = frames;
    this.#resolution = resolution;
    this.#call = call;
  }

  /**
   * Logits `[classes]` of one window: `frames` holds RGB in 0..1 as `[T, 3, H, W]` with 1..`this.frames` pictures; a
   * shorter clip is repeated from its start, as the official evaluation does (spec §5.3). Throws `TypeError` otherwise,
   * `SessionError` after disposal.
   */
  async run(frames: Float32Array): Promise<Float32Array> {
    const { height, width } = this.#resolution;
    const size = 3 * height * width;
    const count = frames.length / size;
    if (!Number.isInteger(count) || count < 1 || count > this.frames) {
      throw new TypeError(
        `a window holds 1..${this.frames} pictures of 3 × ${height} × ${width}, got ${frames.length} numbers`,
      );
    }
    let window = frames;
    if (count < this.frames) {
      window = new Float32Array(this.frames * size);
      for (let t = 0; t < this.frames; t++)
        window.set(frames.subarray((t % count) * size, ((t % count) + 1) * size), t * size);
    }
    return this.#turns.take(() => this.#call(window));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end();
  }
}
