/**
 * A stream model as a framework's exporter would write it: rank 5, 3-D convolutions, each stream buffer one tensor
 * that is joined with the new frame and split again, without fusion.
 */
import { type OnnxValue, writeOnnx } from "../packages/movinet/src/formats/onnx/proto.ts";
import { Emission, windowOf } from "../packages/movinet/src/formats/onnx/write/emission.ts";
import { encodingFrequencies } from "../packages/movinet/src/graph/encoding.ts";
import { type Graph, type Node, normEpsilon, type Shape } from "../packages/movinet/src/graph/ir.ts";
import type { Weights } from "../packages/movinet/src/graph/tensor.ts";

const dimsOf = ({ channels, frames, height, width }: Shape) => [1, channels, frames, height, width];

export interface PlainFile {
  readonly bytes: Uint8Array;
  readonly inputs: readonly OnnxValue[];
  /** The outputs that are inputs of the next step. */
  readonly states: readonly { readonly input: string; readonly output: string }[];
}

/** The bytes of a step as a file. */
export function emitPlain(graph: Graph, weights: Weights): PlainFile {
  const out = new Emission(graph, weights);
  const buffers = new Map<string, { name: string; slots: number }>();
  const inputs: OnnxValue[] = [];
  const states: { input: string; output: string }[] = [];
  const outputs: OnnxValue[] = Object.values(graph.outputs).map((name) => ({ name, dims: dimsOf(out.shape(name)) }));
  for (const state of graph.states) {
    if (state.kind === "buffer") {
      for (const slot of state.slots) buffers.set(slot, { name: state.name, slots: state.slots.length });
      const dims = dimsOf({ ...state.shape, frames: state.slots.length });
      inputs.push({ name: state.name, dims });
      outputs.push({ name: `${state.name}/new`, dims });
      states.push({ input: state.name, output: `${state.name}/new` });
    } else if (state.kind === "sum") {
      outputs.push({ name: state.output, dims: dimsOf(state.shape) });
      states.push({ input: state.input, output: state.output });
    }
  }
  for (const node of graph.nodes) {
    if (node.op === "input" && !buffers.has(node.id)) inputs.push({ name: node.id, dims: dimsOf(node.shape) });
    else if (node.op !== "input") emitNode(node, out, buffers);
  }
  const bytes = writeOnnx({
    name: graph.name,
    nodes: out.nodes,
    initializers: [...out.initializers.values()],
    inputs,
    outputs,
  });
  return { bytes, inputs, states };
}

function emitNode(
  node: Exclude<Node, { op: "input" }>,
  out: Emission,
  buffers: ReadonlyMap<string, { name: string; slots: number }>,
): void {
  switch (node.op) {
    case "conv":
    case "depthwise": {
      const depthwise = node.op === "depthwise";
      const { channels } = out.shape(node.x);
      const filters = depthwise ? channels : node.filters;
      const taps = depthwise ? node.time.taps : 1;
      const kernel = out.param(node.kernel);
      const window = taps * node.size * node.size;
      const inner = depthwise ? 1 : channels;
      const moved = new Float32Array(kernel.length);
      for (let k = 0; k < window; k++) {
        for (let c = 0; c < inner; c++) {
          for (let f = 0; f < filters; f++) {
            moved[(f * inner + c) * window + k] = kernel[(k * inner + c) * filters + f] as number;
          }
        }
      }
      const weights = out.floats(node.kernel, [filters, inner, taps, node.size, node.size], moved);
      const bias = node.bias === null ? [] : [out.floats(node.bias, [filters], out.param(node.bias))];
      const { pads } = windowOf(out.shape(node.x), node) as { pads: readonly number[] };
      const [top, left, bottom, right] = pads as [number, number, number, number];
      const [before, after] = depthwise ? [node.time.before, node.time.after] : [0, 0];
      out.node("Conv", node.id, [node.x, weights, ...bias], {
        kernel_shape: [taps, node.size, node.size],
        strides: [1, node.stride, node.stride],
        pads: [before, top, left, after, bottom, right],
        group: depthwise ? channels : 1,
      });
      return;
    }
    case "norm": {
      const vectors = [node.gamma, node.beta, node.mean, node.variance].map((name) => {
        const data = out.param(name);
        return out.floats(name, [data.length], data);
      });
      out.node("BatchNormalization", node.id, [node.x, ...vectors], { epsilon: { float: normEpsilon } });
      return;
    }
    case "activation": {
      const { id, x, kind } = node;
      if (kind === "swish") out.node("Mul", id, [x, out.node("Sigmoid", `${id}/sigmoid`, [x])]);
      else if (kind === "hard_swish") out.node("HardSwish", id, [x]);
      else if (kind === "relu6") out.node("Clip", id, [x, out.scalar(0), out.scalar(6)]);
      else if (kind === "sigmoid") out.node("Sigmoid", id, [x]);
      else out.node("HardSigmoid", id, [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
      return;
    }
    case "averagePool": {
      const { pads } = windowOf(out.shape(node.x), { size: 3, stride: 2 }) as { pads: readonly number[] };
      const [top, left, bottom, right] = pads as [number, number, number, number];
      out.node("AveragePool", node.id, [node.x], {
        kernel_shape: [1, 3, 3],
        strides: [1, 2, 2],
        pads: [0, top, left, 0, bottom, right],
        count_include_pad: 0,
      });
      return;
    }
    case "spatialMean":
      out.node("ReduceMean", node.id, [node.x], { axes: [3, 4], keepdims: 1 });
      return;
    case "cumulativeSum":
      if (node.initial === null) out.node("Identity", node.id, [node.x]);
      else out.node("Add", node.id, [node.x, node.initial]);
      return;
    case "join": {
      const buffer = buffers.get(node.xs[0] as string);
      if (!buffer) throw new Error(`${node.id} joins no buffer`);
      out.node("Concat", node.id, [buffer.name, node.xs.at(-1) as string], { axis: 2 });
      const frames = out.shape(node.id).frames;
      out.node("Slice", `${buffer.name}/new`, [
        node.id,
        out.ints([frames - buffer.slots]),
        out.ints([frames]),
        out.ints([2]),
      ]);
      return;
    }
    case "slice":
      out.node("Slice", node.id, [node.x, out.ints([node.start]), out.ints([node.start + node.count]), out.ints([2])]);
      return;
    case "concat":
      out.node("Concat", node.id, node.xs, { axis: 1 });
      return;
    case "add":
      out.node("Add", node.id, [node.a, node.b]);
      return;
    case "multiply":
      out.node("Mul", node.id, [node.a, node.b]);
      return;
    case "scale":
      out.node("Mul", node.id, [node.x, out.floats(`${node.factor}/value`, [1], out.param(node.factor))]);
      return;
    case "positionalEncoding": {
      const parts = ["Sin", "Cos"].map((op, odd) => {
        const picked = Float32Array.from(encodingFrequencies(node.channels).filter((_, i) => i % 2 === odd));
        const constant = out.floats(`frequencies_of_${op}_${node.channels}`, [1, picked.length, 1, 1, 1], picked);
        return out.node(op, `${node.id}/${op}`, [out.node("Mul", `${node.id}/${op}/angle`, [node.x, constant])]);
      });
      out.node("Concat", node.id, parts, { axis: 1 });
      return;
    }
    default:
      throw new Error(`${node.op} is no part of a step`);
  }
}
