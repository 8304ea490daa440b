import {
  type ActivationNode,
  type ConvNode,
  type DepthwiseNode,
  type Graph,
  type Node,
  onlyReaders,
} from "../../../graph/ir.ts";

/** A convolution with what a fused kernel computes after it: `activation(conv(x) + sum)`. */
export interface FusedConv {
  readonly conv: ConvNode | DepthwiseNode;
  /** The value that is added, or null. */
  readonly sum: string | null;
  readonly activation: ActivationNode["kind"] | null;
  /** The value that all of it makes. */
  readonly output: string;
}

export type FusedNode = FusedConv | Exclude<Node, ConvNode | DepthwiseNode>;

/**
 * Takes into each convolution the addition and the activation that are its only readers. The other side of an addition
 * must exist before the convolution runs.
 */
export function fuseConvs(graph: Graph): readonly FusedNode[] {
  const onlyReader = onlyReaders(graph);
  const made = new Set<string>();
  const taken = new Set<string>();
  const fused: FusedNode[] = [];
  for (const node of graph.nodes) {
    if (taken.has(node.id)) continue;
    if (node.op !== "conv" && node.op !== "depthwise") {
      made.add(node.id);
      fused.push(node);
      continue;
    }
    let output = node.id;
    let sum: string | null = null;
    let next = onlyReader(output);
    if (next?.op === "add") {
      const other = next.a === output ? next.b : next.a;
      if (made.has(other)) {
        sum = other;
        taken.add(next.id);
        output = next.id;
        next = onlyReader(output);
      }
    }
    const activation = next?.op === "activation" ? next.kind : null;
    if (next && activation) {
      taken.add(next.id);
      output = next.id;
    }
    made.add(output);
    fused.push({ conv: node, sum, activation, output });
  }
  return fused;
}
