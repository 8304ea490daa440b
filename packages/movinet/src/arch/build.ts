import type { Graph } from "../graph/ir.ts";
import { Builder } from "./builder.ts";
import { headOf } from "./heads.ts";
import { nameOf, type Spec, squeezeWidth, stagesOf } from "./spec.ts";
import type { BlockSpec, LayerSpec } from "./variants.ts";

/** How a network is called. */
export interface GraphOptions {
  /**
   * `clip`: all frames of a clip at once, no state. `step`: new frames plus the state of a stream; stream models only.
   */
  readonly form: "clip" | "step";
  /** New frames per call, at least 1. */
  readonly frames: number;
}

/**
 * The network of a spec as a graph. Parameters have the canonical names and layouts of the reference implementation;
 * the states of a stream model come from the same walk (spec §2, §3).
 */
export function buildGraph(spec: Spec, { form, frames }: GraphOptions): Graph {
  if (form === "step" && spec.mode === "base") throw new TypeError(`${nameOf(spec)} takes whole clips: it has no step`);
  const net = new Builder(spec, form === "step", frames);
  const endpoints: Record<string, string> = {};
  const [, ...names] = stagesOf(spec);

  let x = net.input("image", "image", { frames, channels: 3, ...spec.resolution });
  net.enter("stem");
  x = net.convNorm("stem", x, { size: 3, stride: 2, filters: spec.stem });
  x = net.activation("stem.activation", x, spec.activation); // [T, stem, H/2, W/2]
  endpoints["stem"] = x;
  for (const [b, block] of spec.blocks.entries()) {
    for (const [l, layer] of block.layers.entries()) {
      x = bottleneck(net, names[b]?.[l] as string, x, layer, block, l === 0 ? block.stride : 1);
      endpoints[`block${b}_layer${l}`] = x;
    }
  }
  net.enter("head");
  x = net.convNorm("head", x, { size: 1, stride: 1, filters: spec.head });
  const map = net.activation("head.activation", x, spec.activation);
  const pooled = headPool(net, map);
  endpoints["head"] = pooled;
  const outputs = (spec.heads ?? ["logits"]).map((name) => [name, headOf(name)(net, { map, pooled })]);
  return net.graph(Object.fromEntries(outputs), endpoints);
}

/** Mobile inverted bottleneck (spec §2.1): expansion → depthwise feature → gate → projection · rezero, plus skip. */
function bottleneck(net: Builder, name: string, input: string, layer: LayerSpec, block: BlockSpec, stride: 1 | 2) {
  const { spec } = net;
  net.enter(name);
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
  net.param(`${name}.rezero`, "factor", []);
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
    net.count("pos_enc_frame_count", `${name}.se.encoding`);
    net.param(`${name}.posenc`, "encoding", []);
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
  const sums = net.runningSum(`${name}.se.sum`, spatial);
  return net.add({ op: "multiply", id: `${name}.se.cumulative`, a: sums, b: net.clock("inverseCount") });
}

/** The head's pool is the mean over all frames so far: one frame comes out (spec §2.5). */
function headPool(net: Builder, x: string): string {
  const spatial = net.add({ op: "spatialMean", id: "head.spatial", x });
  if (net.spec.mode === "base") return net.add({ op: "frameMean", id: "head.pool", x: spatial });
  const last = (id: string, value: string) =>
    net.add({ op: "slice", id, x: value, start: net.shape(value).frames - 1, count: 1 });
  const sum = last("head.sum.last", net.runningSum("head.sum", spatial));
  return net.add({ op: "multiply", id: "head.pool", a: sum, b: last("head.inverse_count", net.clock("inverseCount")) });
}
