import type { Graph } from "../../model/graph/ir.ts";
import type { Weights } from "../../model/weights/tensor.ts";

/** A float32 tensor where its backend keeps it. */
export interface DeviceTensor {
  readonly dims: readonly number[];
  /** The values, row-major; may be a view that the next run does not change. */
  read(): Promise<Float32Array>;
  dispose(): void;
}

/** A graph that is ready to run, with its weights. Runs must not overlap. */
export interface Executable {
  /** Takes every input of the graph; returns logits and what the states need, by value name. */
  run(inputs: Readonly<Record<string, DeviceTensor>>): Promise<Readonly<Record<string, DeviceTensor>>>;
  /** Puts values on the device; the data must not change afterwards. */
  upload(data: Float32Array, dims: readonly number[]): DeviceTensor;
  /**
   * The value names under which this executable returns the logits and takes and gives states: the graph it was made
   * of, after lowering.
   */
  readonly graph: Graph;
  dispose(): Promise<void>;
}

/** Something that can run a graph. Every backend passes the same contract tests. */
export interface Backend {
  /** For example `onnxruntime-node cpu`. */
  readonly name: string;
  compile(graph: Graph, weights: Weights): Promise<Executable>;
}

/** A tensor in ordinary memory. */
export function hostTensor(data: Float32Array, dims: readonly number[]): DeviceTensor {
  return { dims, read: async () => data, dispose() {} };
}
