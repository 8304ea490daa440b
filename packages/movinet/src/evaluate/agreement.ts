import { buildGraph } from "../arch/build.ts";
import { Turns } from "../common/turns.ts";
import type { Backend, Executable } from "../engines/engine.ts";
import type { Model } from "../model/model.ts";
import type { SessionSource } from "../session/program.ts";

/** Whether a stream model says the same frame by frame and of whole clips: the streaming law, on real clips. */
export interface Agreement {
  /** Clips that were run in both ways. */
  readonly clips: number;
  /** The greatest difference of any logit. */
  readonly difference: number;
  /**
   * The greatest logit, without its sign (where classes exclude each other, of logits less their mean: a shift of all
   * changes nothing): what the difference is to be held against.
   */
  readonly scale: number;
  /** Whether the difference is at most 1e-4, or 1e-5 of the scale where that is more: float32 has no more to give. */
  readonly agree: boolean;
}

/** Pixels of the longest clip that is run at once: 32 frames of 172 × 172, some 300 MB of feature maps with A0. */
const mostPixels = 1e6;

/**
 * Runs beginnings of clips in one call each and compares the logits with those of the stream. A beginning has 1, 2, 4, 8, …
 * frames, because a network is compiled for each length.
 */
export class ClipMode implements AsyncDisposable {
  /** Frames of the longest clip that is run at once. */
  readonly mostFrames: number;
  readonly #model: Model;
  readonly #backend: Backend;
  /** By frames. */
  readonly #executables = new Map<number, Executable>();
  readonly #turns: Turns;
  #clips = 0;
  #difference = 0;
  #scale = 0;

  constructor(model: Model, backend: Backend) {
    const { height, width } = model.spec.resolution;
    this.mostFrames = Math.max(1, Math.floor(mostPixels / (height * width)));
    this.#model = model;
    this.#backend = backend;
    this.#turns = new Turns(this, "program", model.card.name);
  }

  /** Null before the first clip. */
  get agreement(): Agreement | null {
    if (this.#clips === 0) return null;
    const agree = this.#difference <= Math.max(1e-4, 1e-5 * this.#scale);
    return { clips: this.#clips, difference: this.#difference, scale: this.#scale, agree };
  }

  /** Compares with what a stream saw (`[3, H, W]` each) and the logits that it gave after the last of it. */
  compare(frames: readonly Float32Array[], logits: Float32Array): Promise<void> {
    return this.#turns.take(() => this.#compare(frames, logits));
  }

  async #compare(frames: readonly Float32Array[], logits: Float32Array): Promise<void> {
    const executable = await this.#executable(frames.length);
    const own = await runClip(executable, frames);
    const sum = this.#model.card.output === "softmax" ? logits.reduce((total, logit) => total + logit, 0) : 0;
    for (const [i, logit] of logits.entries()) {
      const difference = Math.abs(logit - (own[i] as number));
      this.#difference = difference > this.#difference || Number.isNaN(difference) ? difference : this.#difference;
      this.#scale = Math.max(this.#scale, Math.abs(logit - sum / logits.length));
    }
    this.#clips++;
  }

  async #executable(frames: number): Promise<Executable> {
    const known = this.#executables.get(frames);
    if (known) return known;
    const graph = buildGraph(this.#model.spec, { call: "clip", frames });
    const executable = await this.#backend.compile(graph, this.#model.weights, { single: false });
    this.#executables.set(frames, executable);
    return executable;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(async () => {
      for (const executable of this.#executables.values()) await executable.dispose();
    });
  }
}

/** Logits of frames `[3, H, W]` that an executable sees in one call, with the clocks of a stream that begins with them. */
export async function runClip(executable: Executable, frames: readonly Float32Array[]): Promise<Float32Array> {
  const { graph } = executable;
  const size = frames[0]?.length ?? 0;
  const image = new Float32Array(frames.length * size);
  for (const [t, frame] of frames.entries()) image.set(frame, t * size);
  const inputs: Record<string, ReturnType<Executable["upload"]>> = {};
  for (const node of graph.nodes) {
    if (node.op !== "input") continue;
    const clock = (value: (t: number) => number) => Float32Array.from(frames, (_, t) => value(t));
    const data = node.role === "image" ? image : clock(node.role === "position" ? (t) => t : (t) => 1 / (t + 1));
    inputs[node.id] = executable.upload(node.id, data);
  }
  const outputs = await executable.run(inputs);
  const logits = (await outputs[graph.logits]?.read())?.slice();
  for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.dispose();
  if (!logits) throw new Error("internal: the backend returned no logits");
  return logits;
}

/** What a stream was given and what it said, for {@link ClipMode.compare}. */
export interface Recording {
  /** Its first frames, as many as were asked for. */
  readonly frames: Float32Array[];
  /** How many of `frames` the noted logits follow: 1, 2, 4, 8, … */
  seen: number;
  logits: Float32Array | null;
}

/** The same program, of which each stream notes the first `most` frames in `recording`, and logits on the way. */
export function recorded(program: SessionSource, recording: Recording, most: number): SessionSource {
  return {
    model: program.model,
    openRecent: (halfLife) => program.openRecent(halfLife),
    openClip: () => program.openClip(),
    async openStream(options) {
      const session = await program.openStream(options);
      return {
        streams: session.streams,
        stateBytes: session.stateBytes,
        reset: (stream) => session.reset(stream),
        snapshot: (stream) => session.snapshot(stream),
        restore: (state, stream) => session.restore(state, stream),
        async step(frames) {
          const logits = await session.step(frames);
          if (recording.frames.length < most) {
            const seen = recording.frames.push(frames.slice());
            if (Number.isInteger(Math.log2(seen))) Object.assign(recording, { seen, logits: logits.slice() });
          }
          return logits;
        },
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
  };
}
