import { Turns } from "../common/turns.ts";
import type { Engine } from "../engines/engine.ts";
import type { Model } from "../model/model.ts";
import { type ClipSession, openWholeClip } from "../session/clip-session.ts";
import type { SessionSource } from "../session/program.ts";

/**
 * Checks on real clips that a stream model gives the same answer frame by frame and on whole clips: the streaming law.
 */
export interface Agreement {
  /** Clips run in both ways. */
  readonly clips: number;
  /** The largest difference of any logit. */
  readonly difference: number;
  /**
   * The largest logit in magnitude (for mutually exclusive classes, after subtracting the mean, which has no effect):
   * the scale of the difference.
   */
  readonly scale: number;
  /** Whether the difference is at most 1e-4, or 1e-5 of the scale if that is more: the limit of float32. */
  readonly agree: boolean;
}

/** Pixels of the longest clip run at once: 32 frames of 172 × 172, some 300 MB of feature maps with A0. */
const mostPixels = 1e6;

/**
 * Runs beginnings of clips in one call each and compares the logits with the stream's. A beginning has 1, 2, 4, 8, …
 * frames, because a network is compiled per length.
 */
export class ClipMode implements AsyncDisposable {
  /** Frames of the longest clip run at once. */
  readonly mostFrames: number;
  readonly #model: Model;
  readonly #engine: Engine;
  /** By number of frames. */
  readonly #sessions = new Map<number, ClipSession>();
  readonly #turns: Turns;
  #clips = 0;
  #difference = 0;
  #scale = 0;

  constructor(model: Model, engine: Engine) {
    const { height, width } = model.spec.resolution;
    this.mostFrames = Math.max(1, Math.floor(mostPixels / (height * width)));
    this.#model = model;
    this.#engine = engine;
    this.#turns = new Turns(this, "program", model.card.name);
  }

  /** Null before the first clip. */
  get agreement(): Agreement | null {
    if (this.#clips === 0) return null;
    const agree = this.#difference <= Math.max(1e-4, 1e-5 * this.#scale);
    return { clips: this.#clips, difference: this.#difference, scale: this.#scale, agree };
  }

  /** Compares with the frames a stream saw (`[3, H, W]` each) and the logits after the last of them. */
  compare(frames: readonly Float32Array[], logits: Float32Array): Promise<void> {
    return this.#turns.take(() => this.#compare(frames, logits));
  }

  async #compare(frames: readonly Float32Array[], logits: Float32Array): Promise<void> {
    const session =
      this.#sessions.get(frames.length) ?? (await openWholeClip(this.#model, frames.length, this.#engine));
    this.#sessions.set(frames.length, session);
    const own = await session.run(joinFrames(frames));
    const sum = this.#model.card.output === "softmax" ? logits.reduce((total, logit) => total + logit, 0) : 0;
    for (const [i, logit] of logits.entries()) {
      const difference = Math.abs(logit - (own[i] as number));
      this.#difference = difference > this.#difference || Number.isNaN(difference) ? difference : this.#difference;
      this.#scale = Math.max(this.#scale, Math.abs(logit - sum / logits.length));
    }
    this.#clips++;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(async () => {
      for (const session of this.#sessions.values()) await session[Symbol.asyncDispose]();
    });
  }
}

/** Frames `[3, H, W]` as one clip `[T, 3, H, W]`. */
export function joinFrames(frames: readonly Float32Array[]): Float32Array {
  const size = frames[0]?.length ?? 0;
  const clip = new Float32Array(frames.length * size);
  for (const [t, frame] of frames.entries()) clip.set(frame, t * size);
  return clip;
}

/** The inputs and outputs of a stream, for {@link ClipMode.compare}. */
export interface Recording {
  /** Its first frames, as many as requested. */
  readonly frames: Float32Array[];
  /** The number of `frames` before the recorded logits: 1, 2, 4, 8, … */
  seen: number;
  logits: Float32Array | null;
}

/** The same program, whose streams record their first `most` frames in `recording`, with intermediate logits. */
export function recorded(program: SessionSource, recording: Recording, most: number): SessionSource {
  return {
    model: program.model,
    openClip: () => program.openClip(),
    async openStream(options) {
      const session = await program.openStream(options);
      if (options?.recentHalfLifeFrames !== undefined) return session;
      let given = 0;
      const noteFrame = (frame: Float32Array) => {
        given++;
        if (recording.frames.length < most) recording.frames.push(frame.slice());
      };
      /** Logits after the last `count` frames. */
      const noteLogits = (logits: Float32Array, count: number) => {
        const size = logits.length / count;
        for (let k = 0; k < count; k++) {
          const seen = given - count + k + 1;
          if (seen > recording.frames.length || !Number.isInteger(Math.log2(seen))) continue;
          Object.assign(recording, { seen, logits: logits.slice(k * size, (k + 1) * size) });
        }
      };
      return {
        streams: session.streams,
        stateBytes: session.stateBytes,
        reset: (stream) => session.reset(stream),
        snapshot: (stream) => session.snapshot(stream),
        restore: (state, stream) => session.restore(state, stream),
        async step(frames) {
          const outputs = await session.step(frames);
          noteFrame(frames);
          noteLogits(outputs.logits, 1);
          return outputs;
        },
        async advance(frames) {
          await session.advance(frames);
          noteFrame(frames);
        },
        async outputs(last = 1) {
          const outputs = await session.outputs(last);
          noteLogits(outputs.logits, last);
          return outputs;
        },
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
  };
}
