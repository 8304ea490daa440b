import { definitionOf } from "./composites.ts";
import {
  type CoreGraph,
  type CoreNode,
  type DepthwiseNode,
  type Graph,
  inputsOf,
  type Node,
  onlyReaders,
  outputsOf,
  type Param,
  paramsOf,
  type Shape,
  type State,
  withInputs,
} from "./ir.ts";
import { rebuild } from "./shapes.ts";

/** A function from graph to graph that preserves the result. */
export type Pass = (graph: Graph) => Graph;

/** A graph after some passes, one after the other. */
export function inTurn(graph: Graph, passes: readonly Pass[]): Graph {
  return passes.reduce((lowered, pass) => pass(lowered), graph);
}

/** The form in which emitters run a network for inference. */
export const lowerForInference: Pass = (graph) =>
  inTurn(graph, [lowerComposites, foldNorm, foldScale, lowerTime, dropIdentities]);

/** Replaces composites by ops that every reader knows. */
export function lowerComposites(graph: Graph): CoreGraph {
  const nodes = graph.nodes.flatMap((node) => definitionOf(node)?.lower(node) ?? [node as CoreNode]);
  return { ...rebuild(graph, nodes, graph.params), nodes };
}

type Foldable = Extract<Node, { op: "conv" | "depthwise" }>;

/** Folds every node of one kind into the convolution it alone reads; the convolution takes over its id. */
function foldInto<Kind extends "norm" | "scale">(
  graph: Graph,
  kind: Kind,
  fold: (conv: Foldable, node: Extract<Node, { op: Kind }>, params: Record<string, Param>) => Foldable,
): Graph {
  const onlyReader = onlyReaders(graph);
  const params: Record<string, Param> = { ...graph.params };
  const nodes = new Map<string, Node>();
  for (const node of graph.nodes) {
    const conv = node.op === kind ? nodes.get(inputsOf(node)[0] as string) : undefined;
    if ((conv?.op === "conv" || conv?.op === "depthwise") && onlyReader(conv.id) === node) {
      nodes.delete(conv.id);
      nodes.set(node.id, { ...fold(conv, node as Extract<Node, { op: Kind }>, params), id: node.id });
    } else {
      nodes.set(node.id, node);
    }
  }
  return rebuild(graph, [...nodes.values()], params);
}

/**
 * Folds stored statistics into the preceding convolution: `w' = w · gain`, `b' = beta + (b − mean) · gain` (spec
 * §2.11).
 */
export const foldNorm: Pass = (graph) =>
  foldInto(graph, "norm", (conv, { gamma, beta, mean, variance }, params) => {
    const kernel = `${conv.kernel}|${gamma}`;
    const bias = `${beta}|${conv.kernel}`;
    const whole = params[conv.kernel] as Param;
    params[kernel] = { ...whole, derivation: { kind: "foldKernel", kernel: conv.kernel, gamma, variance } };
    const derivation = { kind: "foldBias", bias: conv.bias, gamma, beta, mean, variance } as const;
    params[bias] = { ...(params[beta] as Param), role: "bias", derivation };
    return { ...conv, kernel, bias };
  });

/** Folds the residual scale into the preceding projection (spec §2.11). */
export const foldScale: Pass = (graph) =>
  foldInto(graph, "scale", (conv, { factor }, params) => {
    const scaled = (base: string) => {
      const name = `${base}|${factor}`;
      params[name] = { ...(params[base] as Param), derivation: { kind: "scaled", base, factor } };
      return name;
    };
    return { ...conv, kernel: scaled(conv.kernel), bias: conv.bias === null ? null : scaled(conv.bias) };
  });

/**
 * Replaces every convolution over time by a sum over its taps of 2-D depthwise convolutions of frame slices, so that
 * no emitter needs a 3-D convolution: exact, and of rank 4.
 */
export const lowerTime: Pass = (graph) => lowerTaps(graph, () => true);

/** The same for kernels larger than one pixel; those over time alone are left to the emitter. */
export const lowerSpaceTime: Pass = (graph) => lowerTaps(graph, ({ size, stride }) => size > 1 || stride > 1);

function lowerTaps(graph: Graph, applies: (node: DepthwiseNode) => boolean): Graph {
  const nodes: Node[] = [];
  const windows = new Map(graph.nodes.flatMap((node) => (node.op === "join" ? [[node.id, node] as const] : [])));
  for (const node of graph.nodes) {
    if (node.op !== "depthwise" || node.time.taps === 1 || !applies(node)) {
      nodes.push(node);
      continue;
    }
    const { id, time } = node;
    const frames = (graph.shapes[id] as { frames: number }).frames;
    const padded = time.before + time.after > 0 ? `${id}.padded` : node.x;
    if (padded !== node.x) nodes.push({ op: "pad", id: padded, x: node.x, before: time.before, after: time.after });
    const slots = windows.get(node.x)?.xs;
    let sum = "";
    for (let k = 0; k < time.taps; k++) {
      const last = k === time.taps - 1;
      let frame = `${id}.frames.${k}`;
      if (frames === 1 && slots?.length === time.taps) frame = slots[k] as string;
      else nodes.push({ op: "slice", id: frame, x: padded, start: k, count: frames });
      const product = `${id}.tap.${k}`;
      const bias = last ? node.bias : null;
      const tap = { taps: 1, tap: time.tap + k, before: 0, after: 0 };
      nodes.push({ ...node, id: product, x: frame, bias, time: tap });
      const total = last ? id : `${id}.sum.${k}`;
      if (k > 0) nodes.push({ op: "add", id: total, a: sum, b: product });
      sum = k > 0 ? total : product;
    }
  }
  return dropUnread(rebuild(graph, nodes, graph.params));
}

/**
 * Replaces a gate's hard sigmoid by ReLU6, which can be fused into convolutions, and moves the constants into the two
 * neighbouring convolutions: `relu6(x + 3) · 0.16667`, and `clip(0.2x + 0.5, 0, 1) = relu6(1.2x + 3) / 6`.
 */
export const foldGate: Pass = (graph) => {
  const only = onlyReaders(graph);
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const params: Record<string, Param> = { ...graph.params };
  const affine = (base: string, scale: number, shift: number) => {
    const name = `${base}|${scale},${shift}`;
    params[name] = { ...(params[base] as Param), derivation: { kind: "affine", base, scale, shift } };
    return name;
  };
  for (const gate of graph.nodes) {
    const form = gate.op === "activation" ? hardSigmoids[gate.kind] : undefined;
    if (gate.op !== "activation" || !form) continue;
    const conv = nodes.get(gate.x);
    const product = only(gate.id);
    const projection = product === undefined ? undefined : nodes.get(only(product.id)?.id ?? "");
    if (conv?.op !== "conv" || conv.bias === null || only(conv.id) !== gate) continue;
    if (product?.op !== "multiply" || projection?.op !== "conv") continue;
    const kernel = form.slope === 1 ? conv.kernel : affine(conv.kernel, form.slope, 0);
    nodes.set(conv.id, { ...conv, kernel, bias: affine(conv.bias, form.slope, 3) });
    nodes.set(gate.id, { ...gate, kind: "relu6" });
    nodes.set(projection.id, { ...projection, kernel: affine(projection.kernel, form.peak, 0) });
  }
  return rebuild(graph, [...nodes.values()], params);
};

/** `peak · relu6(slope · x + 3)` */
const hardSigmoids: Readonly<Record<string, { readonly slope: number; readonly peak: number }>> = {
  hard_sigmoid_a: { slope: 1.2, peak: 1 / 6 },
  hard_sigmoid_b: { slope: 1, peak: 0.16667 },
};

/** Drops nodes without effect: slices of all frames, joins of one value, empty padding, single repeats. */
export const dropIdentities: Pass = (graph) => {
  const same = new Map<string, string>();
  const resolve = (value: string): string => same.get(value) ?? value;
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const [x] = inputsOf(node);
    const identity =
      (node.op === "slice" && node.count === graph.shapes[node.x]?.frames) ||
      ((node.op === "join" || node.op === "concat") && node.xs.length === 1) ||
      (node.op === "pad" && node.before + node.after === 0) ||
      (node.op === "repeat" && node.count === 1) ||
      (node.op === "frameMean" && graph.shapes[node.x]?.frames === 1);
    if (identity && x !== undefined) same.set(node.id, resolve(x));
    else nodes.push(withInputs(node, resolve));
  }
  const renamed: Graph = {
    ...graph,
    outputs: renameAll(graph.outputs, resolve),
    states: graph.states.map((state) => {
      if (state.kind === "buffer") return { ...state, newest: state.newest.map(resolve) };
      return state.kind === "sum" ? { ...state, output: resolve(state.output) } : state;
    }),
    endpoints: renameAll(graph.endpoints, resolve),
  };
  return dropUnread(rebuild(renamed, nodes, graph.params));
};

/** The body's output that feeds the head's pool: one vector per frame, `[T, C, 1, 1]`. */
export const headFeatures = "head.spatial";
const headPool = "head.pool";

/** A network in two parts, with the mean over frames taken in between. */
export interface SplitHead {
  /** Returns {@link headFeatures} and the outputs that need no pool, per frame. */
  readonly body: Graph;
  /** Takes a mean as its image, `[1, C, 1, 1]`, and returns the other outputs; stateless. */
  readonly classifier: Graph;
}

/**
 * Splits a network at the pool of its head; null if an output depends on more than the mean alone, or each frame
 * alone.
 */
export function splitHead(graph: Graph): SplitHead | null {
  const isPooled = (value: string) =>
    partOf(graph, { outputs: { value }, states: [] }).nodes.some(({ id }) => id === headPool);
  const pooled = Object.entries(graph.outputs).filter(([, value]) => isPooled(value));
  const others = Object.entries(graph.outputs).filter(([, value]) => !isPooled(value));
  const outputs = Object.fromEntries(pooled);
  const classifier = partOf({ ...graph, frames: 1 }, { from: headPool, outputs, states: [] });
  const canBeCut =
    pooled.length > 0 &&
    pooled.every(([, value]) => value !== headPool) &&
    classifier.nodes.every(({ op, id }) => op !== "input" || id === headPool) &&
    others.every(([, value]) => graph.shapes[value]?.frames === graph.frames);
  return canBeCut ? { body: bodyOf(graph, Object.fromEntries(others)), classifier } : null;
}

/** The part of a network before the pool of its head: it returns {@link headFeatures}, and `outputs`. */
export function bodyOf(graph: Graph, outputs: Graph["outputs"] = {}): Graph {
  const states = graph.states.filter(({ owner }) => owner !== "head");
  return partOf(graph, { outputs: { [headFeatures]: headFeatures, ...outputs }, states });
}

/**
 * The part of a graph that computes `outputs` and what `states` need, with the inputs it reads. `from` is a value that
 * becomes its image, so nothing before it is included.
 */
export function partOf(
  graph: Graph,
  {
    outputs = graph.outputs,
    states = graph.states,
    from,
  }: Partial<Pick<Graph, "outputs" | "states">> & { readonly from?: string },
): Graph {
  const part = { ...graph, outputs, states, endpoints: {} };
  const needed = new Set(outputsOf(part));
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!needed.has(node.id)) continue;
    if (node.id === from) nodes.push({ op: "input", id: from, role: "image", shape: graph.shapes[from] as Shape });
    else nodes.push(node);
    if (node.id !== from) for (const value of inputsOf(node)) needed.add(value);
  }
  return rebuild(part, nodes.reverse(), graph.params);
}

/** Drops nodes that no output needs, but never an input. */
function dropUnread(graph: Graph): Graph {
  const needed = new Set([...outputsOf(graph), ...Object.values(graph.endpoints)]);
  const kept: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!needed.has(node.id) && node.op !== "input") continue;
    for (const value of inputsOf(node)) needed.add(value);
    kept.push(node);
  }
  return rebuild(graph, kept.reverse(), graph.params);
}

/** The same graph with some values renamed. */
export function renameValues(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const renamed = (value: string) => names.get(value) ?? value;
  const nodes = graph.nodes.map((node) => ({ ...withInputs(node, renamed), id: renamed(node.id) }));
  const states = graph.states.map((state): State => {
    if (state.kind === "count") return { ...state, of: renamed(state.of) };
    if (state.kind === "sum") return { ...state, input: renamed(state.input), output: renamed(state.output) };
    return { ...state, slots: state.slots.map(renamed), newest: state.newest.map(renamed) };
  });
  return {
    ...rebuild(graph, nodes, graph.params),
    states,
    outputs: renameAll(graph.outputs, renamed),
    types: Object.fromEntries(Object.entries(graph.types ?? {}).map(([value, type]) => [renamed(value), type])),
    endpoints: renameAll(graph.endpoints, renamed),
  };
}

function renameAll(values: Readonly<Record<string, string>>, rename: (value: string) => string) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rename(value)]));
}

/** The parameters read by a graph's nodes, in order of first use. */
export function usedParams(graph: Graph): readonly string[] {
  return [...new Set(graph.nodes.flatMap(paramsOf))];
}
