import type { Activation, Gate, SqueezeExcite } from "../../../arch/spec.ts";
import { refuse } from "./flatbuffer.ts";
import type { Flow } from "./flow.ts";
import {
  bothWays,
  type FoundConv,
  type FoundGate,
  type FoundMean,
  peelActivation,
  peelAffine,
  peelConv,
  peelDepthwise,
  peelGate,
  peelPool,
  peelSpatialMean,
} from "./patterns.ts";

/** The squeeze-and-excitation of a layer. */
export interface FoundSqueeze {
  readonly kind: Exclude<SqueezeExcite, "none">;
  readonly gate: FoundGate;
  readonly reduce: FoundConv;
  /** The input of `reduce` is this many times the means. */
  readonly meanGain: number;
  readonly expand: FoundConv;
  /** Null: no positional encoding. */
  readonly posenc: number | null;
}

export interface FoundLayer {
  readonly expansion: FoundConv;
  readonly spatial: FoundConv;
  /** Null if the kernel sees one frame. */
  readonly temporal: FoundConv | null;
  readonly squeeze: FoundSqueeze | null;
  readonly projection: FoundConv;
  readonly rezero: number;
  /** Null if the input itself is added. */
  readonly skip: FoundConv | null;
}

/** A MoViNet as found in a file. */
export interface FoundNetwork {
  readonly stem: FoundConv;
  readonly layers: readonly FoundLayer[];
  readonly head: FoundConv;
  readonly dense1: FoundConv;
  /** The input of `dense1` is this many times the mean of the head. */
  readonly meanGain: number;
  readonly dense2: FoundConv;
  readonly activation: Activation;
  readonly classifierActivation: Activation;
  /** Null without squeeze-and-excitation. */
  readonly gate: Gate | null;
  readonly squeezeExcite: SqueezeExcite;
  readonly positionalEncoding: boolean;
  readonly resolution: { readonly height: number; readonly width: number };
  /** The activation the file applies to the logits. */
  readonly output: "logits" | "softmax" | "sigmoid";
}

/** A5, the largest, has 59. */
const mostLayers = 64;

/** Walks from the logits back to the image. Throws a ModelError that names the operator where the walk stops. */
export function findNetwork(flow: Flow): FoundNetwork {
  const walk = startWalk(flow);
  const { dense2, output } = findLogits(walk);
  const hiddenActivation = peelActivation(flow, dense2.x);
  if (hiddenActivation.kind === null) throw walk.stop("the classifier", "an activation", dense2.x);
  const dense1 = walk.pointwise("the classifier", hiddenActivation.x);
  const { mean } = runningMean(walk, "the head's pool", dense1.x);
  const head = walk.pointwise("the head", walk.activated("the head", mean.x));

  const layers: FoundLayer[] = [];
  let value = head.x;
  while (flow.node(value)?.op === "ADD" && layers.length < mostLayers) {
    const { layer, input } = findLayer(walk, `layer ${layers.length + 1} from the end`, value);
    layers.unshift(layer);
    value = input;
  }
  const stem = peelConv(flow, walk.activated("the stem", value));
  if (stem?.size[0] !== 3 || stem.size[1] !== 3 || stem.stride !== 2) {
    throw walk.stop("the stem", "a 3×3 convolution with stride 2", peelActivation(flow, value).x);
  }
  const squeezes = layers.map(({ squeeze }) => squeeze);
  return {
    stem,
    layers,
    head,
    dense1,
    meanGain: mean.gain,
    dense2,
    activation: walk.only("activation", walk.activations) ?? "swish",
    classifierActivation: hiddenActivation.kind,
    gate: walk.only("gate", new Set(squeezes.flatMap((squeeze) => squeeze?.gate.kind ?? []))),
    squeezeExcite: walk.only("squeeze-and-excitation", new Set(squeezes.map((s) => s?.kind ?? "none"))) ?? "none",
    positionalEncoding:
      walk.only("positional encoding", new Set(squeezes.map((s) => (s?.posenc ?? null) !== null))) ?? false,
    resolution: findResolution(walk, stem),
    output,
  };
}

type Walk = ReturnType<typeof startWalk>;

function startWalk(flow: Flow) {
  const activations = new Set<Activation>();
  function stop(place: string, expected: string, value: number): Error {
    const node = flow.node(value);
    const got = node === null ? `the tensor ${flow.tensor(value)?.name}` : `operator ${node.index} (${node.op})`;
    const strange = [...flow.operators].filter((op) => !usualOperators.has(op));
    const also = strange.length > 0 ? `; the file has operators that MoViNets never use: ${strange.join(", ")}` : "";
    return refuse(
      flow.subject,
      `it is not a MoViNet stream model: ${place}: expected ${expected}, found ${got}${also}`,
    );
  }
  return {
    flow,
    activations,
    stop,
    /** Skips the main activation. */
    activated(place: string, value: number): number {
      const { kind, x } = peelActivation(flow, value);
      if (kind === null) throw stop(place, "an activation (hard swish, swish or ReLU6)", value);
      activations.add(kind);
      return x;
    },
    pointwise(place: string, value: number): FoundConv {
      const conv = peelConv(flow, value);
      if (conv?.size[0] !== 1 || conv.size[1] !== 1 || conv.stride !== 1) throw stop(place, "a 1×1 convolution", value);
      return conv;
    },
    only<T>(what: string, kinds: ReadonlySet<T>): T | null {
      const [kind = null, second] = kinds;
      if (second === undefined) return kind;
      throw refuse(flow.subject, `it is not a MoViNet: its layers differ in their ${what} (${[...kinds].join(", ")})`);
    },
  };
}

const usualOperators = new Set(
  `ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEQUANTIZE FULLY_CONNECTED LOGISTIC MUL RELU RELU6 RESHAPE
  SOFTMAX PAD MEAN SUB DIV SQUEEZE STRIDED_SLICE CAST MAXIMUM MINIMUM SLICE SIN EXPAND_DIMS SUM RANGE COS QUANTIZE
  HARD_SWISH BROADCAST_TO RELU_0_TO_1`.split(/\s+/),
);

const finals: Readonly<Record<string, FoundNetwork["output"]>> = { SOFTMAX: "softmax", LOGISTIC: "sigmoid" };

/** The logits are the last output computed by a dense layer; the other outputs are states. */
function findLogits(walk: Walk): { dense2: FoundConv; output: FoundNetwork["output"] } {
  const { flow } = walk;
  const found = flow.outputs.flatMap((value) => {
    const final = flow.node(value);
    const output = finals[final?.op ?? ""] ?? "logits";
    const logits = output === "logits" ? value : (final?.inputs[0] ?? -1);
    const dense2 = peelConv(flow, logits);
    return dense2 ? [{ dense2, output, index: flow.node(logits)?.index ?? -1 }] : [];
  });
  const last = found.sort((a, b) => b.index - a.index)[0];
  if (!last) throw walk.stop("the output", "a dense layer", flow.outputs[0] ?? -1);
  return last;
}

/** The mean over all frames so far of spatial means: (mean + sum of earlier frames) / count, or times 1 / count. */
function runningMean(walk: Walk, place: string, value: number): { readonly mean: FoundMean; readonly frame: number } {
  const { flow } = walk;
  const node = flow.node(value);
  const [a = -1, b = -1] = node?.inputs ?? [];
  const sums = node?.op === "DIV" ? [a] : node?.op === "MUL" ? [a, b] : [];
  for (const sum of sums) {
    const add = flow.node(sum);
    if (add?.op !== "ADD") continue;
    const [c = -1, d = -1] = add.inputs;
    for (const [frame, state] of bothWays(c, d)) {
      const mean = peelSpatialMean(flow, frame);
      if (mean !== null && flow.inputs.has(state)) return { mean, frame };
    }
  }
  throw walk.stop(place, "the running sum of spatial means, divided by the count of frames", value);
}

function findLayer(walk: Walk, place: string, value: number): { layer: FoundLayer; input: number } {
  const { flow } = walk;
  const [a = -1, b = -1] = flow.node(value)?.inputs ?? [];
  const [branch, shortcut] = isResidual(flow, a) ? [a, b] : [b, a];
  const { x: projected, scale: rezero, shift } = peelAffine(flow, branch);
  if (shift !== 0) throw walk.stop(`${place}, residual scale`, "a product", branch);
  const projection = walk.pointwise(`${place}, projection`, projected);
  const { feature, squeeze } = findSqueeze(walk, place, projection.x);

  let spatial = peelDepthwise(flow, walk.activated(`${place}, depthwise convolution`, feature));
  let temporal: FoundConv | null = null;
  if (spatial && spatial.size[0] > 1 && spatial.size[1] === 1) {
    temporal = spatial;
    const frame = newestFrame(walk, `${place}, stream buffer`, temporal.x);
    spatial = peelDepthwise(flow, walk.activated(`${place}, spatial convolution`, frame));
  }
  if (spatial?.size[0] !== spatial?.size[1] || !spatial) {
    throw walk.stop(`${place}, depthwise convolution`, "a square window", peelActivation(flow, feature).x);
  }
  const expansion = walk.pointwise(`${place}, expansion`, walk.activated(`${place}, expansion`, spatial.x));

  const input = expansion.x;
  let skip: FoundConv | null = null;
  let start = flow.source(shortcut);
  if (start !== input) {
    skip = walk.pointwise(`${place}, skip`, start);
    start = skip.x;
    if (spatial.stride === 2) start = peelPool(flow, start) ?? -1;
  }
  if (start !== input) {
    const expected = "the layer's input, average pooled where the layer has a stride";
    throw walk.stop(`${place}, skip`, expected, skip?.x ?? shortcut);
  }
  return { layer: { expansion, spatial, temporal, squeeze, projection, rezero, skip }, input };
}

/** Whether a summand is the branch with the depthwise convolution, and not the skip. */
function isResidual(flow: Flow, value: number): boolean {
  const projection = peelConv(flow, peelAffine(flow, value).x);
  if (projection === null) return false;
  const { kind, x } = peelActivation(flow, projection.x);
  return flow.node(x)?.op === (kind === null ? "MUL" : "DEPTHWISE_CONV_2D");
}

/** The window of a temporal convolution is [stream buffer, new frame], oldest first. */
function newestFrame(walk: Walk, place: string, value: number): number {
  const { flow } = walk;
  const node = flow.node(value);
  const [buffer = -1, frame = -1] = node?.inputs ?? [];
  if (node?.op !== "CONCATENATION" || node.inputs.length !== 2 || !flow.inputs.has(buffer)) {
    throw walk.stop(place, "the stream buffer joined with the new frame", value);
  }
  return frame;
}

function findSqueeze(walk: Walk, place: string, value: number): { feature: number; squeeze: FoundSqueeze | null } {
  const { flow } = walk;
  const product = flow.node(value);
  if (product?.op !== "MUL" || peelActivation(flow, value).kind !== null) return { feature: value, squeeze: null };
  const [a = -1, b = -1] = product.inputs;
  const gateOfA = gateAfterDense(flow, a);
  const gate = gateOfA ?? gateAfterDense(flow, b);
  if (gate === null) throw walk.stop(`${place}, gate`, "a sigmoid or hard sigmoid of a dense layer", a);
  const feature = flow.source(gateOfA === null ? a : b);
  const expand = walk.pointwise(`${place}, se_expand`, gate.x);
  const reduce = walk.pointwise(`${place}, se_reduce`, walk.activated(`${place}, se_reduce`, expand.x));
  const { pooled, posenc } = findEncoding(walk, `${place}, positional encoding`, reduce.x);
  const { kind, mean } = findPooling(walk, `${place}, squeeze`, pooled);
  if (mean.x !== feature) throw walk.stop(`${place}, squeeze`, "the mean of what the gate multiplies", pooled);
  return { feature, squeeze: { kind, gate, reduce, meanGain: mean.gain, expand, posenc } };
}

function gateAfterDense(flow: Flow, value: number): FoundGate | null {
  const gate = peelGate(flow, value);
  return gate && peelConv(flow, gate.x) ? gate : null;
}

/** The means that the gate sees; for 2plus3d the running mean precedes that of the frame. */
function findPooling(walk: Walk, place: string, value: number): { kind: FoundSqueeze["kind"]; mean: FoundMean } {
  const { flow } = walk;
  const spatial = peelSpatialMean(flow, value);
  if (spatial !== null) return { kind: "2d", mean: spatial };
  const node = flow.node(value);
  if (node?.op !== "CONCATENATION") return { kind: "3d", mean: runningMean(walk, place, value).mean };
  const [first = -1, second = -1, more] = node.inputs;
  const { mean, frame } = runningMean(walk, place, first);
  if (second !== frame || more !== undefined)
    throw walk.stop(place, "the running mean joined with the frame's mean", value);
  return { kind: "2plus3d", mean };
}

/** Skips the sum with `posenc · [sines, cosines]`. */
function findEncoding(walk: Walk, place: string, value: number): { pooled: number; posenc: number | null } {
  const { flow } = walk;
  const add = flow.node(value);
  if (add?.op !== "ADD") return { pooled: value, posenc: null };
  const [a = -1, b = -1] = add.inputs;
  for (const [pooled, encoding] of bothWays(a, b)) {
    const { x, scale, shift } = peelAffine(flow, encoding);
    const waves = flow.node(x);
    const parts = waves?.op === "CONCATENATION" ? waves.inputs.map((part) => flow.node(part)?.op) : [];
    if (String(parts) === "SIN,COS" && shift === 0) return { pooled, posenc: scale };
  }
  throw walk.stop(place, "sines and cosines of the position times a number", value);
}

function findResolution({ flow, stop }: Walk, stem: FoundConv): FoundNetwork["resolution"] {
  const shape = flow.tensor(stem.x)?.shape ?? [];
  const [height, width, channels] = shape.slice(-3);
  const single = shape.slice(0, -3).every((side) => side === 1);
  if (!flow.inputs.has(stem.x) || !height || !width || channels !== 3 || height < 0 || width < 0 || !single) {
    throw stop("the stem", "an image input [1, 1, height, width, 3]", stem.x);
  }
  return { height, width };
}
