import { padding } from "../read/schema.ts";
import type { Emission } from "./emission.ts";
import { convolve } from "./emitters.ts";
import type { Form } from "./forms.ts";

/** A whole clip at once: frames are the batch of every map, so that spatial convolutions see pictures. */
export function clipForm(out: Emission): Form {
  const { frames } = out.graph;
  const inputs: Record<string, number> = {};
  const bindClock = (name: string, value: (t: number) => number) => {
    const times = Float32Array.from({ length: frames }, (_, t) => value(t));
    out.bind(name, out.floats(name, [frames, 1, 1, 1], times));
  };
  return {
    input({ id, role, shape: { height, width, channels } }) {
      if (role === "inverseCount") bindClock(id, (t) => 1 / (t + 1));
      if (role === "position") bindClock(id, (t) => t);
      if (role !== "image") return;
      inputs[id] = out.tensor(id, [frames, height, width, channels]);
      out.bind(id, inputs[id]);
    },
    temporal(node, kernel, bias) {
      const { taps, before, after } = node.time;
      const { height, width, channels } = out.shape(node.x);
      const pixels = height * width;
      let rows = out.reshape(out.value(node.x), `${node.id}/frames`, [1, frames, pixels, channels]);
      const centred = before === after && before + after === taps - 1;
      if (!centred) {
        const shape = [1, before + frames + after, pixels, channels];
        const amounts = out.ints([0, 0, before, after, 0, 0, 0, 0], [4, 2]);
        rows = out.op("PAD", [rows, amounts], { name: `${node.id}/padded`, shape });
      }
      const options = { padding: centred ? padding.same : padding.valid };
      convolve(out, "DEPTHWISE_CONV_2D", node.id, [rows, kernel, bias], options, [1, frames, pixels, channels]);
    },
    average: () => false,
    position: (node) => out.value(node.x),
    leave() {},
    finish() {
      const said = Object.entries(out.graph.outputs).map(([name, value]) => [name, out.result(value, name)]);
      return { inputs, outputs: Object.fromEntries(said) };
    },
  };
}
