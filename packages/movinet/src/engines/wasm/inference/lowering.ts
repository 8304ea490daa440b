/** What the emitters of a network's calls share: where values lie, and the calls so far. */
import type { ActivationKind, Graph, Shape } from "../../../graph/ir.ts";
import {
  type Address,
  type Buffer,
  type Call,
  type Encoding,
  kinds,
  moved,
  operations,
  pictureBytes,
} from "./calls.ts";
import type { Store } from "./store.ts";

/** A value: a place for each of its frames, `[streams, H, W, C]` with C filled up to a multiple of 4; null is a frame of zeros. */
export interface View {
  readonly shape: Shape;
  readonly frames: readonly (Address | null)[];
  /** Whether pictures are planes `[C, H, W]`, as an image comes in. */
  readonly planar: boolean;
}

export class Lowering {
  readonly graph: Graph;
  readonly streams: number;
  readonly calls: Call[] = [];
  /** By what they encode: layers of one width share one. */
  readonly encodings = new Map<string, Encoding>();
  readonly param: (name: string) => Float32Array;
  readonly #store: Store;
  readonly #views = new Map<string, View>();
  readonly #interleaved = new Map<string, View>();
  /** Outputs whose place nothing was put into yet. */
  readonly #places: Map<string, Buffer>;

  constructor(graph: Graph, streams: number, outputs: readonly string[], store: Store, param: Lowering["param"]) {
    this.graph = graph;
    this.streams = streams;
    this.param = param;
    this.#store = store;
    this.#places = new Map(outputs.map((value, index) => [value, { kind: "output", index }]));
  }

  shape(value: string): Shape {
    return this.graph.shapes[value] as Shape;
  }

  /** Threads that share each call. */
  get threads(): number {
    return this.#store.threads;
  }

  /** Pictures of a value. */
  pictures(value: string): number {
    return this.shape(value).frames * this.streams;
  }

  call(operation: keyof typeof operations, ...words: readonly (number | Address)[]): void {
    this.calls.push({ operation: operations[operation], words });
  }

  /** The address of weights, under a name that is theirs and their order's. */
  constant(name: string, make: () => Float32Array | Uint32Array): Address {
    return { buffer: { kind: "fixed", at: this.#store.constant(name, make) }, bytes: 0 };
  }

  /** The same of a matrix `[K, N]`, as panels. */
  panels(kernel: string, K: number, N: number): Address {
    const at = this.#store.panels(`panels ${kernel}`, () => this.param(kernel), K, N);
    return { buffer: { kind: "fixed", at }, bytes: 0 };
  }

  set(value: string, view: View): void {
    this.#views.set(value, view);
  }

  /** A new place for a value, which is that of an output where the value is one. */
  place(value: string): Address {
    const shape = this.shape(value);
    const output = this.#places.get(value);
    this.#places.delete(value);
    const whole = output ? { buffer: output, bytes: 0 } : this.scratch(shape.frames * this.frameBytes(shape));
    this.set(value, this.viewOf(shape, whole));
    return whole;
  }

  viewOf(shape: Shape, { buffer, bytes }: Address, planar = false): View {
    const step = this.frameBytes(shape);
    return {
      shape,
      frames: Array.from({ length: shape.frames }, (_, t) => ({ buffer, bytes: bytes + t * step })),
      planar,
    };
  }

  scratch(bytes: number): Address {
    return { buffer: { kind: "planned", bytes }, bytes: 0 };
  }

  frameBytes(shape: Shape): number {
    return this.streams * pictureBytes(shape);
  }

  /** A value as it lies; an image may be planar. */
  raw(value: string): View {
    return this.#views.get(value) as View;
  }

  /** A value, channels last. */
  view(value: string): View {
    const raw = this.raw(value);
    if (!raw.planar) return raw;
    const known = this.#interleaved.get(value);
    if (known) return known;
    const { channels, height, width } = raw.shape;
    const to = this.scratch(raw.shape.frames * this.frameBytes(raw.shape));
    this.call("interleave", raw.frames[0] as Address, to, this.pictures(value), channels, height * width);
    const view = this.viewOf(raw.shape, to);
    this.#interleaved.set(value, view);
    return view;
  }

  /** Where all frames of a value lie one after the other; they are put together where they do not. */
  whole(value: string): Address {
    const { shape, frames } = this.view(value);
    const step = this.frameBytes(shape);
    const [first] = frames;
    const follows = (frame: Address | null, t: number) =>
      frame !== null && frame.buffer === first?.buffer && frame.bytes === first.bytes + t * step;
    if (first && frames.every(follows)) return first;
    const to = this.scratch(frames.length * step);
    this.copyFrames(frames, to, step);
    this.set(value, this.viewOf(shape, to));
    return to;
  }

  copyFrames(frames: readonly (Address | null)[], to: Address, bytes: number): void {
    for (const [t, frame] of frames.entries()) {
      const target = moved(to, t * bytes);
      if (frame) this.call("copyRows", frame, target, 1, bytes, 0, 0);
      else this.call("clear", target, bytes);
    }
  }

  /** Computes an activation in place. */
  activate(at: Address, count: number, kind: ActivationKind): void {
    this.call("activation", at, at, count, kinds[kind]);
  }

  /** Brings the outputs to their places that are not made there. */
  finish(): void {
    for (const [value, buffer] of this.#places) {
      const { shape, frames } = this.view(value);
      this.copyFrames(frames, { buffer, bytes: 0 }, this.frameBytes(shape));
    }
  }
}
