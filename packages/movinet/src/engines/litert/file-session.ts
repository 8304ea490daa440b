import { Turns } from "../../common/turns.ts";
import { checkOptions, checkStream, countFrames, refuseState, stateProblems } from "../../session/session-rules.ts";
import type { StreamSession, StreamState } from "../../session/stream-session.ts";
import { channelsLast } from "../layout.ts";
import { disposeAll, type Held, type StreamForm } from "./form.ts";
import { elementsOf } from "./runtime.ts";

export interface FileSessionOptions {
  readonly streams: number;
  /** Frames after which pools have forgotten half; Infinity: never. */
  readonly halfLifeFrames: number;
  /** From what the file gives to logits. */
  readonly toLogits: (values: Float32Array) => Float32Array;
}

/** Streams through a file that takes one frame of one of them at a time. */
export class FileSession implements StreamSession {
  readonly streams: number;
  readonly stateBytes: number;
  readonly #form: StreamForm;
  readonly #keep: number;
  readonly #toLogits: FileSessionOptions["toLogits"];
  readonly #turns: Turns;
  readonly #frame: Float32Array;
  #held: Held[];

  constructor(form: StreamForm, subject: string, { streams, halfLifeFrames, toLogits }: FileSessionOptions) {
    checkOptions(streams, halfLifeFrames);
    this.streams = streams;
    this.stateBytes = form.states.reduce((bytes, { shape }) => bytes + 4 * elementsOf(shape), 0);
    this.#form = form;
    this.#keep = 0.5 ** (1 / halfLifeFrames);
    this.#toLogits = toLogits;
    this.#turns = new Turns(this, "session", subject);
    this.#frame = new Float32Array(3 * form.height * form.width);
    this.#held = Array.from({ length: streams }, () => form.begin());
  }

  async step(frames: Float32Array): Promise<Float32Array> {
    const { height, width, classes } = this.#form;
    const picture = { channels: 3, height, width };
    const rows = countFrames(frames, this.streams, picture) * this.streams;
    const size = frames.length / rows;
    return this.#turns.take(async () => {
      const logits = new Float32Array(this.streams * classes);
      for (let row = 0; row < rows; row++) {
        const stream = row % this.streams;
        const frame = channelsLast([frames.subarray(row * size, (row + 1) * size)], picture, this.#frame);
        const values = await this.#form.advance(this.#held[stream] as Held, frame, this.#keep);
        logits.set(this.#toLogits(values), stream * classes);
      }
      return logits;
    });
  }

  async reset(stream?: number): Promise<void> {
    if (stream !== undefined) checkStream(stream, this.streams);
    return this.#turns.take(() => {
      for (let s = 0; s < this.streams; s++)
        if (stream === undefined || s === stream) this.#replace(s, this.#form.begin());
    });
  }

  async snapshot(stream = 0): Promise<StreamState> {
    checkStream(stream, this.streams);
    return this.#turns.take(() => this.#form.save(this.#held[stream] as Held));
  }

  async restore(state: StreamState, stream = 0): Promise<void> {
    checkStream(stream, this.streams);
    const { states, unused } = this.#form;
    const carried = Object.entries(state).filter(([name]) => !unused.some((one) => one.name === name));
    refuseState(stateProblems(Object.fromEntries(carried), states), this.#turns.subject);
    return this.#turns.take(() => this.#replace(stream, this.#form.load(state)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turns.end(() => {
      for (const { tensors } of this.#held) disposeAll(tensors);
      this.#held = [];
    });
  }

  #replace(stream: number, next: Held): void {
    disposeAll((this.#held[stream] as Held).tensors);
    this.#held[stream] = next;
  }
}
