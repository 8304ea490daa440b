import type { SessionSource } from "../session/program.ts";
import type { StreamSession, StreamState } from "../session/stream-session.ts";

/** The sessions of a camera: they take its frames in turns, so that each sees them at the model's rate. */
export class Lanes implements AsyncDisposable {
  readonly #program: SessionSource;
  readonly #halfLifeFrames: number;
  readonly #sessions: StreamSession[] = [];
  /** The latest scores of each session since the stream began. */
  #scores: (Float32Array | undefined)[] = [];

  /** @param halfLifeFrames half-life of the sessions' memory; Infinity: they never forget. */
  constructor(program: SessionSource, halfLifeFrames: number) {
    this.#program = program;
    this.#halfLifeFrames = halfLifeFrames;
  }

  /** Begins a stream anew with `count` sessions; null: as many as before. */
  async begin(count: number | null): Promise<void> {
    const wanted = count ?? this.#sessions.length;
    for (const session of this.#sessions.splice(wanted)) await session[Symbol.asyncDispose]();
    for (const session of this.#sessions) await session.reset();
    while (this.#sessions.length < wanted) {
      const options = Number.isFinite(this.#halfLifeFrames) ? { halfLifeFrames: this.#halfLifeFrames } : {};
      this.#sessions.push(await this.#program.openStream(options));
    }
    this.#scores = [];
  }

  /** Takes the picture `[3, H, W]` of frame `frame` of the stream, from 0. */
  async step(picture: Float32Array, frame: number, toScores: (logits: Float32Array) => Float32Array): Promise<void> {
    const lane = frame % this.#sessions.length;
    const { logits } = await (this.#sessions[lane] as StreamSession).step(picture);
    this.#scores[lane] = toScores(logits);
  }

  /** The mean of the sessions' latest scores. */
  get scores(): Float32Array {
    const [first, ...others] = this.#scores.filter((scores) => scores !== undefined);
    if (first === undefined) throw new Error("internal: no picture yet");
    if (others.length === 0) return first;
    return first.map((score, c) => {
      const sum = others.reduce((sum, scores) => sum + (scores[c] as number), score);
      return sum / (others.length + 1);
    });
  }

  async snapshot(): Promise<readonly StreamState[]> {
    return Promise.all(this.#sessions.map((session) => session.snapshot()));
  }

  /** Continues from what {@link Lanes.snapshot} returned, if there were as many sessions. Returns whether it did. */
  async restore(states: readonly StreamState[]): Promise<boolean> {
    if (states.length !== this.#sessions.length) return false;
    for (const [lane, session] of this.#sessions.entries()) await session.restore(states[lane] as StreamState);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.splice(0)) await session[Symbol.asyncDispose]();
  }
}
