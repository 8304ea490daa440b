import type { BlockedGraph } from "../../formats/onnx/write/blocked.ts";
import { fromBlocks, toBlocks } from "../../formats/onnx/write/blocks.ts";
import type { Graph, Shape } from "../../graph/ir.ts";
import { elementsOf } from "../../graph/shapes.ts";

/** How a model for ONNX Runtime lays out the values of its graph, inputs and outputs alike. */
export interface Layout {
  /** The streams that it is for. */
  readonly streams: "any" | number;
  /** Dimensions of an input with this many numbers. */
  inputDims(input: string, length: number): readonly number[];
  /** Dimensions of an output for this many streams. */
  outputDims(output: string, streams: number): readonly number[];
  /** From the graph's meaning to the numbers that are fed, */
  pack(value: string, data: Float32Array): Float32Array;
  /** and back. */
  unpack(value: string, data: Float32Array): Float32Array;
}

/** `[frames · streams, channels, height, width]`, time-major, as the graph means it. */
export function plainLayout({ shapes }: Pick<Graph, "shapes">): Layout {
  const sidesOf = (value: string) => {
    const { channels, height, width } = shapes[value] as Shape;
    return [channels, height, width];
  };
  return {
    streams: "any",
    inputDims(input, length) {
      const sides = sidesOf(input);
      return [length / elementsOf(sides), ...sides];
    },
    outputDims: (output, streams) => [(shapes[output] as Shape).frames * streams, ...sidesOf(output)],
    pack: (_, data) => data,
    unpack: (_, data) => data,
  };
}

/** Channels in blocks, for this many streams. */
export function blockedLayout(
  { shapes }: Graph,
  { inputs, outputs }: BlockedGraph,
  { block, streams }: { readonly block: number; readonly streams: number },
): Layout {
  const values = new Map([...inputs, ...outputs].map((value) => [value.name, value]));
  const inputDims = new Map(inputs.map(({ name, dims }) => [name, dims]));
  const outputDims = new Map(outputs.map(({ name, dims }) => [name, dims]));
  const shapeOf = (value: string) => (values.get(value)?.blocked ? (shapes[value] as Shape) : null);
  return {
    streams,
    inputDims: (input) => inputDims.get(input) as readonly number[],
    outputDims: (output) => outputDims.get(output) as readonly number[],
    pack(value, data) {
      const shape = shapeOf(value);
      return shape ? toBlocks(data, shape, block, streams) : data;
    },
    unpack(value, data) {
      const shape = shapeOf(value);
      return shape ? fromBlocks(data, shape, block, streams) : data;
    },
  };
}
