import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import { emitOnnx } from "../../model/emit/onnx/emit.ts";
import { lowerForInference } from "../../model/graph/passes.ts";
import type { Backend, DeviceTensor } from "./backend.ts";

/** The part of ONNX Runtime that every one of its packages has. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

/** ONNX Runtime as a backend, whichever of its packages was loaded. */
export function onnxBackend(name: string, ort: OnnxRuntime, options: InferenceSession.SessionOptions): Backend {
  const wrap = (tensor: Tensor): DeviceTensor & { readonly tensor: Tensor } => ({
    tensor,
    dims: tensor.dims,
    read: async () => (await tensor.getData()) as Float32Array,
    dispose: () => tensor.dispose(),
  });
  return {
    name,
    async compile(graph, weights) {
      const lowered = lowerForInference(graph);
      const session = await ort.InferenceSession.create(emitOnnx(lowered, weights), options);
      return {
        graph: lowered,
        upload: (data, dims) => wrap(new ort.Tensor("float32", data, dims)),
        async run(inputs) {
          const feeds: Record<string, Tensor> = {};
          for (const [input, value] of Object.entries(inputs)) feeds[input] = (value as ReturnType<typeof wrap>).tensor;
          const results = await session.run(feeds);
          return Object.fromEntries(Object.entries(results).map(([output, value]) => [output, wrap(value as Tensor)]));
        },
        dispose: () => session.release(),
      };
    },
  };
}
