import type { Graph } from "../graph/ir.ts";
import type { Weights } from "../graph/tensor.ts";

/** A float32 tensor where, and in whatever layout, its backend keeps it. */
export interface DeviceTensor {
  /** The values as the graph means them, `[frames · streams, C, H, W]` row-major; the next run does not change them. */
  read(): Promise<Float32Array>;
  dispose(): void;
}

/** A graph that is ready to run, with its weights. Runs must not overlap. */
export interface Executable {
  /**
   * The graph whose value names `run` takes and returns: the one that was compiled, or what lowering made of it.
   */
  readonly graph: Graph;
  /** Puts the values of an input of the graph on the device; the data must not change afterwards. */
  upload(input: string, data: Float32Array): DeviceTensor;
  /** Takes every input of the graph; returns logits and what the states need, by value name. */
  run(inputs: Readonly<Record<string, DeviceTensor>>): Promise<Readonly<Record<string, DeviceTensor>>>;
  dispose(): Promise<void>;
}

export interface CompileOptions {
  /** The graph will only ever run for one stream, and its tensors meet no other executable. */
  readonly single: boolean;
}

/** Something that can run a graph. Every backend passes the same contract tests. */
export interface Backend {
  /** For example `onnxruntime-node cpu`. */
  readonly name: string;
  /** The most frames that a step of a stream may bring; as many as one likes where it is not told. */
  readonly stepFrames?: number;
  compile(graph: Graph, weights: Weights, options: CompileOptions): Promise<Executable>;
}
