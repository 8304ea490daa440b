import { type Graph, requireFloats } from "../../../graph/ir.ts";
import type { Weights } from "../../../graph/tensor.ts";
import type { OnnxTensor } from "../proto.ts";
import { paddedChannels } from "./blocks.ts";
import { Emission } from "./emission.ts";

export interface BlockedOptions {
  /** Channels in a block of the machine's kernels. */
  readonly block: number;
  /** Streams that go through a step together. Default 1. */
  readonly streams?: number;
  /** Constants by name of models that were emitted before from the same weights: they are not computed again. */
  readonly known?: Constants;
}

type Constants = ReadonlyMap<string, OnnxTensor>;

/**
 * How a node sees the memory `[C / block, streams, H · W, block]` of a value. It is the same memory in each of them; a node's
 * time differs.
 * - `pixels`: for kernels that mix channels. All streams are one row, so that weights are read once for all.
 * - `row`: the same, for kernels of single channels and pixels: they run best over one long row.
 * - `pictures`: for kernels that look around; the maps of the streams are like channels.
 * - `rows`: for what differs from stream to stream, the maps like channels, each one row.
 * - `vector`: of values of one pixel, for what is computed with the clocks of the streams.
 */
export type Form = "pixels" | "row" | "pictures" | "rows" | "vector";

/** An emission in blocks, in which each value has the form that its node made, and others where they are asked for. */
export class FormedEmission extends Emission {
  readonly block: number;
  readonly streams: number;
  readonly #known: Constants;
  /** Runs of channels of a value, each of which is padded to whole blocks; null: the value is plain. */
  readonly #runs = new Map<string, readonly number[] | null>();
  /** Names of the forms of a value by their dimensions. */
  readonly #views = new Map<string, Map<string, string>>();

  constructor(graph: Graph, weights: Weights, { block, streams = 1, known = new Map() }: BlockedOptions) {
    requireFloats(graph, "the blocked layout");
    super(graph, weights);
    this.block = block;
    this.streams = streams;
    this.#known = known;
  }

  /** A constant that is computed unless it is known. */
  constant(name: string, dims: readonly number[], compute: () => Float32Array): string {
    this.initializers.set(name, this.#known.get(name) ?? { name, dims, data: compute() });
    return name;
  }

  /** Says in which form a node makes a value under its own name. */
  made(value: string, form: Form | readonly number[], runs: readonly number[] = [this.shape(value).channels]): string {
    this.#runs.set(value, runs);
    return this.#view(value, value, typeof form === "string" ? this.#dims(value, form) : form);
  }

  /** Says that a value is in the layout of the plain graph. */
  madePlain(value: string, dims: readonly number[]): string {
    this.#runs.set(value, null);
    return this.#view(value, value, dims);
  }

  /** The name of a value in a form; where it was made in another one it is reshaped, which copies nothing. Plain ones stay. */
  as(form: Form, value: string): string {
    return this.runs(value) ? this.seen(value, form, this.#dims(value, form)) : value;
  }

  has(form: Form, value: string): boolean {
    return this.#views.get(value)?.has(String(this.#dims(value, form))) ?? false;
  }

  /** The name of a value with these dimensions. */
  seen(value: string, name: string, dims: readonly number[]): string {
    const view = this.#views.get(value)?.get(String(dims));
    if (view !== undefined) return view;
    const reshaped = this.node("Reshape", `${value}/${name}`, [value, this.ints(dims)]);
    return this.#view(value, reshaped, dims);
  }

  runs(value: string): readonly number[] | null {
    return this.#runs.get(value) ?? null;
  }

  /** Channels of a value with its padding. */
  padded(value: string): number {
    return (this.runs(value) ?? []).reduce((sum, run) => sum + paddedChannels(run, this.block), 0);
  }

  /** Dimensions under its own name. */
  dimsOf(value: string): readonly number[] {
    const [dims = ""] = this.#views.get(value)?.keys() ?? [];
    return dims.split(",").map(Number);
  }

  #view(value: string, name: string, dims: readonly number[]): string {
    const views = this.#views.get(value) ?? new Map<string, string>();
    this.#views.set(value, views.set(String(dims), name));
    return name;
  }

  #dims(value: string, form: Form): readonly number[] {
    const { block, streams } = this;
    const { height, width } = this.shape(value);
    const channels = this.padded(value);
    switch (form) {
      case "pixels":
        return streams === 1 ? [1, channels, height, width] : [1, channels, 1, streams * height * width];
      case "row":
        return [1, channels, 1, streams * height * width];
      case "pictures":
        return [1, streams * channels, height, width];
      case "rows":
        return [1, streams * channels, 1, height * width];
      case "vector":
        return streams === 1 ? [1, channels, 1, 1] : [channels / block, streams, block];
    }
  }
}
