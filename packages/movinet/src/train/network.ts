/** The network in training: norms folded or live, split after the frozen part. */
import { buildGraph } from "../arch/build.ts";
import { type Spec, stagesOf } from "../arch/spec.ts";
import { type Graph, type Node, type Param, type Shape, withInputs } from "../graph/ir.ts";
import { resolveParams } from "../graph/params.ts";
import { foldNorm, partOf, usedParams } from "../graph/passes.ts";
import { rebuild } from "../graph/shapes.ts";
import type { Tensor, Weights } from "../graph/tensor.ts";
import type { Model } from "../model/model.ts";

/**
 * The same network with identity norms: statistics and factors go into the kernels, offsets stay as beta (spec §2.11).
 * Such a model trains faster and keeps its statistics, which small datasets would spoil.
 */
export function foldNorms({ spec, weights, card }: Model): Model {
  const folded = foldNorm(buildGraph(spec, { form: "clip", frames: 1 }));
  const resolve = resolveParams(folded, weights);
  const result = new Map(weights);
  const put = (name: string, data: Float32Array) => result.set(name, { shape: weights.get(name)?.shape ?? [], data });
  for (const [name, { derivation }] of Object.entries(folded.params)) {
    if (derivation?.kind === "foldKernel") put(derivation.kernel, resolve(name));
    if (derivation?.kind === "foldBias") {
      put(derivation.beta, resolve(name));
      const one = new Float32Array(resolve(name).length).fill(1);
      put(derivation.gamma, one);
      put(
        derivation.mean,
        one.map(() => 0),
      );
      // 0.999 + epsilon = 1, so the norm divides by one.
      put(
        derivation.variance,
        one.map(() => 0.999),
      );
    }
  }
  return { spec, weights: result, card };
}

/** The graph of a model with folded norms: each norm becomes the bias of the preceding convolution. */
export function normsAsBiases(graph: Graph): Graph {
  const nodes = new Map<string, Node>();
  for (const node of graph.nodes) {
    const conv = node.op === "norm" ? nodes.get(node.x) : undefined;
    if (node.op === "norm" && (conv?.op === "conv" || conv?.op === "depthwise")) {
      nodes.delete(conv.id);
      nodes.set(node.id, { ...conv, id: node.id, bias: node.beta });
    } else nodes.set(node.id, node);
  }
  return withUsedParams(rebuild(graph, [...nodes.values()], graph.params));
}

/** The part after a value, which becomes the graph's image. */
export function graphAfter(graph: Graph, value: string): Graph {
  return withUsedParams(partOf(graph, { from: value }));
}

/** The part before a value, which becomes the graph's result. */
export function graphBefore(graph: Graph, value: string): Graph {
  return withUsedParams(partOf(graph, { outputs: { features: value } }));
}

function withUsedParams(graph: Graph): Graph {
  const used = usedParams(graph).map((name) => [name, graph.params[name] as Param]);
  return { ...graph, params: Object.fromEntries(used) };
}

/** Noise added in training; masks are inputs, so that the caller seeds them. */
export interface Noise {
  /** Dropout probability of the classifier's hidden units. */
  readonly dropout: number;
  /** Drop probability of the last layer's residual branch for a clip; linear for earlier layers (spec §2.10). */
  readonly stochasticDepth: number;
}

/** A mask as a graph input: each element is 0, or 1 / (1 − rate). */
export interface Mask {
  readonly input: string;
  readonly rate: number;
}

/** Adds masks after the residual branches and the hidden layer of the classifier. */
export function withNoise(graph: Graph, { dropout, stochasticDepth }: Noise): { graph: Graph; masks: readonly Mask[] } {
  const branches = graph.nodes.filter((node) => node.op === "scale" && graph.params[node.factor]?.role === "factor");
  const rates = new Map(branches.map(({ id }, i) => [id, (stochasticDepth * (i + 1)) / branches.length]));
  rates.set("classifier1.activation", dropout);
  const masks: Mask[] = [];
  const renamed = new Map<string, string>();
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    nodes.push(withInputs(node, (value) => renamed.get(value) ?? value));
    const rate = rates.get(node.id) ?? 0;
    if (rate === 0) continue;
    const { frames, channels } = graph.shapes[node.id] as Shape;
    const input = `${node.id}.mask`;
    const perUnit = node.op === "activation";
    const shape = { frames, channels: perUnit ? channels : 1, height: 1, width: 1 };
    nodes.push({ op: "input", id: input, role: "mask", shape });
    nodes.push({ op: "multiply", id: `${node.id}.kept`, a: node.id, b: input });
    renamed.set(node.id, `${node.id}.kept`);
    masks.push({ input, rate });
  }
  return { graph: rebuild(graph, nodes, graph.params), masks };
}

/** The trainable part of a network: the last layer, the last blocks with the head, or all. */
export type Trainable = "classifier" | "head" | "all" | { readonly lastBlocks: number };

/** The trainable parameters of a graph. */
export function learns({ params }: Graph, spec: Spec, trainable: Trainable): (param: string) => boolean {
  const stages = stagesOf(spec);
  const frozen = trainable === "classifier" ? stages.length - 1 : Math.max(1, frozenBlocks(spec, trainable) + 1);
  const owners = new Set(trainable === "all" ? stages.flat() : stages.slice(frozen).flat());
  return (param) => owners.has(params[param]?.owner ?? "");
}

/** The output of the last frozen block. Null if that is the image. */
export function frontier(spec: Spec, trainable: Trainable): string | null {
  const frozen = frozenBlocks(spec, trainable);
  return frozen <= 0 ? null : (stagesOf(spec)[frozen]?.at(-1) as string);
}

function frozenBlocks({ blocks }: Spec, trainable: Trainable): number {
  if (typeof trainable === "object") return blocks.length - trainable.lastBlocks;
  return trainable === "all" ? 0 : blocks.length;
}

/** The weights for a graph's parameters. */
export function weightsOf(graph: Graph, weights: Weights): Weights {
  return new Map(Object.keys(graph.params).map((name) => [name, weights.get(name) as Tensor]));
}
