import {
  blockedInputDims,
  fromBlocks,
  isPlainInput,
  paddedChannels,
  toBlocks,
} from "../../formats/onnx/write/blocked.ts";
import type { Graph, Shape } from "../../graph/ir.ts";
import { elementsOf } from "../../graph/shapes.ts";

/** How a model for ONNX Runtime lays out the values of its graph, inputs and outputs alike. */
export interface Layout {
  /** Dimensions of an input that holds so many numbers. */
  inputDims(input: string, length: number): readonly number[];
  /** Dimensions of an output for so many streams. */
  outputDims(output: string, streams: number): readonly number[];
  /** From the graph's meaning to the numbers that are fed, */
  pack(value: string, data: Float32Array): Float32Array;
  /** and back. */
  unpack(value: string, data: Float32Array): Float32Array;
}

/** `[frames · streams, channels, height, width]`, time-major, as the graph means it. */
export function plainLayout({ shapes }: Graph): Layout {
  const sidesOf = (value: string) => {
    const { channels, height, width } = shapes[value] as Shape;
    return [channels, height, width];
  };
  return {
    inputDims(input, length) {
      const sides = sidesOf(input);
      return [length / elementsOf(sides), ...sides];
    },
    outputDims: (output, streams) => [(shapes[output] as Shape).frames * streams, ...sidesOf(output)],
    pack: (_, data) => data,
    unpack: (_, data) => data,
  };
}

/** Channels in blocks, of one stream. */
export function blockedLayout(graph: Graph, block: number): Layout {
  const inputs = new Map(graph.nodes.flatMap((node) => (node.op === "input" ? [[node.id, node] as const] : [])));
  const isPlain = (value: string) => {
    const input = inputs.get(value);
    return input !== undefined && isPlainInput(input);
  };
  const dims = new Map([...inputs.values()].map((node) => [node.id, blockedInputDims(node, block)]));
  return {
    inputDims: (input) => dims.get(input) as readonly number[],
    outputDims(output) {
      const { channels, height, width } = graph.shapes[output] as Shape;
      return [1, paddedChannels(channels, block), height, width];
    },
    pack: (value, data) => (isPlain(value) ? data : toBlocks(data, graph.shapes[value] as Shape, block)),
    unpack: (value, data) => (isPlain(value) ? data : fromBlocks(data, graph.shapes[value] as Shape, block)),
  };
}
