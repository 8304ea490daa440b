import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import {
  blockProbe,
  emitBlocked,
  fromBlocks,
  isPlainInput,
  paddedChannels,
  toBlocks,
} from "../../model/emit/onnx/blocked.ts";
import { emitOnnx } from "../../model/emit/onnx/emit.ts";
import type { Graph, Shape } from "../../model/graph/ir.ts";
import { lowerForInference } from "../../model/graph/passes.ts";
import type { Backend, DeviceTensor, Executable } from "./backend.ts";
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
  /** From a tensor to the graph's meaning. */
  read(value: string, data: Float32Array): Float32Array;
}

/**
 * ONNX Runtime as a backend, whichever of its packages was loaded. Where `blocked` allows it and this machine proves
 * it, single streams run in the blocked layout of the CPU kernels.
 */
export function onnxBackend(
  name: string,
  ort: OnnxRuntime,
  options: InferenceSession.SessionOptions,
  blocked: boolean,
): Backend {
  const create = (model: Uint8Array) => ort.InferenceSession.create(model, options);
  let probed: Promise<number> | null = null;
  return {
    name,
    async compile(graph, weights, { single }) {
      const lowered = lowerForInference(graph);
      if (single && blocked && graph.frames === 1) {
        probed ??= provenBlock(ort, create);
        const block = await probed;
        const model = block > 1 ? emitBlocked(lowered, weights, block) : null;
        if (model) return executableOf(lowered, await create(model), blockedLayout(ort, lowered, block));
      }
      return executableOf(lowered, await create(emitOnnx(lowered, weights)), plainLayout(ort, lowered));
    },
  };
}

function executableOf(graph: Graph, session: InferenceSession, layout: Layout): Executable {
  const wrap = (value: string, tensor: Tensor): OnnxTensor => ({
    tensor,
    read: async () => layout.read(value, (await tensor.getData()) as Float32Array),
    dispose: () => tensor.dispose(),
  });
  return {
    graph,
    upload: (input, data) => wrap(input, layout.feed(input, data)),
    async run(inputs) {
      const feeds: Record<string, Tensor> = {};
      for (const [input, value] of Object.entries(inputs)) feeds[input] = (value as OnnxTensor).tensor;
      const results = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(results).map(([output, value]) => [output, wrap(output, value as Tensor)]),
      );
    },
    dispose: () => session.release(),
  };
}

function plainLayout(ort: OnnxRuntime, graph: Graph): Layout {
  return {
    feed(input, data) {
      const { channels, height, width } = graph.shapes[input] as Shape;
      return new ort.Tensor("float32", data, [data.length / (channels * height * width), channels, height, width]);
    },
    read: (_, data) => data,
  };
}

function blockedLayout(ort: OnnxRuntime, graph: Graph, block: number): Layout {
  const plain = new Set(graph.nodes.flatMap((node) => (node.op === "input" && isPlainInput(node) ? [node.id] : [])));
  const { feed } = plainLayout(ort, graph);
  return {
    feed(input, data) {
      if (plain.has(input)) return feed(input, data);
      const shape = graph.shapes[input] as Shape;
      const dims = [1, paddedChannels(shape.channels, block), shape.height, shape.width];
      return new ort.Tensor("float32", toBlocks(data, shape, block), dims);
    },
    read: (value, data) => (plain.has(value) ? data : fromBlocks(data, graph.shapes[value] as Shape, block)),
  };
}

/** The block of this machine's kernels, proved on a small network against the plain layout; 1 where it cannot be used. */
async function provenBlock(
  ort: OnnxRuntime,
  create: (model: Uint8Array) => Promise<InferenceSession>,
): Promise<number> {
  try {
    const probe = await create(blockProbe());
    const { y } = await probe.run({ x: new ort.Tensor("float32", new Float32Array(4), [1, 4, 1, 1]) });
    await probe.release();
    const block = (y as Tensor).dims[1] as number;
    const { graph, weights, inputs } = probeSpec();
    const model = emitBlocked(graph, weights, block);
    if (!model) return 1;
    const [expected, got] = await Promise.all([
      logitsOf(executableOf(graph, await create(emitOnnx(graph, weights)), plainLayout(ort, graph)), inputs),
      logitsOf(executableOf(graph, await create(model), blockedLayout(ort, graph, block)), inputs),
    ]);
    return expected.every((value, i) => Math.abs(value - (got[i] as number)) <= 1e-5) ? block : 1;
  } catch {
    return 1;
  }
}

async function logitsOf(executable: Executable, inputs: Readonly<Record<string, Float32Array>>): Promise<Float32Array> {
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, executable.upload(name, data)]));
  const outputs = await executable.run(feeds);
  const logits = (await outputs[executable.graph.logits]?.read()) ?? new Float32Array();
  await executable.dispose();
  return logits;
}
