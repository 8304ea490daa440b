import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import { ModelError } from "../../common/errors.ts";
import { writeOnnx } from "../../formats/onnx/proto.ts";
import { type BlockedGraph, blockProbe, emitBlocked } from "../../formats/onnx/write/blocked.ts";
import { fromBlocks, toBlocks } from "../../formats/onnx/write/blocks.ts";
import { emitOnnxGraph } from "../../formats/onnx/write/emit.ts";
import { type Graph, outputsOf, type Shape } from "../../graph/ir.ts";
import { lowerForInference } from "../../graph/passes.ts";
import { elementsOf } from "../../graph/shapes.ts";
import { graphInterface, type TensorFacts, tensorsOf } from "../../graph/step-interface.ts";
import type { Weights } from "../../graph/tensor.ts";
import type { DeviceTensor, Engine, Executable } from "../engine.ts";
import { probeSpec } from "./probe.ts";

/** The part of ONNX Runtime that every one of its packages has. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

interface OnnxTensor extends DeviceTensor {
  readonly tensor: Tensor;
}

/** How an executable lays out the values of its interface. */
interface Layout {
  /** From the graph's meaning to the tensor that is fed. */
  feed(input: string, data: Float32Array): Tensor;
  /** The same values with the dimensions that an input expects. */
  fit(input: string, tensor: Tensor): Tensor;
  /** From a tensor to the graph's meaning. */
  read(value: string, data: Float32Array): Float32Array;
}

/**
 * ONNX Runtime as an engine, whichever of its packages was loaded. Where `blocked` allows it and this machine proves
 * it, single streams run in the blocked layout of the CPU kernels.
 */
export function onnxEngine(
  name: string,
  ort: OnnxRuntime,
  options: InferenceSession.SessionOptions,
  blocked: boolean,
): Engine {
  const create = (model: Uint8Array) => ort.InferenceSession.create(model, options);
  let probed: Promise<number> | null = null;
  return {
    name,
    format: "onnx",
    stepFrames: Number.POSITIVE_INFINITY,
    async load(source, { single = false } = {}) {
      if ("file" in source) {
        const session = await create(source.file).catch((cause: unknown) => {
          throw new ModelError({
            code: "E_MODEL_FORMAT",
            subject: source.subject,
            problem: `ONNX Runtime refuses it (${(cause as Error).message})`,
            remedy: "Convert the model again",
            cause,
          });
        });
        return executableOf(null, session, plainLayout(ort, session.inputMetadata.map(factsOf)));
      }
      const lowered = lowerForInference(source.graph);
      if (single && blocked && lowered.frames === 1) {
        probed ??= provenBlock(ort, create);
        const block = await probed;
        const loaded = block > 1 ? await loadBlocked(ort, create, lowered, source.weights, block) : null;
        if (loaded) return loaded;
      }
      return loadPlain(ort, create, lowered, source.weights);
    },
  };
}

type Create = (model: Uint8Array) => Promise<InferenceSession>;

async function loadPlain(ort: OnnxRuntime, create: Create, graph: Graph, weights: Weights): Promise<Executable> {
  const session = await create(emitOnnxGraph(graph, weights));
  return executableOf(graph, session, plainLayout(ort, tensorsOf(graph, session.inputNames)));
}

/** Null where the layout does not serve the graph. */
async function loadBlocked(ort: OnnxRuntime, create: Create, graph: Graph, weights: Weights, block: number) {
  const model = emitBlocked(graph, weights, { block });
  return model && executableOf(graph, await create(writeOnnx(model)), blockedLayout(ort, graph, model, block));
}

function executableOf(graph: Graph | null, session: InferenceSession, layout: Layout): Executable {
  const wrap = (value: string, tensor: Tensor, dispose: () => void): OnnxTensor => ({
    tensor,
    read: async () => layout.read(value, (await tensor.getData()) as Float32Array),
    dispose,
  });
  let released: Promise<void> | null = null;
  return {
    step: graph && graphInterface(graph),
    inputs: graph ? tensorsOf(graph, session.inputNames) : session.inputMetadata.map(factsOf),
    outputs: graph ? tensorsOf(graph, outputsOf(graph)) : session.outputMetadata.map(factsOf),
    layout: "planes",
    streams: "any",
    upload(input, data, instead) {
      instead?.dispose();
      return wrap(input, layout.feed(input, data as Float32Array), () => {});
    },
    async run(inputs) {
      const feeds: Record<string, Tensor> = {};
      for (const input of session.inputNames) {
        feeds[input] = layout.fit(input, (inputs[input] as OnnxTensor).tensor);
      }
      const results = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(results).map(([output, value]) => [
          output,
          wrap(output, value as Tensor, () => free(value as Tensor)),
        ]),
      );
    },
    dispose: () => (released ??= session.release()),
  };
}

/** Of a tensor of a file; sides that are free at run time are 1. */
function factsOf(metadata: InferenceSession.ValueMetadata): TensorFacts {
  const shape = metadata.isTensor ? metadata.shape.map((side) => (typeof side === "number" ? side : 1)) : [];
  return { name: metadata.name, shape, dtype: "float32" };
}

/** Returns the memory of a result at once: left to garbage collection, every step would work on cold memory. */
function free(tensor: Tensor): void {
  if (tensor.location === "cpu") ((tensor.data as Float32Array).buffer as ArrayBuffer).transfer(0);
  tensor.dispose();
}

/** Of these inputs, whose first side is free. */
function plainLayout(ort: OnnxRuntime, inputs: readonly TensorFacts[]): Layout {
  const sides = new Map(inputs.map(({ name, shape }) => [name, shape.slice(1)]));
  return {
    feed(input, data) {
      const inner = sides.get(input) ?? [];
      return new ort.Tensor("float32", data, [data.length / elementsOf(inner), ...inner]);
    },
    fit: (_, tensor) => tensor,
    read: (_, data) => data,
  };
}

function blockedLayout(ort: OnnxRuntime, graph: Graph, { inputs, outputs }: BlockedGraph, block: number): Layout {
  const dims = new Map(inputs.map((input) => [input.name, input.dims]));
  const blocked = new Set([...inputs, ...outputs].flatMap((value) => (value.blocked ? [value.name] : [])));
  return {
    feed(input, data) {
      const values = blocked.has(input) ? toBlocks(data, graph.shapes[input] as Shape, block) : data;
      return new ort.Tensor("float32", values, dims.get(input));
    },
    fit(input, tensor) {
      const expected = dims.get(input) as readonly number[];
      return String(tensor.dims) === String(expected) ? tensor : tensor.reshape(expected);
    },
    read: (value, data) => (blocked.has(value) ? fromBlocks(data, graph.shapes[value] as Shape, block) : data),
  };
}

/** The block of this machine's kernels, proved on a small network against the plain layout; 1 where it cannot be used. */
async function provenBlock(ort: OnnxRuntime, create: Create): Promise<number> {
  try {
    const probe = await create(blockProbe());
    const { y } = await probe.run({ x: new ort.Tensor("float32", new Float32Array(4), [1, 4, 1, 1]) });
    await probe.release();
    const block = (y as Tensor).dims[1] as number;
    const { graph, weights, inputs } = probeSpec();
    const blocked = await loadBlocked(ort, create, graph, weights, block);
    if (!blocked) return 1;
    const expected = await runOnce(await loadPlain(ort, create, graph, weights), inputs);
    const got = await runOnce(blocked, inputs);
    return expected.every((value, i) => Math.abs(value - (got[i] as number)) <= 1e-5) ? block : 1;
  } catch {
    return 1;
  }
}

/** The logits that an executable gives for its inputs; it is freed. */
export async function runOnce(
  executable: Executable,
  inputs: Readonly<Record<string, Float32Array>>,
): Promise<Float32Array | Int32Array> {
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, executable.upload(name, data)]));
  const outputs = await executable.run(feeds);
  const logits = (await outputs[executable.step?.outputs["logits"] ?? ""]?.read()) ?? new Float32Array();
  await executable.dispose();
  return logits;
}
