import { type Graph, inputsOf, type Node, type Param, type PerOp, paramsOf, perOp, type Shape } from "./ir.ts";
import { lowerComposites } from "./passes.ts";
import { elementsOf, macsOf } from "./shapes.ts";

/** One line of the listing: what a node computes and its cost per call. */
export interface Layer {
  readonly id: string;
  readonly op: string;
  readonly inputs: readonly string[];
  /** `[frames, channels, height, width]` for one stream. */
  readonly shape: readonly [number, number, number, number];
  /** Elements of the node's parameters, norm statistics included. */
  readonly parameters: number;
  /** Multiply–accumulates, convolutions only. */
  readonly macs: number;
}

const window = ({ size, stride }: { size: number; stride: number }) =>
  `${size}×${size}${stride > 1 ? ` /${stride}` : ""}`;

const describe = {
  input: (node) => `input ${node.role}`,
  conv: (node) => `conv ${window(node)}`,
  depthwise: (node) => `depthwise ${node.time.taps > 1 ? `${node.time.taps}×` : ""}${window(node)}`,
  norm: () => "norm",
  activation: (node) => node.kind,
  averagePool: () => "average pool 3×3 /2",
  spatialMean: () => "spatial mean",
  frameMean: () => "frame mean",
  cumulativeSum: () => "cumulative sum",
  slice: (node) => `frames ${node.start}..${node.start + node.count}`,
  join: () => "join frames",
  pad: (node) => `pad frames ${node.before} ${node.after}`,
  repeat: (node) => `repeat ${node.count}`,
  concat: () => "concat channels",
  add: () => "add",
  multiply: () => "multiply",
  scale: () => "scale",
  positionalEncoding: () => "positional encoding",
} satisfies PerOp<[], string>;

/**
 * The nodes of a graph with their costs, composites expanded. A parameter read by several nodes counts for the first
 * of them.
 */
export function layersOf(graph: Graph): readonly Layer[] {
  const counted = new Set<string>();
  return lowerComposites(graph).nodes.map((node: Node) => {
    const { frames, channels, height, width } = graph.shapes[node.id] as Shape;
    let parameters = 0;
    for (const name of paramsOf(node)) {
      if (!counted.has(name)) parameters += elementsOf((graph.params[name] as Param).shape);
      counted.add(name);
    }
    return {
      id: node.id,
      op: perOp(describe, node),
      inputs: inputsOf(node),
      shape: [frames, channels, height, width],
      parameters,
      macs: macsOf(node, graph),
    };
  });
}

/** The listing of a graph: one line per node with its shape, parameters and multiply–accumulates. */
export function renderGraph(graph: Graph): string {
  const header = ["node", "op", "shape", "parameters", "MACs"];
  const number = (value: number) => (value === 0 ? "" : value.toLocaleString("en-US"));
  const rows = layersOf(graph).map(({ id, op, shape, parameters, macs }) => [
    id,
    op,
    `[${shape.join(", ")}]`,
    number(parameters),
    number(macs),
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i < 3 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join("  ")
      .trimEnd();
  return [header, ...rows].map(line).join("\n");
}
