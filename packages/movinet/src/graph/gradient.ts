/**
 * Turns a network into the graph that trains it: the forward nodes, then the nodes that propagate the gradient of the
 * loss from the logits back to every trained parameter. One rule per op. A value's gradient has the value's shape.
 */
import {
  type Accesses,
  type ActivationKind,
  type ConvNode,
  type CoreGraph,
  type CoreNode,
  coreAccesses,
  type DepthwiseNode,
  type Graph,
  isStatistic,
  type NormNode,
  namesOf,
  type Op,
  outputOf,
  type PerOp,
  perOp,
  requireFloats,
  type Shape,
} from "./ir.ts";
import { lowerComposites } from "./passes.ts";

/** Reads the gradient `dy` of a node's output. */
interface Backward<Kind extends string> extends Op<Kind> {
  readonly dy: string;
}

/**
 * Normalization with the statistics of the call itself (biased variance, as in the training mode of every framework);
 * the moving statistics `mean` and `variance` are not used.
 */
export interface BatchNormNode extends Omit<NormNode, "op"> {
  readonly op: "batchNorm";
}

type Window = Pick<ConvNode, "size" | "stride">;
type TimedWindow = Pick<DepthwiseNode, "size" | "stride" | "time">;

/** Gradients of values; `like` names the value that gives the shape. */
export type ValueGradientNode =
  | (Backward<"convInput"> & Window & { readonly kernel: string; readonly like: string })
  | (Backward<"depthwiseInput"> & TimedWindow & { readonly kernel: string; readonly like: string })
  | (Backward<"normInput"> & { readonly gamma: string; readonly variance: string })
  | (Backward<"batchNormInput"> & { readonly x: string; readonly gamma: string })
  /** `dy · f′(x)` */
  | (Backward<"activationInput"> & { readonly x: string; readonly kind: ActivationKind })
  | (Backward<"averagePoolInput"> & { readonly like: string })
  /** Each cell of a picture gets its share of the mean's gradient. */
  | (Backward<"spatialMeanInput"> & { readonly like: string })
  | (Backward<"frameMeanInput"> & { readonly like: string })
  /** Frame t is the sum of frames t..last. */
  | Backward<"reverseSum">
  /** One frame: the sum of all. */
  | Backward<"frameSum">
  | (Backward<"channelSlice"> & { readonly start: number; readonly channels: number })
  /** Sum of `dy · a` over the axes along which `like` was broadcast. */
  | (Backward<"multiplyOther"> & { readonly a: string; readonly like: string });

/** Gradients of parameters. */
export type ParamGradientNode =
  | (Backward<"convKernel"> & Window & { readonly x: string })
  | (Backward<"depthwiseKernel"> & TimedWindow & { readonly x: string; readonly declared: number })
  /** Sum over rows and pixels. */
  | Backward<"channelSum">
  | (Backward<"normGamma"> & { readonly x: string; readonly mean: string; readonly variance: string })
  | (Backward<"batchNormGamma"> & { readonly x: string })
  /** Sum of `dy · x` over everything. */
  | (Backward<"dot"> & { readonly x: string });

export type GradientNode = ValueGradientNode | ParamGradientNode;
export type TrainingNode = CoreNode | BatchNormNode | GradientNode;
export type TrainingNodeOf<Kind extends TrainingNode["op"]> = Extract<TrainingNode, { op: Kind }>;

/** A network with its backward pass. */
export interface TrainingGraph {
  readonly forward: CoreGraph;
  /** Forward nodes, then gradient nodes, in execution order. */
  readonly nodes: readonly TrainingNode[];
  /** Shapes of all values, gradients included. */
  readonly shapes: Readonly<Record<string, Shape>>;
  /** The gradient of the loss with respect to the logits: an input. */
  readonly seed: string;
  /** For each trained parameter, the node that computes its gradient, in the parameter's shape. */
  readonly gradients: Readonly<Record<string, string>>;
}

export interface TrainingOptions {
  /** The trained parameters. Default: all but the statistics of norms. */
  readonly trainable?: (param: string) => boolean;
  /** Norms use the statistics of the call (`batch`), or the stored ones (`stored`, default). */
  readonly statistics?: "batch" | "stored";
}

/**
 * The training graph of a network in clip mode. Only values between the logits and a trained parameter get gradients.
 * Throws `TypeError` if the network has state inputs: training needs whole clips.
 */
export function buildTraining(whole: Graph, options: TrainingOptions = {}): TrainingGraph {
  requireFloats(whole, "training");
  const graph = lowerComposites(whole);
  const { trainable = () => true, statistics = "stored" } = options;
  if (graph.states.length > 0) throw new TypeError("training needs whole clips: build the network in clip mode");
  const learns = (param: string) => trainable(param) && !isStatistic(graph.params[param]);
  const forward = graph.nodes.map((node): CoreNode | BatchNormNode =>
    node.op === "norm" && statistics === "batch" && learns(node.gamma) ? { ...node, op: "batchNorm" } : node,
  );
  const moving = new Set<string>();
  for (const node of forward) {
    if (trainingInputsOf(node).some((value) => moving.has(value)) || trainingParamsOf(node).some(learns))
      moving.add(node.id);
  }
  const back = new Backwards(graph, learns, (value) => moving.has(value));
  for (const node of forward.toReversed()) {
    const dy = back.take(node.id);
    if (dy === undefined || !moving.has(node.id)) continue;
    if (node.op === "batchNorm") batchNormRule(node, dy, back);
    else perOp(rules, node, dy, back);
  }
  return {
    forward: graph,
    nodes: [...forward, ...back.nodes],
    shapes: back.shapes,
    seed: back.seed,
    gradients: back.gradients,
  };
}

/** The backward nodes under construction. */
class Backwards {
  readonly nodes: TrainingNode[] = [];
  readonly shapes: Record<string, Shape>;
  readonly gradients: Record<string, string> = {};
  readonly seed: string;
  readonly learns: (param: string) => boolean;
  /** Whether the gradient of a value is needed. */
  readonly wants: (value: string) => boolean;
  readonly #arrived = new Map<string, string[]>();

  constructor(graph: Graph, learns: (param: string) => boolean, wants: (value: string) => boolean) {
    this.shapes = { ...graph.shapes };
    this.learns = learns;
    this.wants = wants;
    const logits = outputOf(graph);
    this.seed = `d:${logits}`;
    this.shapes[this.seed] = this.shape(logits);
    this.#arrived.set(logits, [this.seed]);
  }

  shape(value: string): Shape {
    return this.shapes[value] as Shape;
  }

  /** The complete gradient of a value: the sum of what its readers sent. */
  take(value: string): string | undefined {
    const parts = this.#arrived.get(value);
    if (!parts) return undefined;
    return parts.reduce((sum, part, i) => {
      const id = `d:${value}${i === parts.length - 1 ? "" : `:${i}`}`;
      this.nodes.push({ op: "add", id, a: sum, b: part });
      this.shapes[id] = this.shape(value);
      return id;
    });
  }

  /** Sends a gradient to a value that needs one; `make` builds the node that computes it. */
  send(value: string, make: (id: string) => Exclude<TrainingNode, ParamGradientNode>): void {
    if (!this.wants(value)) return;
    const parts = this.#arrived.get(value) ?? [];
    const node = make(`d:${value}<${this.nodes.length}`);
    this.nodes.push(node);
    this.shapes[node.id] = this.shape(value);
    this.#arrived.set(value, [...parts, node.id]);
  }

  /** Passes an existing gradient on, unchanged. */
  pass(value: string, gradient: string): void {
    if (this.wants(value)) this.#arrived.set(value, [...(this.#arrived.get(value) ?? []), gradient]);
  }

  /** Computes the gradient of a parameter, if it is trained. */
  learn(param: string | null, make: (id: string) => ParamGradientNode): void {
    if (param === null || !this.learns(param)) return;
    if (this.gradients[param]) throw new Error(`internal: two nodes read ${param}`);
    const node = make(`d:${param}`);
    this.nodes.push(node);
    this.gradients[param] = node.id;
  }
}

const nothing = () => {};

const rules = {
  input: nothing,
  positionalEncoding: nothing,
  conv({ x, kernel, bias, size, stride }, dy, back) {
    back.learn(kernel, (id) => ({ op: "convKernel", id, dy, x, size, stride }));
    back.learn(bias, (id) => ({ op: "channelSum", id, dy }));
    back.send(x, (id) => ({ op: "convInput", id, dy, kernel, size, stride, like: x }));
  },
  depthwise({ id: node, x, kernel, bias, size, stride, time }, dy, back) {
    if (time.tap !== 0)
      throw new Error(`internal: ${node} uses only part of its kernel: train the graph before lowering it`);
    back.learn(kernel, (id) => ({ op: "depthwiseKernel", id, dy, x, size, stride, time, declared: time.taps }));
    back.learn(bias, (id) => ({ op: "channelSum", id, dy }));
    back.send(x, (id) => ({ op: "depthwiseInput", id, dy, kernel, size, stride, time, like: x }));
  },
  norm({ x, gamma, beta, mean, variance }, dy, back) {
    back.learn(gamma, (id) => ({ op: "normGamma", id, dy, x, mean, variance }));
    back.learn(beta, (id) => ({ op: "channelSum", id, dy }));
    back.send(x, (id) => ({ op: "normInput", id, dy, gamma, variance }));
  },
  activation: ({ x, kind }, dy, back) => back.send(x, (id) => ({ op: "activationInput", id, dy, x, kind })),
  averagePool: ({ x }, dy, back) => back.send(x, (id) => ({ op: "averagePoolInput", id, dy, like: x })),
  spatialMean: ({ x }, dy, back) => back.send(x, (id) => ({ op: "spatialMeanInput", id, dy, like: x })),
  frameMean: ({ x }, dy, back) => back.send(x, (id) => ({ op: "frameMeanInput", id, dy, like: x })),
  cumulativeSum({ x, initial }, dy, back) {
    back.send(x, (id) => ({ op: "reverseSum", id, dy }));
    if (initial !== null) back.send(initial, (id) => ({ op: "frameSum", id, dy }));
  },
  slice({ x, start, count }, dy, back) {
    const after = back.shape(x).frames - start - count;
    back.send(x, (id) => ({ op: "pad", id, x: dy, before: start, after }));
  },
  join({ xs }, dy, back) {
    let start = 0;
    for (const x of xs) {
      const { frames: count } = back.shape(x);
      const from = start;
      back.send(x, (id) => ({ op: "slice", id, x: dy, start: from, count }));
      start += count;
    }
  },
  pad: ({ x, before }, dy, back) =>
    back.send(x, (id) => ({ op: "slice", id, x: dy, start: before, count: back.shape(x).frames })),
  repeat: ({ x }, dy, back) => back.send(x, (id) => ({ op: "frameSum", id, dy })),
  concat({ xs }, dy, back) {
    let start = 0;
    for (const x of xs) {
      const { channels } = back.shape(x);
      const from = start;
      back.send(x, (id) => ({ op: "channelSlice", id, dy, start: from, channels }));
      start += channels;
    }
  },
  add({ a, b }, dy, back) {
    back.pass(a, dy);
    back.pass(b, dy);
  },
  multiply({ a, b }, dy, back) {
    back.send(a, (id) => ({ op: "multiply", id, a: dy, b }));
    back.send(b, (id) => ({ op: "multiplyOther", id, dy, a, like: b }));
  },
  scale({ x, factor }, dy, back) {
    back.learn(factor, (id) => ({ op: "dot", id, dy, x }));
    back.send(x, (id) => ({ op: "scale", id, x: dy, factor }));
  },
} satisfies PerOp<[string, Backwards], void>;

function batchNormRule({ x, gamma, beta }: BatchNormNode, dy: string, back: Backwards): void {
  back.learn(gamma, (id) => ({ op: "batchNormGamma", id, dy, x }));
  back.learn(beta, (id) => ({ op: "channelSum", id, dy }));
  back.send(x, (id) => ({ op: "batchNormInput", id, dy, x, gamma }));
}

const dy = "value";
const gradientAccesses = {
  batchNorm: { x: "value", gamma: "param", beta: "param", mean: "name", variance: "name" },
  convInput: { dy, kernel: "param", like: "name" },
  depthwiseInput: { dy, kernel: "param", like: "name" },
  normInput: { dy, gamma: "param", variance: "param" },
  batchNormInput: { dy, x: "value", gamma: "param" },
  activationInput: { dy, x: "value" },
  averagePoolInput: { dy, like: "name" },
  spatialMeanInput: { dy, like: "name" },
  frameMeanInput: { dy, like: "name" },
  reverseSum: { dy },
  frameSum: { dy },
  channelSlice: { dy },
  multiplyOther: { dy, a: "value", like: "name" },
  convKernel: { dy, x: "value" },
  depthwiseKernel: { dy, x: "value" },
  channelSum: { dy },
  normGamma: { dy, x: "value", mean: "param", variance: "param" },
  batchNormGamma: { dy, x: "value" },
  dot: { dy, x: "value" },
} satisfies { readonly [Kind in Exclude<TrainingNode, CoreNode>["op"]]: Accesses<TrainingNodeOf<Kind>> };

/** The values that a node of a training graph reads. */
export function trainingInputsOf(node: TrainingNode): readonly string[] {
  return namesOf(node, { ...coreAccesses, ...gradientAccesses }[node.op], "value");
}

function trainingParamsOf(node: TrainingNode): readonly string[] {
  return namesOf(node, { ...coreAccesses, ...gradientAccesses }[node.op], "param");
}
