import { interpret } from "../../model/graph/interpret.ts";
import { outputsOf } from "../../model/graph/ir.ts";
import { type Backend, hostTensor } from "./backend.ts";

/** The reference interpreter as a backend: slow and obvious, for tests. */
export const referenceBackend: Backend = {
  name: "reference",
  compile: async (graph, weights) => ({
    graph,
    upload: hostTensor,
    async run(inputs) {
      const feeds: Record<string, Float32Array> = {};
      for (const [name, tensor] of Object.entries(inputs)) feeds[name] = await tensor.read();
      const batch = (inputs["image"]?.dims[0] ?? 1) / graph.frames;
      const values = interpret(graph, weights, feeds, batch);
      return Object.fromEntries(
        outputsOf(graph).map((name) => {
          const { frames, channels, height, width } = graph.shapes[name] as (typeof graph.shapes)[string];
          const data = Float32Array.from(values[name] as Float64Array);
          return [name, hostTensor(data, [frames * batch, channels, height, width])];
        }),
      );
    },
    async dispose() {},
  }),
};
