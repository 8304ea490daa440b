import { elementsOf } from "../graph/shapes.ts";
import type { CarriedState } from "../graph/step-interface.ts";
import type { StateTensor, StreamState } from "./stream-session.ts";

/** Factor applied to a pool's past at every frame; 1 (a half-life of Infinity) never forgets. */
export function keepOf(halfLifeFrames: number): number {
  return 0.5 ** (1 / halfLifeFrames);
}

/** The effective number of frames in a pool after `age` frames. */
export function weightOf(age: number, keep: number): number {
  return keep < 1 ? (1 - keep ** age) / (1 - keep) : age;
}

/**
 * The pool of a head, kept outside the network: for each stream the running sum of one vector per frame, in float32
 * and in the order in which the network would add, so that its states equal those of a network with its own pool bit
 * for bit.
 */
export class HeadPool {
  readonly #states: readonly CarriedState[];
  readonly #keep: number;
  /** `[streams, channels]` */
  readonly #sums: Float32Array;
  /** Frames per stream. */
  readonly #ages: number[];
  readonly #channels: number;

  /** `states` are the sum and its count of frames. */
  constructor(states: readonly CarriedState[], streams: number, halfLifeFrames: number) {
    this.#states = states;
    this.#keep = keepOf(halfLifeFrames);
    this.#channels = elementsOf(states.find(({ kind }) => kind === "sum")?.shape ?? []);
    this.#sums = new Float32Array(streams * this.#channels);
    this.#ages = new Array<number>(streams).fill(0);
  }

  /** Takes the vectors of a frame of each stream, `[streams, channels]`, and writes the means of all frames so far. */
  add(features: Float32Array, means: Float32Array): void {
    const sums = this.#sums;
    if (this.#keep < 1) for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) * this.#keep;
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (features[i] as number);
    for (let stream = 0; stream < this.#ages.length; stream++) {
      const age = (this.#ages[stream] as number) + 1;
      this.#ages[stream] = age;
      const share = Math.fround(1 / weightOf(age, this.#keep));
      const end = (stream + 1) * this.#channels;
      for (let i = end - this.#channels; i < end; i++) means[i] = (sums[i] as number) * share;
    }
  }

  begin(): void {
    this.#sums.fill(0);
    this.#ages.fill(0);
  }

  reset(stream: number): void {
    this.#row(stream).fill(0);
    this.#ages[stream] = 0;
  }

  save(stream: number): StreamState {
    const saved = this.#states.map(({ name, kind, shape }): readonly [string, StateTensor] => {
      const data = kind === "sum" ? this.#row(stream).slice() : Int32Array.of(this.#ages[stream] as number);
      return [name, { shape, data }];
    });
    return Object.fromEntries(saved);
  }

  /** Restores what {@link HeadPool.save} returned, with the right names and shapes. */
  load(stream: number, saved: StreamState): void {
    for (const { name, kind } of this.#states) {
      const { data } = saved[name] as StateTensor;
      if (kind === "sum") this.#row(stream).set(data);
      else this.#ages[stream] = data[0] as number;
    }
  }

  #row(stream: number): Float32Array {
    return this.#sums.subarray(stream * this.#channels, (stream + 1) * this.#channels);
  }
}
