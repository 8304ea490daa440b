import type { State } from "../../../graph/ir.ts";
import { poolFrameName, slotName, summandOf } from "../../../graph/states.ts";
import { padding } from "../read/schema.ts";
import type { Emission } from "./emission.ts";
import { activate, binary, concatenate, convolve } from "./emitters.ts";
import type { Form } from "./forms.ts";

/**
 * One frame and the previous frames and sums, as separate maps of rank 4. The host keeps the states: it shifts each
 * buffer by one slot and adds the output of each pool to its sum. Mali's delegate computes wrong numbers if an output
 * is an input, is `state + x`, or is read within the graph (spec §7.3), so the newest frame of a buffer is activated a
 * second time for the output, and the mean of a pool is copied by a product with 1.
 */
export function stepForm(out: Emission): Form {
  const { states } = out.graph;
  const inputs: Record<string, number> = {};
  const outputs: Record<string, number> = {};
  return {
    input({ id, shape: { height, width, channels } }) {
      const buffer = states.find((state) => state.kind === "buffer" && state.slots.includes(id));
      const name = buffer?.kind === "buffer" ? slotName(buffer.name, buffer.slots.indexOf(id)) : id;
      inputs[name] = out.tensor(name, [1, height, width, channels]);
      out.bind(id, inputs[name]);
    },
    temporal(node, kernel, bias) {
      const frames = windowFrames(node.x, out);
      const { height, width, channels } = out.shape(node.id);
      const stack = [1, frames.length * height, width, channels];
      const rows = [1, frames.length, height * width, channels];
      const window = out.reshape(concatenate(out, `${node.x}/stack`, frames, stack, 1), node.x, rows);
      const options = { padding: padding.valid };
      convolve(out, "DEPTHWISE_CONV_2D", node.id, [window, kernel, bias], options, [1, 1, height * width, channels]);
    },
    average: () => false,
    position: (node) => out.value(node.x),
    leave(value) {
      for (const [name, from] of Object.entries(out.graph.outputs)) {
        if (from === value) outputs[name] = out.result(value, name);
      }
      for (const state of states) {
        if (state.kind === "buffer" && state.newest[0] === value) {
          const name = slotName(state.name, state.slots.length);
          outputs[name] = again(out, value, name);
        }
        if (state.kind === "sum" && state.output === value) {
          outputs[poolFrameName(state.name)] = growth(out, state, value, inputs[state.input] as number);
        }
      }
    },
    finish: () => ({ inputs, outputs }),
  };
}

/** What the host adds to a sum: the frame's mean, or, of a sum that is rounded to integers, what makes it the rounded one. */
function growth(out: Emission, state: State, sum: string, before: number): number {
  const name = poolFrameName(state.name);
  if (out.graph.types?.[sum]?.dtype === "int8") return binary(out, "SUB", name, out.value(sum), before);
  return binary(out, "MUL", name, out.value(summandOf(out.graph, sum)), out.scalar(1));
}

/** The frames that a join combines into one window, oldest first. */
function windowFrames(join: string, out: Emission): number[] {
  const node = out.graph.nodes.find(({ id }) => id === join);
  if (node?.op !== "join") throw new Error(`internal: ${join} is no window`);
  return node.xs.map((x) => out.value(x));
}

/** Computes an activation a second time: from its input if separate, from its output if fused. Integers become floats, which is a second time too. */
function again(out: Emission, value: string, name: string): number {
  if (out.graph.types?.[value]?.dtype === "int8") return out.value(value);
  const node = out.graph.nodes.find(({ id }) => id === value);
  if (node?.op !== "activation") throw new Error(`internal: the buffered frame ${value} is no activation`);
  return activate(out, node.kind, out.value(node.kind === "relu6" ? value : node.x), name);
}
