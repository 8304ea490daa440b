import { buildGraph } from "../arch/build.ts";
import { nameOf } from "../arch/spec.ts";
import { Turns } from "../common/turns.ts";
import type { Engine } from "../engines/engine.ts";
import type { Model } from "../model/model.ts";
import { type Call, loadCall } from "./call.ts";
import { checkFloats } from "./session-rules.ts";
import { Streams } from "./streams.ts";

/** Runs whole windows of frames through a base model. */
export interface ClipSession extends AsyncDisposable {
  /** Frames per window. */
  readonly frames: number;
  /**
   * Logits `[classes]` of one window: `frames` has RGB in 0..1 as `[T, 3, H, W]` with 1..`this.frames` frames; a
   * shorter clip is repeated from its start, as in the official evaluation (spec §5.3). Throws `TypeError` for other
   * sizes, {@link SessionError} (`E_SESSION_DISPOSED`) after disposal.
   */
  run(frames: Float32Array): Promise<Float32Array>;
}

/** A clip session in this thread. */
export class LocalClipSession implements ClipSession {
  readonly frames: number;
  readonly #call: Call;
  readonly #output: string;
  readonly #turns: Turns;

  /** `subject` names the session in errors; `output` is the output that {@link LocalClipSession.run} returns. */
  constructor(subject: string, call: Call, output = "logits") {
    this.frames = call.step.frames;
    this.#call = call;
    this.#output = output;
    this.#turns = new Turns(this, "session", subject);
  }

  async run(frames: Float32Array): Promise<Float32Array> {
    checkFloats(frames);
    const { channels, height, width } = this.#call.step.picture;
    const size = channels * height * width;
    const count = frames.length / size;
    if (!Number.isInteger(count) || count < 1 || count > this.frames) {
      throw new TypeError(
        `a window must contain 1..${this.frames} frames of ${channels} × ${height} × ${width}, got ${frames.length} numbers`,
      );
    }
    let window = frames;
    if (count < this.frames) {
      window = new Float32Array(this.frames * size);
      for (let t = 0; t < this.frames; t++) {
        window.set(frames.subarray((t % count) * size, ((t % count) + 1) * size), t * size);
      }
    }
    return this.#turns.take(async () => {
      const clip = new Streams(this.#call, 1, Number.POSITIVE_INFINITY);
      try {
        return (await clip.advance(this.#call, window))[this.#output] as Float32Array;
      } finally {
        clip.dispose();
      }
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end();
  }
}

/**
 * A network (also a stream network) that takes all `frames` of a clip in one call. Compiled code is freed with the
 * session.
 */
export async function openWholeClip(
  { spec, weights }: Pick<Model, "spec" | "weights">,
  frames: number,
  engine: Engine,
): Promise<ClipSession> {
  const call = await loadCall(engine, { graph: buildGraph(spec, { form: "clip", frames }), weights });
  const session = new LocalClipSession(nameOf(spec), call);
  return {
    frames,
    run: (clip) => session.run(clip),
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
      await call.executable.dispose();
    },
  };
}
