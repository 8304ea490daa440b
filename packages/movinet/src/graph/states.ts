import type { Graph, State } from "./ir.ts";
import { elementsOf } from "./shapes.ts";

/** The shape of a state in the reference implementation's layout, for one stream (spec §3.3). */
export function stateShape(state: State): readonly number[] {
  if (state.kind === "count") return [1];
  const { channels, height, width } = state.shape;
  return [1, state.kind === "buffer" ? state.slots.length : 1, height, width, channels];
}

export function stateDtype(state: State): "float32" | "int32" {
  return state.kind === "count" ? "int32" : "float32";
}

/** Bytes of state per stream: four per element. */
export function stateBytes(graph: Graph): number {
  return graph.states.reduce((bytes, state) => bytes + 4 * elementsOf(stateShape(state)), 0);
}

/** The term that a running sum adds: `sum` is the value of a cumulative sum. */
export function summandOf(graph: Graph, sum: string): string {
  const node = graph.nodes.find(({ id }) => id === sum);
  if (node?.op !== "cumulativeSum") throw new Error(`internal: ${sum} is not a running sum`);
  return node.x;
}

/** Frame `slot` of a buffer in a step file: 0 is the oldest; the number of slots is the newest frame. */
export function slotName(state: string, slot: number): string {
  return `${state}_${slot}`;
}

/** The term that the host of a step file adds to the sum of a pool. */
export function poolFrameName(state: string): string {
  return `${state}_frame`;
}
