/** The steps of TensorFlow's converter, which keeps apart what our own lowering folds: each may have a grid of integers. */
import { type Node, onlyReaders, type Param } from "./ir.ts";
import type { Pass } from "./passes.ts";
import { rebuild } from "./shapes.ts";

/** `relu6(x + 3) · 0.16667`: the addend goes into the bias of the convolution that computes `x`, the factor is a step of its own. */
export const splitGates: Pass = (graph) => {
  const only = onlyReaders(graph);
  const params: Record<string, Param> = { ...graph.params };
  const nodes = new Map(graph.nodes.map((node): [string, readonly Node[]] => [node.id, [node]]));
  for (const gate of graph.nodes) {
    if (gate.op !== "activation" || gate.kind !== "hard_sigmoid_b") continue;
    const [conv] = nodes.get(gate.x) ?? [];
    if (conv?.op !== "conv" || conv.bias === null || only(conv.id) !== gate) continue;
    const base = params[conv.bias] as Param;
    const bias = `${conv.bias}|1,${offset}`;
    const factor = `${gate.id}.factor`;
    const clipped = `${gate.id}.clipped`;
    params[bias] = { ...base, derivation: { kind: "affine", base: conv.bias, scale: 1, shift: offset } };
    params[factor] = { shape: [1], role: "factor", owner: base.owner, derivation: { kind: "number", value: slope } };
    nodes.set(conv.id, [{ ...conv, bias }]);
    nodes.set(gate.id, [
      { ...gate, id: clipped, kind: "relu6" },
      { op: "scale", id: gate.id, x: clipped, factor },
    ]);
  }
  return rebuild(graph, [...nodes.values()].flat(), params);
};

const [offset, slope] = [3, 0.16667];

/** `x · sigmoid(x)` in two steps. */
export const splitSwish: Pass = (graph) => {
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    if (node.op !== "activation" || node.kind !== "swish") return [node];
    const sigmoid = `${node.id}.sigmoid`;
    return [
      { ...node, id: sigmoid, kind: "sigmoid" },
      { op: "multiply", id: node.id, a: node.x, b: sigmoid },
    ];
  });
  return rebuild(graph, nodes, graph.params);
};
