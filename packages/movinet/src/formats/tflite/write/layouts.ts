/** How the parameters of a lowered graph stand in a file: names and layouts, both ways. */
import type { Graph } from "../../../graph/ir.ts";
import { sourceOf } from "../../../graph/params.ts";

/** A parameter is stored under the name of the one that passes derived it from; `tap` is that of a 3-D kernel. */
export function tensorName(graph: Graph, param: string, tap = 0): string {
  const name = sourceOf(graph, param);
  return tap === 0 ? name : `${name}#${tap}`;
}

/** `[fan, filters]` → `[filters, fan]` */
export function denseLayout(kernel: Float32Array, fan: number, filters: number): Float32Array {
  const transposed = new Float32Array(kernel.length);
  for (let i = 0; i < fan; i++) {
    for (let f = 0; f < filters; f++) transposed[f * fan + i] = kernel[i * filters + f] as number;
  }
  return transposed;
}

/** One time tap of `[taps, height, width, channels]`. */
export function tapLayout(kernel: Float32Array, tap: number, elements: number): Float32Array {
  return kernel.subarray(tap * elements, (tap + 1) * elements);
}

/** `[filters, fan]` → `[fan, filters]` */
export function rowsLayout(kernel: Float32Array, fan: number, filters: number): Float32Array {
  return denseLayout(kernel, filters, fan);
}
