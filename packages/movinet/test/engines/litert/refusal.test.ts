/** LiteRT.js returns memory that it never wrote where it cannot run a file; the engine refuses. */
import { expect, test } from "vitest";
import { litertEngine } from "../../../src/engines/litert/litert.node.ts";
import { emitGraph } from "../../../src/formats/tflite/write/emit.ts";
import { lowerForTflite } from "../../../src/formats/tflite/write/lower.ts";
import { quantizedValues, quantizeGraph } from "../../../src/graph/quantize.ts";
import { hashedModel } from "../../laws/models.ts";

test("a file that it cannot run is an error, not numbers", async () => {
  const { spec, weights } = hashedModel("a0-stream", { classes: 5, resolution: { height: 24, width: 24 } });
  const graph = lowerForTflite(spec, { form: "step", dtype: "int8", frames: 1 });
  const ranges = Object.fromEntries(quantizedValues(graph).map((value) => [value, [-3, 3] as const]));
  const quantized = quantizeGraph(graph, weights, { ranges, floats: [] });
  const engine = await litertEngine();
  const load = (types: typeof quantized.types) =>
    engine.load({ file: emitGraph({ ...quantized, types: types ?? {} }, weights), subject: "mixed" });
  // Frames of a window as floats, for a kernel of integers.
  const { "block1.layer0.feature.activation": _, ...others } = quantized.types ?? {};
  await expect(load(others)).rejects.toMatchObject({
    code: "E_MODEL_RUNTIME",
    message: expect.stringMatching(/^mixed: LiteRT\.js cannot run it \(.*CONCATENATION/),
  });
  await (await load(quantized.types)).dispose();
});
