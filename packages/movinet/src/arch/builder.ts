import type { ActivationKind, Graph, InputRole, Node, Param, ParamRole, Shape, State } from "../graph/ir.ts";
import { inferShape } from "../graph/shapes.ts";
import { nameOf, type Spec, stateName } from "./spec.ts";

/** The inputs of a network's heads. */
export interface Features {
  /** `[T, head, H/32, W/32]` */
  readonly map: string;
  /** Mean over all frames so far, `[1, head, 1, 1]`. */
  readonly pooled: string;
}

/** Adds the layers up to an output of the network, and returns its value. */
export type Head = (net: Builder, features: Features) => string;

interface ConvOptions {
  readonly size: number;
  readonly stride: 1 | 2;
  readonly filters: number;
  readonly bias?: boolean;
}

/** Collects nodes, parameters and states, and tracks the shape of every value. */
export class Builder {
  readonly spec: Spec;
  readonly #stateful: boolean;
  readonly #frames: number;
  readonly #nodes: Node[] = [];
  readonly #shapes: Record<string, Shape> = {};
  readonly #params: Record<string, Param> = {};
  readonly #states: State[] = [];
  #owner = "";

  constructor(spec: Spec, stateful: boolean, frames: number) {
    this.spec = spec;
    this.#stateful = stateful;
    this.#frames = frames;
  }

  /** Begins a layer: everything declared from here belongs to it. */
  enter(owner: string): void {
    this.#owner = owner;
  }

  graph(outputs: Record<string, string>, endpoints: Record<string, string>): Graph {
    return {
      name: nameOf(this.spec),
      nodes: this.#nodes,
      shapes: this.#shapes,
      params: this.#params,
      outputs,
      states: this.#states,
      endpoints,
      frames: this.#frames,
    };
  }

  add(node: Node): string {
    if (this.#shapes[node.id]) throw new Error(`internal: duplicate node ${node.id}`);
    this.#shapes[node.id] = inferShape(node, this.#shapes, this.#params);
    this.#nodes.push(node);
    return node.id;
  }

  shape(value: string): Shape {
    const shape = this.#shapes[value];
    if (!shape) throw new Error(`internal: unknown value ${value}`);
    return shape;
  }

  param(name: string, role: ParamRole, shape: readonly number[]): string {
    this.#params[name] = { shape, role, owner: this.#owner };
    return name;
  }

  input(id: string, role: InputRole, shape: Shape): string {
    return this.add({ op: "input", id, role, shape });
  }

  /** An input for the age of each stream, created once. */
  clock(role: "inverseCount" | "position"): string {
    const id = role === "inverseCount" ? "inverse_count" : "position";
    return this.#shapes[id] ? id : this.input(id, role, { frames: this.#frames, channels: 1, height: 1, width: 1 });
  }

  /** A count of a stream's frames for `of`; like all states, only in step calls. */
  count(what: "pool_frame_count" | "pos_enc_frame_count", of: string): void {
    const owner = this.#owner;
    if (this.#stateful) this.#states.push({ kind: "count", name: stateName(owner, what), owner, of });
  }

  conv(name: string, x: string, { size, stride, filters, bias = false }: ConvOptions): string {
    const kernel = [size, size, this.shape(x).channels, filters];
    this.param(`${name}.kernel`, "kernel", this.spec.convType === "2plus1d" ? kernel : [1, ...kernel]);
    if (bias) this.param(`${name}.bias`, "bias", [filters]);
    const params = { kernel: `${name}.kernel`, bias: bias ? `${name}.bias` : null };
    return this.add({ op: "conv", id: name, x, ...params, size, stride, filters });
  }

  norm(name: string, x: string): string {
    const of = (role: ParamRole) => this.param(`${name}.${role}`, role, [this.shape(x).channels]);
    const params = { gamma: of("gamma"), beta: of("beta"), mean: of("mean"), variance: of("variance") };
    return this.add({ op: "norm", id: name, x, ...params });
  }

  convNorm(name: string, x: string, options: ConvOptions): string {
    return this.norm(`${name}.norm`, this.conv(name, x, options));
  }

  activation(id: string, x: string, kind: ActivationKind): string {
    return this.add({ op: "activation", id, x, kind });
  }

  /** Depthwise convolution of `taps × size × size`; with more than one tap it may have a stream buffer. */
  depthwise(
    id: string,
    kernel: string,
    x: string,
    { taps, size, stride }: { taps: number; size: number; stride: 1 | 2 },
  ) {
    const { channels } = this.shape(x);
    this.param(kernel, "kernel", depthwiseShape(this.spec.convType, taps, size, channels));
    const time = { taps, tap: 0, before: 0, after: 0 };
    const node = { op: "depthwise", id, kernel, bias: null, size, stride } as const;
    if (taps === 1) return this.add({ ...node, x, time });
    if (this.spec.mode === "base") {
      const same = (taps - 1) / 2;
      return this.add({ ...node, x, time: { ...time, before: same, after: same } });
    }
    if (!this.#stateful) return this.add({ ...node, x, time: { ...time, before: taps - 1 } });
    return this.add({ ...node, x: this.#buffer(id, x, taps - 1), time });
  }

  /** Frame slots of a stream buffer in front of the new frames: `[length + T, C, H, W]` (spec §2.8). */
  #buffer(reader: string, x: string, length: number): string {
    const name = stateName(this.#owner, "stream_buffer");
    const shape = { ...this.shape(x), frames: 1 };
    const slots = Array.from({ length }, (_, k) => this.input(`${name}.${k}`, "slot", shape));
    const fresh = Math.min(this.#frames, length);
    const newest = Array.from({ length: fresh }, (_, k) =>
      this.add({ op: "slice", id: `${reader}.newest.${k}`, x, start: this.#frames - fresh + k, count: 1 }),
    );
    this.#states.push({ kind: "buffer", name, owner: this.#owner, slots, newest, shape });
    return this.add({ op: "join", id: `${reader}.window`, xs: [...slots, x] });
  }

  /** Sums of frames 0..t, continued from the stream's earlier frames in step calls. */
  runningSum(id: string, x: string): string {
    const shape = { ...this.shape(x), frames: 1 };
    const name = stateName(this.#owner, "pool_buffer");
    const initial = this.#stateful ? this.input(name, "sum", shape) : null;
    const sums = this.add({ op: "cumulativeSum", id, x, initial });
    if (this.#stateful) {
      const output = this.add({ op: "slice", id: `${id}.state`, x: sums, start: this.#frames - 1, count: 1 });
      this.#states.push({ kind: "sum", name, owner: this.#owner, input: name, output, shape });
      this.count("pool_frame_count", id);
    }
    return sums;
  }
}

/**
 * Canonical layouts of depthwise kernels (spec §4.2); all store `[time, height, width, channel]` in row-major order.
 */
function depthwiseShape(convType: Spec["convType"], taps: number, size: number, channels: number): readonly number[] {
  if (convType !== "2plus1d") return [taps, size, size, 1, channels];
  return taps > 1 ? [taps, 1, channels, 1] : [size, size, channels, 1];
}
