import { type Graph, perOp } from "../../../graph/ir.ts";
import { allFloats } from "../../../graph/precision.ts";
import type { Weights } from "../../../graph/tensor.ts";
import { clipForm } from "./clip.ts";
import { Emission } from "./emission.ts";
import { emitters } from "./emitters.ts";
import type { Form } from "./forms.ts";
import { stepForm } from "./step.ts";
import { writeTflite } from "./write.ts";

/** A graph that {@link lowerGraph} lowered as a float32 file for a backend: one frame of the form `step` if it has states, or else a `clip`. */
export function emitGraph(graph: Graph, weights: Weights): Uint8Array {
  const out = new Emission(graph, weights, allFloats);
  const form = graph.states.length > 0 ? stepForm(out) : clipForm(out);
  for (const node of graph.nodes) {
    if (!out.has(node.id)) perOp<[Emission, Form], void>(emitters, node, out, form);
    form.leave(node.id);
  }
  const { tensors, operators } = out;
  return writeTflite({ description: `movinet ${graph.name}`, tensors, operators, ...form.finish(), metadata: {} });
}
