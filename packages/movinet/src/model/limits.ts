import { buildGraph } from "../arch/build.ts";
import { nameOf, type Spec } from "../arch/spec.ts";
import { ModelError } from "../common/errors.ts";
import type { Graph } from "../graph/ir.ts";
import { elementsOf, macsOf } from "../graph/shapes.ts";
import type { Card } from "./card.ts";

/**
 * The largest networks that a file may describe. The largest of the family, A5 on 120 frames, has 59 layers, widths of
 * 2,048, 320 pixels per side, 31.6 million parameters, tensors of 197 million elements and 277 billion
 * multiply–accumulates per call.
 */
export const limits = {
  layers: 256,
  width: 8192,
  classes: 65_536,
  /** Pixels per side. */
  side: 2048,
  /** Frames per call. */
  frames: 4096,
  /** Frames per second. */
  fps: 1000,
  /** Elements of all parameters together. */
  parameters: 2 ** 27,
  /** Elements of one value: frames × channels × height × width. */
  value: 2 ** 28,
  /** Multiply–accumulates per call. */
  macs: 1e12,
  /**
   * The same for a call of one frame: A5 on 1920×1080 pixels has 33 million elements and 44 billion
   * multiply–accumulates.
   */
  frame: { value: 2 ** 25, macs: 1e11 },
} as const;

/**
 * Throws {@link ModelError} (`E_MODEL_FORMAT`) if a call of the network, its parameters or one of its values would
 * exceed {@link limits}. Returns the graph of a whole-clip call of one frame, with the network's parameters.
 */
export function checkSize(spec: Spec, frames: number, subject: string): Graph {
  const refuse = (problem: string, cause?: unknown) =>
    new ModelError({
      code: "E_MODEL_FORMAT",
      subject,
      problem,
      remedy: "Use a MoViNet model, or a file written by movinet",
      cause,
    });
  const layers = spec.blocks.reduce((sum, block) => sum + block.layers.length, 0);
  if (layers > limits.layers) throw refuse(`its network has ${layers} layers (limit ${limits.layers})`);
  const { height, width } = spec.resolution;
  if (Math.max(height, width) > limits.side) {
    throw refuse(`its input is ${height}×${width} pixels (limit ${limits.side} per side)`);
  }
  if (spec.classes > limits.classes) throw refuse(`it has ${spec.classes} classes (limit ${limits.classes})`);
  let graph: Graph;
  try {
    graph = buildGraph(spec, { form: "clip", frames: 1 });
  } catch (cause) {
    throw refuse(`its spec is not a valid network (${(cause as Error).message})`, cause);
  }
  const parameters = Object.values(graph.params).reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  const value = largestValue(graph, frames);
  const macs = frames * graph.nodes.reduce((sum, node) => sum + macsOf(node, graph), 0);
  const found = { parameters, value, macs };
  const bounds = frames === 1 ? { ...limits, ...limits.frame } : limits;
  for (const [name, what] of Object.entries(measures)) {
    const [size, most] = [found[name as keyof typeof found], bounds[name as keyof typeof found]];
    if (size > most) {
      throw refuse(
        `the ${nameOf(spec)} it describes has ${size.toPrecision(3)} ${what} (limit ${most.toPrecision(3)})`,
      );
    }
  }
  return graph;
}

/** Elements of the largest value in a call of this many frames; `graph` is that of one frame. */
export function largestValue(graph: Graph, frames: number): number {
  return frames * Math.max(...Object.values(graph.shapes).map((shape) => shape.channels * shape.height * shape.width));
}

const measures = {
  parameters: "parameters",
  value: "elements in one tensor (frames × channels × height × width)",
  macs: "multiply–accumulates per call",
} as const;

/** Throws {@link ModelError} (`E_MODEL_FORMAT`) if a file's card contradicts its spec. */
export function checkCard(card: Card, spec: Pick<Spec, "mode" | "classes" | "resolution">, subject: string): void {
  const { height, width } = spec.resolution;
  const { input, frames, labels } = card;
  const problems = [
    ...(input.height === height && input.width === width
      ? []
      : [`an input of ${input.height}×${input.width} pixels, but the network takes ${height}×${width}`]),
    ...(labels === null || labels.length === spec.classes
      ? []
      : [`${labels.length} labels, but the model has ${spec.classes} classes`]),
    ...(frames !== null && spec.mode === "stream"
      ? [`a window of ${frames} frames, but stream models have no window`]
      : []),
    ...(frames === null && spec.mode === "base" ? ["no number of frames, but base models need one"] : []),
  ];
  if (problems.length === 0) return;
  throw new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem: `its card gives ${problems.join("; ")}`,
    remedy: "Use an unmodified file written by movinet",
  });
}
