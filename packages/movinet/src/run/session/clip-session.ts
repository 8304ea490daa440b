import type { Model } from "../../model/model.ts";
import type { Executable } from "./backend.ts";

/** Whole windows of frames through a base model. */
export class ClipSession implements AsyncDisposable {
  /** Frames of one window. */
  readonly frames: number;
  readonly #model: Model;
  readonly #executable: Executable;

  constructor(model: Model, executable: Executable) {
    this.frames = executable.graph.frames;
    this.#model = model;
    this.#executable = executable;
  }

  /**
   * Logits `[classes]` of one window: `frames` holds RGB in 0..1 as `[T, 3, H, W]` with 1..`this.frames` pictures; a
   * shorter clip is repeated from its start, as the official evaluation does (spec §5.3). Throws `TypeError` otherwise.
   */
  async run(frames: Float32Array): Promise<Float32Array> {
    const { height, width } = this.#model.spec.resolution;
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
    const image = this.#executable.upload("image", window);
    const outputs = await this.#executable.run({ image });
    const logits = outputs[this.#executable.graph.logits];
    if (!logits) throw new Error("internal: the backend returned no logits");
    return (await logits.read()).slice();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
