import { type TrainingGraph, type TrainingNode, trainingInputsOf } from "../../graph/gradient.ts";
import { elementsOf } from "../../graph/shapes.ts";
import { Space } from "./space.ts";

/** The memory layout: byte offsets into one linear memory, all multiples of 16. */
export interface MemoryPlan {
  readonly values: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  /** Offsets of the gradients, by parameter. */
  readonly gradients: Readonly<Record<string, number>>;
  /** Total bytes. */
  readonly bytes: number;
}

/** Ops whose result may overwrite an operand that nothing reads later: they visit each number once. */
const inPlace = new Set<TrainingNode["op"]>([
  "activation",
  "norm",
  "batchNorm",
  "activationInput",
  "normInput",
  "batchNormInput",
  "scale",
  "add",
  "multiply",
]);

/**
 * Assigns memory to every value; values with disjoint lifetimes may share it. `floatsOf` returns a value's size;
 * `kept` values outlive the run.
 */
export function planMemory(
  training: TrainingGraph,
  nodes: readonly TrainingNode[],
  floatsOf: (value: string) => number,
  kept: ReadonlySet<string>,
  start: number,
): MemoryPlan {
  let at = start;
  const fixed = (floats: number) => {
    const place = at;
    at += Math.ceil(floats / 4) * 16;
    return place;
  };
  const params: Record<string, number> = {};
  for (const [name, { shape }] of Object.entries(training.forward.params)) params[name] = fixed(elementsOf(shape));
  const gradients: Record<string, number> = {};
  for (const param of Object.keys(training.gradients)) {
    gradients[param] = fixed(elementsOf(training.forward.params[param]?.shape ?? []));
  }
  const lastUse = new Map<string, number>();
  for (const [i, node] of nodes.entries()) for (const value of trainingInputsOf(node)) lastUse.set(value, i);
  const values: Record<string, number> = {};
  for (const value of kept) values[value] = fixed(floatsOf(value));
  const space = new Space(at);
  for (const [i, node] of nodes.entries()) {
    const dies = (value: string) => !kept.has(value) && values[value] !== undefined && lastUse.get(value) === i;
    const operands = [...new Set(trainingInputsOf(node))];
    const isPlaced = !kept.has(node.id) && training.shapes[node.id] !== undefined;
    const mayTake = isPlaced && inPlace.has(node.op) ? operands : [];
    const taken = mayTake.find((value) => dies(value) && floatsOf(value) === floatsOf(node.id));
    if (isPlaced) values[node.id] = taken === undefined ? space.take(floatsOf(node.id) * 4) : (values[taken] as number);
    const ends = operands.filter((value) => value !== taken && dies(value));
    if (isPlaced && !lastUse.has(node.id)) ends.push(node.id);
    for (const value of ends) space.free(values[value] as number, floatsOf(value) * 4);
  }
  return { values, params, gradients, bytes: space.end };
}
