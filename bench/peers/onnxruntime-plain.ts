/**
 * ONNX Runtime on the plain file of a stream model, for `movinet bench`. Usage: onnxruntime-plain.ts MODEL THREADS. Speaks like
 * litert.py; the states are not fed back.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { openBenchModel } from "../../apps/cli/src/models.ts";
import { buildGraph } from "../../packages/movinet/src/arch/build.ts";
import { emitPlain } from "../plain-onnx.ts";
import { serveSteps } from "../serve-steps.ts";

const [name = "a0-stream", threads = "1"] = process.argv.slice(2);
process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
const { spec, weights } = await openBenchModel(name);
const { bytes, inputs } = emitPlain(buildGraph(spec, { form: "step", frames: 1 }), weights);
const started = performance.now();
const session = await InferenceSession.create(bytes, { intraOpNumThreads: Number(threads), logSeverityLevel: 3 });
const sessionMs = performance.now() - started;
const feeds = Object.fromEntries(
  inputs.map(({ name: input, dims }) => {
    const size = (dims as readonly number[]).reduce((a, b) => a * b, 1);
    return [
      input,
      new Tensor(
        "float32",
        Float32Array.from({ length: size }, (_, i) => (i % 97) / 97),
        dims as number[],
      ),
    ];
  }),
);
console.log(JSON.stringify({ sessionMs }));
await serveSteps(() => session.run(feeds));
process.exit(0);
