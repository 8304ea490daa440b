import { interpret } from "../graph/interpret.ts";
import { outputsOf } from "../graph/ir.ts";
import { graphInterface, inputsOfState, tensorsOf } from "../graph/step-interface.ts";
import type { DeviceTensor, Engine } from "./engine.ts";

const hostTensor = (data: Float32Array | Int32Array): DeviceTensor => ({ read: async () => data, dispose() {} });

/** The reference interpreter as an engine: slow and simple, for tests. */
export const referenceEngine: Engine = {
  name: "reference",
  format: null,
  stepFrames: Number.POSITIVE_INFINITY,
  integers: true,
  async load(source) {
    if (!("graph" in source)) throw new TypeError("the reference interpreter runs graphs, not files");
    const { graph, weights } = source;
    const step = graphInterface(graph);
    const states = step.states.flatMap(inputsOfState);
    const inputNames = [step.picture.input, ...step.clocks.map(({ input }) => input), ...states];
    const outputNames = [...new Set(outputsOf(graph))];
    return {
      step,
      inputs: tensorsOf(graph, inputNames),
      outputs: tensorsOf(graph, outputNames),
      layout: step.layout,
      streams: "any",
      upload: (_, data) => hostTensor(data),
      async run(inputs) {
        const feeds: Record<string, Float32Array | Int32Array> = {};
        for (const [i, name] of inputNames.entries()) feeds[name] = await (inputs[i] as DeviceTensor).read();
        const { input, channels, height, width } = step.picture;
        const streams = (feeds[input]?.length ?? 0) / (step.frames * channels * height * width);
        const values = interpret(graph, weights, feeds, streams);
        return outputNames.map((name) => hostTensor(Float32Array.from(values[name] as Float64Array)));
      },
      async dispose() {},
    };
  },
};
