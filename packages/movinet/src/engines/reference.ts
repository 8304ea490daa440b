import { interpret } from "../graph/interpret.ts";
import { type InputNode, outputsOf } from "../graph/ir.ts";
import type { Backend, DeviceTensor } from "./engine.ts";

const hostTensor = (data: Float32Array): DeviceTensor => ({ read: async () => data, dispose() {} });

/** The reference interpreter as a backend: slow and obvious, for tests. */
export const referenceBackend: Backend = {
  name: "reference",
  compile: async (graph, weights) => ({
    graph,
    upload: (_, data) => hostTensor(data),
    async run(inputs) {
      const feeds: Record<string, Float32Array> = {};
      for (const [name, tensor] of Object.entries(inputs)) feeds[name] = await tensor.read();
      const image = graph.nodes.find((node) => node.op === "input" && node.role === "image") as InputNode;
      const { channels, height, width } = image.shape;
      const streams = (feeds[image.id]?.length ?? 0) / (graph.frames * channels * height * width);
      const values = interpret(graph, weights, feeds, streams);
      return Object.fromEntries(
        outputsOf(graph).map((name) => [name, hostTensor(Float32Array.from(values[name] as Float64Array))]),
      );
    },
    async dispose() {},
  }),
};
