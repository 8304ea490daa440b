import type { Engine } from "../engines/engine.ts";
import { lowerForTflite } from "../formats/tflite/write/lower.ts";
import { type Integers, quantizedValues, type Range } from "../graph/quantize.ts";
import type { Model } from "../model/model.ts";
import { loadCall } from "../session/call.ts";
import { Streams } from "../session/streams.ts";
import { Histogram, type RangeMethod } from "./histogram.ts";

/** What the values of a network were on some clips. */
export interface Calibration {
  /** Frames of all clips. */
  readonly frames: number;
  ranges(method: RangeMethod): Integers["ranges"];
  /** The values that were observed. */
  readonly values: ReadonlySet<string>;
  extremes(value: string): Range;
  /** Share of a value's numbers outside a range. */
  outside(value: string, range: Range): number;
}

/** A picture is RGB in 0..1. */
const pictureRange: Range = [0, 1];

/**
 * Runs a stream model on clips (each the pictures `[3, H, W]` of consecutive frames), every one from its first frame with its
 * states carried, and counts what its values are. Throws `RangeError` if some are not finite.
 */
export async function calibrate(
  model: Model,
  engine: Engine,
  clips: Iterable<AsyncIterable<Float32Array>>,
): Promise<Calibration> {
  const graph = lowerForTflite(model.spec, { form: "step", dtype: "int8", frames: 1 });
  const inputs = new Map(graph.nodes.flatMap((node) => (node.op === "input" ? [[node.id, node.role] as const] : [])));
  const values = quantizedValues(graph);
  const computed = values.filter((value) => !inputs.has(value));
  const outputs = { ...graph.outputs, ...Object.fromEntries(computed.map((value) => [value, value])) };
  const histograms = new Map(computed.map((value) => [value, new Histogram()]));
  const call = await loadCall(engine, { graph: { ...graph, outputs }, weights: model.weights });
  let frames = 0;
  try {
    for (const clip of clips) {
      const streams = new Streams(call, 1, Number.POSITIVE_INFINITY);
      try {
        for await (const picture of clip) {
          const said = await streams.advance(call, picture);
          for (const [value, histogram] of histograms) histogram.add(said[value] as Float32Array);
          frames++;
        }
      } finally {
        streams.dispose();
      }
    }
  } finally {
    await call.executable.dispose();
  }
  const newestOf = new Map(
    graph.states.flatMap((state) =>
      state.kind === "buffer" ? state.slots.map((slot) => [slot, state.newest[0] as string] as const) : [],
    ),
  );
  const histogramOf = (value: string) => histograms.get(value) as Histogram;
  return {
    frames,
    values: new Set(histograms.keys()),
    extremes: (value) => histogramOf(value).extremes,
    outside: (value, range) => histogramOf(value).outside(range),
    ranges(method) {
      const rangeOf = (value: string): Range => {
        if (inputs.get(value) === "image") return pictureRange;
        return histogramOf(newestOf.get(value) ?? value).range(method);
      };
      return Object.fromEntries(values.map((value) => [value, rangeOf(value)]));
    },
  };
}
