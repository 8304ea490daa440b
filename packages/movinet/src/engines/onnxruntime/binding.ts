import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import { writeOnnx } from "../../formats/onnx/proto.ts";
import { blockProbe } from "../../formats/onnx/write/blocked.ts";
import { type Graph, outputsOf } from "../../graph/ir.ts";
import { elementsOf } from "../../graph/shapes.ts";
import { graphInterface, type TensorFacts, tensorsOf } from "../../graph/step-interface.ts";
import type { DeviceTensor, Executable } from "../engine.ts";
import type { Layout } from "./layout.ts";
import type { OnnxRuntime } from "./onnx.ts";

/** The part of ONNX Runtime shared by all of its packages. */
export interface Binding {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

interface OnnxTensor extends DeviceTensor {
  readonly tensor: Tensor;
}

/** Work on a device that may be lost meanwhile, which it turns into an error. */
export type Guard = <T>(work: () => Promise<T>) => Promise<T>;

/** ONNX Runtime through one of its own packages, which copies every output that is not kept on a GPU. */
export function bindingRuntime(
  ort: Binding,
  options: InferenceSession.SessionOptions,
  guard: Guard = (work) => work(),
): OnnxRuntime {
  const create = (model: Uint8Array) => guard(() => ort.InferenceSession.create(model, options));
  return {
    async load({ onnx, graph, layout }) {
      const session = await create(onnx instanceof Uint8Array ? onnx : writeOnnx(onnx));
      return executableOf(ort, session, { graph, layout, guard });
    },
    open: async (file) => {
      const session = await create(file);
      const layout = fileLayout(session.inputMetadata.map(factsOf));
      return executableOf(ort, session, { graph: null, layout, guard });
    },
    async block() {
      const probe = await create(blockProbe());
      const { y } = await probe.run({ x: new ort.Tensor("float32", new Float32Array(4), [1, 4, 1, 1]) });
      await probe.release();
      return (y as Tensor).dims[1] as number;
    },
    constants: () => new Map(),
  };
}

function executableOf(
  ort: Binding,
  session: InferenceSession,
  {
    graph,
    layout,
    guard,
  }: { readonly graph: Graph | null; readonly layout: Omit<Layout, "outputDims">; readonly guard: Guard },
): Executable {
  const wrap = (value: string, tensor: Tensor, dispose: () => void): OnnxTensor => ({
    tensor,
    read: async () => layout.unpack(value, (await guard(() => tensor.getData())) as Float32Array),
    dispose,
  });
  const { inputNames } = session;
  const outputNames = graph ? [...new Set(outputsOf(graph))] : session.outputNames;
  let released: Promise<void> | null = null;
  return {
    step: graph && graphInterface(graph),
    inputs: graph ? tensorsOf(graph, inputNames) : session.inputMetadata.map(factsOf),
    outputs: graph ? tensorsOf(graph, outputNames) : session.outputMetadata.map(factsOf),
    layout: "planes",
    streams: layout.streams,
    upload(input, data, instead) {
      instead?.dispose();
      const packed = layout.pack(input, data as Float32Array);
      return wrap(input, new ort.Tensor("float32", packed, layout.inputDims(input, packed.length)), () => {});
    },
    async run(inputs) {
      const feeds: Record<string, Tensor> = {};
      for (const [i, input] of inputNames.entries()) {
        const { tensor } = inputs[i] as OnnxTensor;
        const dims = layout.inputDims(input, tensor.size);
        feeds[input] = tensor.dims.every((side, k) => side === dims[k]) ? tensor : tensor.reshape(dims);
      }
      const results = await guard(() => session.run(feeds));
      return outputNames.map((output) => {
        const tensor = results[output] as Tensor;
        return wrap(output, tensor, () => free(tensor));
      });
    },
    dispose: () => (released ??= session.release()),
  };
}

/** Shape of a file's tensor; dynamic dimensions are 1. */
function factsOf(metadata: InferenceSession.ValueMetadata): TensorFacts {
  const shape = metadata.isTensor ? metadata.shape.map((side) => (typeof side === "number" ? side : 1)) : [];
  return { name: metadata.name, shape, dtype: "float32" };
}

/** For a file's inputs, whose first dimension is dynamic. */
function fileLayout(inputs: readonly TensorFacts[]): Omit<Layout, "outputDims"> {
  const sides = new Map(inputs.map(({ name, shape }) => [name, shape.slice(1)]));
  return {
    streams: "any",
    inputDims(input, length) {
      const inner = sides.get(input) ?? [];
      return [length / elementsOf(inner), ...inner];
    },
    pack: (_, data) => data,
    unpack: (_, data) => data,
  };
}

/** Frees the memory of a result at once: left to garbage collection, every step would work on cold memory. */
function free(tensor: Tensor): void {
  if (tensor.location === "cpu") ((tensor.data as Float32Array).buffer as ArrayBuffer).transfer(0);
  tensor.dispose();
}
