import { buildGraph } from "../arch/build.ts";
import { Turns } from "../common/turns.ts";
import type { Pictures } from "../data/resample.ts";
import type { Engine } from "../engines/engine.ts";
import { preprocess } from "../flow/preprocess.ts";
import { bodyOf, headFeatures } from "../graph/passes.ts";
import type { Model } from "../model/model.ts";
import { type Call, loadCall } from "../session/call.ts";
import { LocalClipSession } from "../session/clip-session.ts";
import { Streams } from "../session/streams.ts";

export interface FrozenOptions {
  /** Mirror the pictures left to right. Default false. */
  readonly mirror?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Writes the network's input for a frame. */
type PlanesOf = (t: number, into: Float32Array<ArrayBuffer>) => void;
type Vectors = AsyncGenerator<Float32Array>;

/**
 * The part of a network before the pool of its head, compiled once: it computes the vector `[head width]` that the
 * head gets after a clip's last frame. A stream model steps through the clip; a base model sees windows of its card's
 * length, repeated from the start if a clip is shorter, and the mean over windows is used.
 */
export class FrozenBody implements AsyncDisposable {
  readonly #model: Model;
  readonly #call: Call;
  readonly #turns: Turns;

  private constructor(model: Model, call: Call) {
    this.#model = model;
    this.#call = call;
    this.#turns = new Turns(this, "program", model.card.name);
  }

  static async compile(model: Model, engine: Engine): Promise<FrozenBody> {
    const stream = model.spec.mode === "stream";
    const frames = stream ? 1 : (model.card.frames ?? 1);
    const graph = bodyOf(buildGraph(model.spec, { form: stream ? "step" : "clip", frames }));
    return new FrozenBody(model, await loadCall(engine, { graph, weights: model.weights }, { streams: 1 }));
  }

  /**
   * The pooled vector of a clip; frames of another size than the model's are resized by the card's fit. Calls must not
   * overlap. Throws `TypeError` for a clip without frames, and the signal's reason.
   */
  pool(clip: Pictures, options: FrozenOptions = {}): Promise<Float32Array> {
    return this.#turns.take(() => this.#pool(clip, options));
  }

  async #pool(clip: Pictures, { mirror = false, signal }: FrozenOptions): Promise<Float32Array> {
    const { frames, width, height, data } = clip;
    if (frames < 1 || data.length !== frames * width * height * 3) {
      throw new TypeError(
        `a clip must have ${width} × ${height} × 3 bytes per frame, got ${data.length} bytes for ${frames} frames`,
      );
    }
    const { input } = this.#model.card;
    const picture = 3 * input.width * input.height;
    const planesOf: PlanesOf = (t, into) => {
      const size = width * height * 3;
      preprocess({ data: data.subarray(t * size, (t + 1) * size), width, height }, input, into);
      if (mirror) for (let at = 0; at < picture; at += input.width) into.subarray(at, at + input.width).reverse();
    };
    const vectors =
      this.#model.spec.mode === "stream"
        ? this.#steps(frames, picture, planesOf, signal)
        : this.#windows(frames, picture, planesOf, signal);
    const sum = new Float64Array(this.#model.spec.head);
    let count = 0;
    for await (const vector of vectors) {
      for (let i = 0; i < vector.length; i++) sum[i % sum.length]! += vector[i]!;
      count += vector.length / sum.length;
    }
    return Float32Array.from(sum, (value) => value / count);
  }

  async *#steps(frames: number, picture: number, planesOf: PlanesOf, signal?: AbortSignal): Vectors {
    const stream = new Streams(this.#call, 1, Number.POSITIVE_INFINITY);
    try {
      const planes = new Float32Array(picture);
      for (let t = 0; t < frames; t++) {
        signal?.throwIfAborted();
        planesOf(t, planes);
        yield (await stream.advance(this.#call, planes))[headFeatures] as Float32Array;
      }
    } finally {
      stream.dispose();
    }
  }

  async *#windows(frames: number, picture: number, planesOf: PlanesOf, signal?: AbortSignal): Vectors {
    const session = new LocalClipSession(this.#model.card.name, this.#call, headFeatures);
    for (let start = 0; start < frames; start += session.frames) {
      const count = Math.min(session.frames, frames - start);
      if (start > 0 && count < session.frames / 2) return;
      signal?.throwIfAborted();
      const window = new Float32Array(count * picture);
      for (let t = 0; t < count; t++) planesOf(start + t, window.subarray(t * picture, (t + 1) * picture));
      yield await session.run(window);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => this.#call.executable.dispose());
  }
}
