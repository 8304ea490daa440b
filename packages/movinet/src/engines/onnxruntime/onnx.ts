import { ModelError } from "../../common/errors.ts";
import type { OnnxGraph, OnnxTensor } from "../../formats/onnx/proto.ts";
import { emitBlocked } from "../../formats/onnx/write/blocked.ts";
import { emitOnnxGraph } from "../../formats/onnx/write/emit.ts";
import type { Graph } from "../../graph/ir.ts";
import { lowerForInference } from "../../graph/passes.ts";
import type { Weights } from "../../graph/tensor.ts";
import type { DeviceTensor, Engine, Executable } from "../engine.ts";
import { probeSpec } from "../probe.ts";
import { blockedLayout, type Layout, plainLayout } from "./layout.ts";

/** A graph for ONNX Runtime, and its layout of our values. */
export interface OnnxModel {
  /** A model file, or its parts if ONNX Runtime has nothing left to optimize. */
  readonly onnx: Uint8Array | OnnxGraph;
  readonly graph: Graph;
  readonly weights: Weights;
  readonly layout: Layout;
}

/** A way to call ONNX Runtime. */
export interface OnnxRuntime {
  load(model: OnnxModel): Promise<Executable>;
  /** Loads a file unchanged. Rejects like ONNX Runtime. */
  open(file: Uint8Array): Promise<Executable>;
  /** Channels per block of this machine's kernels; 1 if they have none. */
  block(): Promise<number>;
  /** Constants already stored for models of these weights: they need not be computed again. */
  constants(weights: Weights): ReadonlyMap<string, OnnxTensor>;
}

/**
 * ONNX Runtime as an engine, however it is called. If `blocked` allows it and a test on this machine passes, steps of
 * a fixed number of streams run in the blocked layout of the CPU kernels.
 */
export function onnxEngine(name: string, runtime: OnnxRuntime, blocked: boolean): Engine {
  let probed: Promise<number> | null = null;
  return {
    name,
    format: "onnx",
    stepFrames: Number.POSITIVE_INFINITY,
    perStreams: blocked,
    async load(source, { streams = null } = {}) {
      if ("file" in source) return openFile(runtime, source);
      const graph = lowerForInference(source.graph);
      if (streams !== null && blocked && graph.frames === 1) {
        probed ??= provenBlock(runtime);
        const block = await probed;
        const model = block > 1 ? blockedModel(runtime, graph, source.weights, { block, streams }) : null;
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
      problem: `ONNX Runtime rejected it (${(cause as Error).message})`,
      remedy: "Convert the model again",
      cause,
    });
  }
}

function plainModel(graph: Graph, weights: Weights): OnnxModel {
  return { onnx: emitOnnxGraph(graph, weights), graph, weights, layout: plainLayout(graph) };
}

/** Null if the layout does not support the graph. */
function blockedModel(
  runtime: OnnxRuntime,
  graph: Graph,
  weights: Weights,
  options: { readonly block: number; readonly streams: number },
): OnnxModel | null {
  const onnx = emitBlocked(graph, weights, { ...options, known: runtime.constants(weights) });
  return onnx && { onnx, graph, weights, layout: blockedLayout(graph, onnx, options) };
}

/**
 * The block size of this machine's kernels, verified on a small network against the plain layout, for one stream and
 * for two; 1 if unusable.
 */
async function provenBlock(runtime: OnnxRuntime): Promise<number> {
  try {
    const block = await runtime.block();
    if (block === 1) return 1;
    const { graph, weights, inputs } = probeSpec();
    const expected = await runOnce(await runtime.load(plainModel(graph, weights)), inputs);
    for (const streams of [1, 2]) {
      const model = blockedModel(runtime, graph, weights, { block, streams });
      if (!model) return 1;
      const got = await runOnce(await runtime.load(model), streams === 1 ? inputs : twice(inputs));
      if (got.length !== streams * expected.length) return 1;
      if (got.some((value, i) => !(Math.abs(value - (expected[i % expected.length] as number)) <= 1e-5))) return 1;
    }
    return block;
  } catch {
    return 1;
  }
}

function twice(inputs: Readonly<Record<string, Float32Array>>): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, Float32Array.of(...data, ...data)]));
}

/** The logits of an executable for its inputs; it is freed. */
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
