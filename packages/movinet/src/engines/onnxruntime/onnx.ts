import { ModelError } from "../../common/errors.ts";
import { emitBlocked } from "../../formats/onnx/write/blocked.ts";
import { emitOnnxGraph } from "../../formats/onnx/write/emit.ts";
import type { Graph } from "../../graph/ir.ts";
import { lowerForInference } from "../../graph/passes.ts";
import type { Weights } from "../../graph/tensor.ts";
import type { DeviceTensor, Engine, Executable } from "../engine.ts";
import { blockedLayout, type Layout, plainLayout } from "./layout.ts";
import { probeSpec } from "./probe.ts";

/** A graph as a model file in memory. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  readonly graph: Graph;
  readonly layout: Layout;
}

/** A way to call ONNX Runtime. */
export interface OnnxRuntime {
  load(model: OnnxModel): Promise<Executable>;
  /** Loads a file as it is. Rejects as ONNX Runtime does. */
  open(file: Uint8Array): Promise<Executable>;
  /** Channels in a block of this machine's kernels; 1 where they have none. */
  block(): Promise<number>;
}

/**
 * ONNX Runtime as an engine, however it is called. Where `blocked` allows it and this machine proves it, single streams run in
 * the blocked layout of the CPU kernels.
 */
export function onnxEngine(name: string, runtime: OnnxRuntime, blocked: boolean): Engine {
  let probed: Promise<number> | null = null;
  return {
    name,
    format: "onnx",
    stepFrames: Number.POSITIVE_INFINITY,
    async load(source, { single = false } = {}) {
      if ("file" in source) return openFile(runtime, source);
      const graph = lowerForInference(source.graph);
      if (single && blocked && graph.frames === 1) {
        probed ??= provenBlock(runtime);
        const block = await probed;
        const model = block > 1 ? blockedModel(graph, source.weights, block) : null;
        if (model) return runtime.load(model);
      }
      return runtime.load(plainModel(graph, source.weights));
    },
  };
}

async function openFile(
  runtime: OnnxRuntime,
  { file, subject }: { readonly file: Uint8Array; readonly subject: string },
) {
  try {
    return await runtime.open(file);
  } catch (cause) {
    throw new ModelError({
      code: "E_MODEL_FORMAT",
      subject,
      problem: `ONNX Runtime refuses it (${(cause as Error).message})`,
      remedy: "Convert the model again",
      cause,
    });
  }
}

function plainModel(graph: Graph, weights: Weights): OnnxModel {
  return { bytes: emitOnnxGraph(graph, weights), graph, layout: plainLayout(graph) };
}

/** Null where the layout does not serve the graph. */
function blockedModel(graph: Graph, weights: Weights, block: number): OnnxModel | null {
  const bytes = emitBlocked(graph, weights, block);
  return bytes && { bytes, graph, layout: blockedLayout(graph, block) };
}

/** The block of this machine's kernels, proved on a small network against the plain layout; 1 where it cannot be used. */
async function provenBlock(runtime: OnnxRuntime): Promise<number> {
  try {
    const block = await runtime.block();
    const { graph, weights, inputs } = probeSpec();
    const model = block > 1 ? blockedModel(graph, weights, block) : null;
    if (!model) return 1;
    const expected = await runOnce(await runtime.load(plainModel(graph, weights)), inputs);
    const got = await runOnce(await runtime.load(model), inputs);
    return expected.every((value, i) => Math.abs(value - (got[i] as number)) <= 1e-5) ? block : 1;
  } catch {
    return 1;
  }
}

/** The logits that an executable gives for its inputs; it is freed. */
export async function runOnce(
  executable: Executable,
  data: Readonly<Record<string, Float32Array>>,
): Promise<Float32Array | Int32Array> {
  const { inputs, outputs, step } = executable;
  const fed = inputs.map(({ name }) => executable.upload(name, data[name] as Float32Array));
  try {
    const made = await executable.run(fed);
    const logits = made[outputs.findIndex(({ name }) => name === step?.outputs["logits"])] as DeviceTensor;
    const values = (await logits.read()).slice();
    for (const tensor of [...fed, ...made]) tensor.dispose();
    return values;
  } finally {
    await executable.dispose();
  }
}
