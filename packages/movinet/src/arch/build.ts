import type { ActivationKind, Graph, InputRole, Node, Param, Shape, State } from "../graph/ir.ts";
import { inferShape } from "../graph/shapes.ts";
import { nameOf, type Spec, squeezeWidth } from "./spec.ts";
import type { BlockSpec, LayerSpec } from "./variants.ts";

/** How a network is called. */
export interface CallOptions {
  /**
   * `clip`: all frames of a clip at once, no state. `step`: new frames plus the state of a stream; stream models only.
   */
  readonly call: "clip" | "step";
  /** New frames in a call, at least 1. */
  readonly frames: number;
}

/**
 * The network of a spec as a graph. Parameters have the canonical names and the layouts of the reference
 * implementation; the states of a stream model come out of the same walk (spec §2, §3).
 */
export function buildGraph(spec: Spec, { call, frames }: CallOptions): Graph {
  if (call === "step" && spec.mode === "base") throw new TypeError(`${nameOf(spec)} sees whole clips: it has no step`);
  const net = new Builder(spec, call === "step", frames);
  const endpoints: Record<string, string> = {};

  let x = net.input("image", "image", { frames, channels: 3, ...spec.resolution });
  x = net.convNorm("stem", x, { size: 3, stride: 2, filters: spec.stem });
  x = net.activation("stem.activation", x, spec.activation); // [T, stem, H/2, W/2]
  endpoints["stem"] = x;
  for (const [b, block] of spec.blocks.entries()) {
    for (const [l, layer] of block.layers.entries()) {
      x = bottleneck(net, `block${b}.layer${l}`, x, layer, block, l === 0 ? block.stride : 1);
      endpoints[`block${b}_layer${l}`] = x;
    }
  }
  x = net.convNorm("head", x, { size: 1, stride: 1, filters: spec.head });
  x = net.activation("head.activation", x, spec.activation); // [T, head, H/32, W/32]
  x = headPool(net, x); // [1, head, 1, 1]
  endpoints["head"] = x;
  x = net.conv("classifier1", x, { size: 1, stride: 1, filters: spec.hidden, bias: true });
  x = net.activation("classifier1.activation", x, spec.classifierActivation);
  x = net.conv("classifier2", x, { size: 1, stride: 1, filters: spec.classes, bias: true });
  return net.graph({ logits: x }, endpoints);
}

/** Mobile inverted bottleneck (spec §2.1): expansion → depthwise feature → gate → projection · rezero, plus skip. */
function bottleneck(net: Builder, name: string, input: string, layer: LayerSpec, block: BlockSpec, stride: 1 | 2) {
  const { spec } = net;
  let x = net.convNorm(`${name}.expansion`, input, { size: 1, stride: 1, filters: layer.expand });
  x = net.activation(`${name}.expansion.activation`, x, spec.activation); // [T, expand, H, W]
  x = feature(net, name, x, layer, stride); // [T, expand, H/stride, W/stride]
  if (spec.squeezeExcite !== "none") x = squeezeExcite(net, name, x);
  x = net.convNorm(`${name}.projection`, x, { size: 1, stride: 1, filters: block.filters });

  let skip = input;
  if (stride === 2 || net.shape(input).channels !== block.filters) {
    if (stride === 2) skip = net.add({ op: "averagePool", id: `${name}.skip.pool`, x: skip });
    skip = net.convNorm(`${name}.skip`, skip, { size: 1, stride: 1, filters: block.filters });
  }
  net.param(`${name}.rezero`, []);
  x = net.add({ op: "scale", id: `${name}.rezero`, x, factor: `${name}.rezero` });
  return net.add({ op: "add", id: name, a: x, b: skip }); // [T, filters, H/stride, W/stride]
}

/**
 * Depthwise convolution over time and space (spec §2.3, §2.8).
 *
 *   3d:       x ─ [buffer] ─ kt×kh×kw ─ norm ─ act          the buffer holds frames before the stride
 *   2plus1d:  x ─ 1×kh×kw ─ norm ─ act ─ [buffer] ─ kt×1×1 ─ norm ─ act      and after it
 */
function feature(net: Builder, name: string, input: string, layer: LayerSpec, stride: 1 | 2): string {
  const { time, space } = layer.kernel;
  const { spec } = net;
  const act = (id: string, x: string) => net.activation(id, x, spec.activation);
  const split = spec.convType !== "3d" && time > 1;
  let x = net.depthwise(`${name}.feature`, `${name}.feature.depthwise.kernel`, input, {
    taps: split ? 1 : time,
    size: space,
    stride,
  });
  x = act(`${name}.feature.activation`, net.norm(`${name}.feature.norm`, x));
  if (!split) return x;
  x = net.depthwise(`${name}.temporal`, `${name}.temporal.kernel`, x, { taps: time, size: 1, stride: 1 });
  return act(`${name}.temporal.activation`, net.norm(`${name}.temporal.norm`, x));
}

/**
 * Squeeze-and-excitation (spec §2.4): x · gate(expand(act(reduce(pooled)))), where pooled is
 *
 *   2d       s, the spatial mean of each frame
 *   3d       g, the mean of s over time: over frames 0..t if causal, over the clip otherwise
 *   2plus3d  [g, s] on channels, plus the positional encoding where the spec has one
 */
function squeezeExcite(net: Builder, name: string, x: string): string {
  const { spec } = net;
  const { channels } = net.shape(x);
  const spatial = net.add({ op: "spatialMean", id: `${name}.se.spatial`, x }); // [T, C, 1, 1]
  let pooled = spatial;
  if (spec.squeezeExcite !== "2d") {
    pooled = timeMean(net, name, spatial);
    if (spec.squeezeExcite === "2plus3d") {
      pooled = net.add({ op: "concat", id: `${name}.se.pooled`, xs: [pooled, spatial] }); // [T, 2C, 1, 1]
    }
  }
  if (spec.positionalEncoding) {
    net.state({ kind: "count", name: `state_${name.replace(".", "_")}_pos_enc_frame_count` });
    net.param(`${name}.posenc`, []);
    const encoding = net.add({
      op: "positionalEncoding",
      id: `${name}.se.encoding`,
      x: net.clock("position"),
      channels: net.shape(pooled).channels,
    });
    const scaled = net.add({ op: "scale", id: `${name}.se.posenc`, x: encoding, factor: `${name}.posenc` });
    pooled = net.add({ op: "add", id: `${name}.se.positioned`, a: pooled, b: scaled });
  }
  const filters = squeezeWidth(channels, spec.squeezeExcite);
  let gate = net.conv(`${name}.se_reduce`, pooled, { size: 1, stride: 1, filters, bias: true });
  gate = net.activation(`${name}.se_reduce.activation`, gate, spec.activation);
  gate = net.conv(`${name}.se_expand`, gate, { size: 1, stride: 1, filters: channels, bias: true });
  gate = net.activation(`${name}.se_expand.gate`, gate, spec.gate); // [T, C, 1, 1]
  return net.add({ op: "multiply", id: `${name}.se`, a: x, b: gate });
}

/** The mean over time of per-frame means: cumulative for causal models, over the clip otherwise (spec §2.5). */
function timeMean(net: Builder, name: string, spatial: string): string {
  const { frames } = net.shape(spatial);
  if (net.spec.mode === "base") {
    const mean = net.add({ op: "frameMean", id: `${name}.se.clip`, x: spatial });
    return net.add({ op: "repeat", id: `${name}.se.clip.frames`, x: mean, count: frames });
  }
  const sums = net.runningSum(`${name}.se.sum`, `state_${name.replace(".", "_")}`, spatial);
  return net.add({ op: "multiply", id: `${name}.se.cumulative`, a: sums, b: net.clock("inverseCount") });
}

/** The head's pool is the mean over all frames so far: one frame comes out (spec §2.5). */
function headPool(net: Builder, x: string): string {
  const spatial = net.add({ op: "spatialMean", id: "head.spatial", x });
  if (net.spec.mode === "base") return net.add({ op: "frameMean", id: "head.pool", x: spatial });
  const last = (id: string, value: string) =>
    net.add({ op: "slice", id, x: value, start: net.shape(value).frames - 1, count: 1 });
  const sum = last("head.sum.last", net.runningSum("head.sum", "state_head", spatial));
  return net.add({ op: "multiply", id: "head.pool", a: sum, b: last("head.inverse_count", net.clock("inverseCount")) });
}

interface ConvOptions {
  readonly size: number;
  readonly stride: 1 | 2;
  readonly filters: number;
  readonly bias?: boolean;
}

/** Collects nodes, parameters and states, and knows the shape of every value so far. */
class Builder {
  readonly spec: Spec;
  readonly #stateful: boolean;
  readonly #frames: number;
  readonly #nodes: Node[] = [];
  readonly #shapes: Record<string, Shape> = {};
  readonly #params: Record<string, Param> = {};
  readonly #states: State[] = [];

  constructor(spec: Spec, stateful: boolean, frames: number) {
    this.spec = spec;
    this.#stateful = stateful;
    this.#frames = frames;
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
    if (this.#shapes[node.id]) throw new Error(`internal: two nodes are called ${node.id}`);
    this.#shapes[node.id] = inferShape(node, this.#shapes, this.#params);
    this.#nodes.push(node);
    return node.id;
  }

  shape(value: string): Shape {
    const shape = this.#shapes[value];
    if (!shape) throw new Error(`internal: no value is called ${value}`);
    return shape;
  }

  param(name: string, shape: readonly number[]): string {
    this.#params[name] = { shape };
    return name;
  }

  input(id: string, role: InputRole, shape: Shape): string {
    return this.add({ op: "input", id, role, shape });
  }

  /** An input that tells the age of each stream, made once. */
  clock(role: "inverseCount" | "position"): string {
    const id = role === "inverseCount" ? "inverse_count" : "position";
    return this.#shapes[id] ? id : this.input(id, role, { frames: this.#frames, channels: 1, height: 1, width: 1 });
  }

  /** States exist in step calls only. */
  state(state: State): void {
    if (this.#stateful) this.#states.push(state);
  }

  conv(name: string, x: string, { size, stride, filters, bias = false }: ConvOptions): string {
    const kernel = [size, size, this.shape(x).channels, filters];
    this.param(`${name}.kernel`, this.spec.convType === "2plus1d" ? kernel : [1, ...kernel]);
    if (bias) this.param(`${name}.bias`, [filters]);
    const params = { kernel: `${name}.kernel`, bias: bias ? `${name}.bias` : null };
    return this.add({ op: "conv", id: name, x, ...params, size, stride, filters });
  }

  norm(name: string, x: string): string {
    const stat = (part: string) => this.param(`${name}.${part}`, [this.shape(x).channels]);
    const params = { gamma: stat("gamma"), beta: stat("beta"), mean: stat("mean"), variance: stat("variance") };
    return this.add({ op: "norm", id: name, x, ...params });
  }

  convNorm(name: string, x: string, options: ConvOptions): string {
    return this.norm(`${name}.norm`, this.conv(name, x, options));
  }

  activation(id: string, x: string, kind: ActivationKind): string {
    return this.add({ op: "activation", id, x, kind });
  }

  /** Depthwise convolution of `taps × size × size`; with more than one tap it is where a stream buffer stands. */
  depthwise(
    id: string,
    kernel: string,
    x: string,
    { taps, size, stride }: { taps: number; size: number; stride: 1 | 2 },
  ) {
    const { channels } = this.shape(x);
    this.param(kernel, depthwiseShape(this.spec.convType, taps, size, channels));
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
  #buffer(owner: string, x: string, length: number): string {
    const [block, layer] = owner.split(".");
    const name = `state_${block}_${layer}_stream_buffer`;
    const shape = { ...this.shape(x), frames: 1 };
    const slots = Array.from({ length }, (_, k) => this.input(`${name}.${k}`, "slot", shape));
    const fresh = Math.min(this.#frames, length);
    const newest = Array.from({ length: fresh }, (_, k) =>
      this.add({ op: "slice", id: `${owner}.newest.${k}`, x, start: this.#frames - fresh + k, count: 1 }),
    );
    this.state({ kind: "buffer", name, slots, newest, shape });
    return this.add({ op: "join", id: `${owner}.window`, xs: [...slots, x] });
  }

  /** Sums of frames 0..t, carried on from the stream's earlier frames in step calls. */
  runningSum(id: string, prefix: string, x: string): string {
    const shape = { ...this.shape(x), frames: 1 };
    const name = `${prefix}_pool_buffer`;
    const initial = this.#stateful ? this.input(name, "sum", shape) : null;
    const sums = this.add({ op: "cumulativeSum", id, x, initial });
    if (this.#stateful) {
      const output = this.add({ op: "slice", id: `${id}.state`, x: sums, start: this.#frames - 1, count: 1 });
      this.state({ kind: "sum", name, input: name, output, shape });
      this.state({ kind: "count", name: `${prefix}_pool_frame_count` });
    }
    return sums;
  }
}

/** Canonical layouts of depthwise kernels (spec §4.2); all hold `[time, height, width, channel]` in row-major order. */
function depthwiseShape(convType: Spec["convType"], taps: number, size: number, channels: number): readonly number[] {
  if (convType !== "2plus1d") return [taps, size, size, 1, channels];
  return taps > 1 ? [taps, 1, channels, 1] : [size, size, channels, 1];
}
