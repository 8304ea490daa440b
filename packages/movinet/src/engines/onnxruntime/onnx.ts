import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import {
  blockedInputDims,
  blockProbe,
  emitBlocked,
  fromBlocks,
  isPlainInput,
  toBlocks,
} from "../../formats/onnx/write/blocked.ts";
import { emitOnnxGraph } from "../../formats/onnx/write/emit.ts";
import { type Graph, outputOf, type Shape } from "../../graph/ir.ts";
import { lowerForInference } from "../../graph/passes.ts";
import type { Backend, DeviceTensor, Executable } from "../engine.ts";
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
      return executableOf(lowered, await create(emitOnnxGraph(lowered, weights)), plainLayout(ort, lowered));
    },
  };
}

function executableOf(graph: Graph, session: InferenceSession, layout: Layout): Executable {
  const wrap = (value: string, tensor: Tensor, dispose: () => void): OnnxTensor => ({
    tensor,
    read: async () => layout.read(value, (await tensor.getData()) as Float32Array),
    dispose,
  });
  return {
    graph,
    upload: (input, data) => wrap(input, layout.feed(input, data), () => {}),
    async run(inputs) {
      const feeds: Record<string, Tensor> = {};
      for (const [input, value] of Object.entries(inputs))
        feeds[input] = layout.fit(input, (value as OnnxTensor).tensor);
      const results = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(results).map(([output, value]) => [
          output,
          wrap(output, value as Tensor, () => free(value as Tensor)),
        ]),
      );
    },
    dispose: () => session.release(),
  };
}

/** Returns the memory of a result at once: left to garbage collection, every step would work on cold memory. */
function free(tensor: Tensor): void {
  if (tensor.location === "cpu") ((tensor.data as Float32Array).buffer as ArrayBuffer).transfer(0);
  tensor.dispose();
}

function plainLayout(ort: OnnxRuntime, graph: Graph): Layout {
  return {
    feed(input, data) {
      const { channels, height, width } = graph.shapes[input] as Shape;
      return new ort.Tensor("float32", data, [data.length / (channels * height * width), channels, height, width]);
    },
    fit: (_, tensor) => tensor,
    read: (_, data) => data,
  };
}

function blockedLayout(ort: OnnxRuntime, graph: Graph, block: number): Layout {
  const inputs = graph.nodes.filter((node) => node.op === "input");
  const plain = new Set(inputs.filter(isPlainInput).map((node) => node.id));
  const dims = new Map(inputs.map((node) => [node.id, blockedInputDims(node, block)]));
  const { feed } = plainLayout(ort, graph);
  return {
    feed(input, data) {
      if (plain.has(input)) return feed(input, data);
      const shape = graph.shapes[input] as Shape;
      return new ort.Tensor("float32", toBlocks(data, shape, block), dims.get(input));
    },
    fit(input, tensor) {
      const expected = dims.get(input) as readonly number[];
      return tensor.dims[2] === expected[2] ? tensor : tensor.reshape(expected);
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
      logitsOf(executableOf(graph, await create(emitOnnxGraph(graph, weights)), plainLayout(ort, graph)), inputs),
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
  const logits = (await outputs[outputOf(executable.graph)]?.read()) ?? new Float32Array();
  await executable.dispose();
  return logits;
}
