import { buildGraph } from "../arch/build.ts";
import { nameOf, type Spec } from "../arch/spec.ts";
import { ModelError } from "../common/errors.ts";
import type { Graph } from "../graph/ir.ts";
import { elementsOf, macsOf } from "../graph/shapes.ts";
import type { Card } from "./card.ts";

/**
 * The largest networks that a file may describe. The largest of the family, A5 on 120 frames, has 59 layers, widths of
 * 2,048, 320 pixels a side, 31.6 million parameters, values of 197 million numbers and 277 thousand million
 * multiply–accumulates a call.
 */
export const limits = {
  layers: 256,
  width: 8192,
  classes: 65_536,
  /** Pixels of a side. */
  side: 2048,
  /** Frames of a call. */
  frames: 4096,
  /** Frames a second. */
  fps: 1000,
  /** Numbers of all parameters together. */
  parameters: 2 ** 27,
  /** Numbers of one value: frames × channels × height × width. */
  value: 2 ** 28,
  /** Multiply–accumulates of a call. */
  macs: 1e12,
  /** The same of a call of one frame: A5 on pictures of 1920×1080 has 33 million numbers and 44 thousand million. */
  frame: { value: 2 ** 25, macs: 1e11 },
} as const;

/**
 * Throws {@link ModelError} (`E_MODEL_FORMAT`) where a call of the network, its parameters or one of its values would be larger
 * than {@link limits} allow. Returns the graph of a whole-clip call of one frame,
 * whose parameters are the network's.
 */
export function checkSize(spec: Spec, frames: number, subject: string): Graph {
  const refuse = (problem: string, cause?: unknown) =>
    new ModelError({
      code: "E_MODEL_FORMAT",
      subject,
      problem,
      remedy: "Use a file of a MoViNet, or one that movinet wrote",
      cause,
    });
  const layers = spec.blocks.reduce((sum, block) => sum + block.layers.length, 0);
  if (layers > limits.layers) throw refuse(`its network has ${layers} layers, more than ${limits.layers}`);
  const { height, width } = spec.resolution;
  if (Math.max(height, width) > limits.side) {
    throw refuse(`it takes pictures of ${height}×${width}, more than ${limits.side} a side`);
  }
  if (spec.classes > limits.classes) throw refuse(`it has ${spec.classes} classes, more than ${limits.classes}`);
  let graph: Graph;
  try {
    graph = buildGraph(spec, { form: "clip", frames: 1 });
  } catch (cause) {
    throw refuse(`its spec does not describe a network (${(cause as Error).message})`, cause);
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
        `${nameOf(spec)} as it describes it has ${size.toPrecision(3)} ${what}, more than ${most.toPrecision(3)}`,
      );
    }
  }
  return graph;
}

/** Numbers in the largest value of a call of so many frames; `graph` is that of one frame. */
export function largestValue(graph: Graph, frames: number): number {
  return frames * Math.max(...Object.values(graph.shapes).map((shape) => shape.channels * shape.height * shape.width));
}

const measures = {
  parameters: "parameters",
  value: "numbers in one value (frames × channels × height × width)",
  macs: "multiply–accumulates in a call",
} as const;

/** Throws {@link ModelError} (`E_MODEL_FORMAT`) where a file's card says something else than its spec. */
export function checkCard(card: Card, spec: Pick<Spec, "mode" | "classes" | "resolution">, subject: string): void {
  const { height, width } = spec.resolution;
  const { input, frames, labels } = card;
  const problems = [
    ...(input.height === height && input.width === width
      ? []
      : [`pictures of ${input.height}×${input.width}, but the network takes ${height}×${width}`]),
    ...(labels === null || labels.length === spec.classes
      ? []
      : [`${labels.length} labels, but the model has ${spec.classes} classes`]),
    ...(frames !== null && spec.mode === "stream" ? [`a window of ${frames} frames, but a stream has none`] : []),
    ...(frames === null && spec.mode === "base" ? ["no number of frames, which a base model needs"] : []),
  ];
  if (problems.length === 0) return;
  throw new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem: `its card tells of ${problems.join("; of ")}`,
    remedy: "Use a file that movinet wrote, as it wrote it",
  });
}
