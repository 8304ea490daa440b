/** What a convolution computes along: the activation and the residual that follow it, and the gate before it. */
import { type ActivationKind, type Graph, type Node, type NodeOf, onlyReaders, type Shape } from "../../../graph/ir.ts";

export type Convolution = NodeOf<"conv"> | NodeOf<"depthwise">;

/** A convolution with what it takes in; its result is the value of the last node that it took in. */
export interface Fused {
  readonly convolution: Convolution;
  readonly value: string;
  readonly activation: ActivationKind | null;
  /** What is added to it, after the activation. */
  readonly skip: string | null;
  /** What its input, `x`, is taken times: one number a channel and picture. */
  readonly gated: { readonly x: string; readonly gate: string } | null;
}

/** The nodes of a graph in order, with those that a convolution takes in put together. */
export function fuse(graph: Graph): readonly (Node | Fused)[] {
  const only = onlyReaders(graph);
  const fused = new Map<string, Fused>();
  const taken = new Set<string>();
  const order = new Map(graph.nodes.map(({ id }, i) => [id, i]));
  const take = (id: string, next: Fused) => {
    taken.add(id);
    fused.delete(id);
    fused.set(next.value, next);
  };
  for (const node of graph.nodes) {
    if (node.op === "conv" || node.op === "depthwise") {
      const gated = node.op === "conv" ? gateOf(node, graph) : null;
      if (gated) taken.add(node.x);
      fused.set(node.id, { convolution: node, value: node.id, activation: null, skip: null, gated });
    } else if (node.op === "activation") {
      const before = fused.get(node.x);
      const fits = before && before.activation === null && before.skip === null && only(node.x) === node;
      if (fits) take(node.x, { ...before, value: node.id, activation: node.kind });
    } else if (node.op === "add") {
      const [id, skip] = (order.get(node.a) ?? 0) > (order.get(node.b) ?? 0) ? [node.a, node.b] : [node.b, node.a];
      const before = fused.get(id);
      const fits = before && isPointwise(before.convolution) && before.skip === null && only(id) === node;
      if (fits) take(id, { ...before, value: node.id, skip });
    }
  }
  return graph.nodes.flatMap((node): readonly (Node | Fused)[] => {
    const whole = fused.get(node.id);
    if (whole) return [whole];
    return taken.has(node.id) ? [] : [node];
  });

  function gateOf(conv: NodeOf<"conv">, { nodes, shapes }: Graph): Fused["gated"] {
    const product = nodes[order.get(conv.x) ?? -1];
    if (!isPointwise(conv) || product?.op !== "multiply" || only(product.id) !== conv) return null;
    const [x, gate] = [shapes[product.a] as Shape, shapes[product.b] as Shape];
    const fits = gate.height * gate.width === 1 && gate.channels === x.channels && x.height * x.width > 1;
    return fits ? { x: product.a, gate: product.b } : null;
  }
}

/** Whether a convolution is a product of matrices. */
export function isPointwise(node: Convolution): boolean {
  return node.op === "conv" && node.size === 1 && node.stride === 1;
}
