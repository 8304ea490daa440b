/** Where LiteRT.js cannot run a file, it returns memory that it never wrote; the engine refuses instead. */
import { expect, test } from "vitest";
import { litertEngine } from "../../../src/engines/litert/litert.node.ts";
import { emitGraph } from "../../../src/formats/tflite/write/emit.ts";
import { lowerForTflite } from "../../../src/formats/tflite/write/lower.ts";
import { quantizedValues, quantizeGraph } from "../../../src/graph/quantize.ts";
import { elementsOf } from "../../../src/graph/shapes.ts";
import { hashedModel } from "../../laws/models.ts";

const { spec, weights } = hashedModel("a0-stream", { classes: 5, resolution: { height: 24, width: 24 } });
const graph = lowerForTflite(spec, { form: "step", dtype: "int8", frames: 1 });
const ranges = Object.fromEntries(quantizedValues(graph).map((value) => [value, [-3, 3] as const]));
const quantized = quantizeGraph(graph, weights, { ranges, floats: [] });

/** Loads and runs the network as if a value of integers were of floats. */
async function runWithout(value: string | null) {
  const engine = await litertEngine();
  const types = Object.fromEntries(Object.entries(quantized.types ?? {}).filter(([name]) => name !== value));
  const executable = await engine.load({ file: emitGraph({ ...quantized, types }, weights), subject: "mixed" });
  const inputs = executable.inputs.map(({ name, shape }) => {
    return executable.upload(name, new Float32Array(elementsOf(shape)));
  });
  const outputs = await executable.run(inputs).finally(() => {
    for (const tensor of inputs) tensor.dispose();
  });
  for (const tensor of outputs) tensor.dispose();
  await executable.dispose();
}

test.each([
  ["frames of a window", "block1.layer0.feature.activation", /CONCATENATION/],
  ["the input of a kernel", "block1.layer0.expansion.activation", /DEPTHWISE_CONV_2D/],
])("%s as floats, for a kernel of integers, is an error, not numbers", async (_, value, problem) => {
  await expect(runWithout(value)).rejects.toMatchObject({ code: "E_MODEL_RUNTIME", subject: "mixed" });
  await expect(runWithout(value)).rejects.toThrow(/^mixed: LiteRT\.js cannot run it \(/);
  await expect(runWithout(value)).rejects.toThrow(problem);
});

test("a sound file runs after those", async () => {
  await expect(runWithout(null)).resolves.toBeUndefined();
});
