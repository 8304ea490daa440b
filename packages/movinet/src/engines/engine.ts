import type { Graph } from "../graph/ir.ts";
import type { StepInterface, TensorFacts } from "../graph/step-interface.ts";
import type { Weights } from "../graph/tensor.ts";

/** A tensor in the engine's own memory and layout. */
export interface DeviceTensor {
  /** Its values in the interface's meaning, row-major; the next run does not change them. */
  read(): Promise<Float32Array | Int32Array>;
  /** Frees it. Must be called once. */
  dispose(): void;
}

/** A graph or file ready to run, with its weights. Sessions share it: their runs may overlap. */
export interface Executable {
  /** How to call it, if loaded from a graph; null: see its signature. */
  readonly step: StepInterface | null;
  /** Tensors for one stream. */
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  /** The position of channels in the data of `upload` and `read`. */
  readonly layout: StepInterface["layout"];
  /** Streams per run: any number, time-major (row `t · streams + stream`), or always this many. */
  readonly streams: "any" | number;
  /**
   * Uploads the values of an input; the data must not change until that input is uploaded again. Pass the tensor that
   * it replaces, of the same input: it is reused or freed.
   */
  upload(input: string, data: Float32Array | Int32Array, instead?: DeviceTensor): DeviceTensor;
  /**
   * Takes all inputs and returns all outputs, in the order of {@link Executable.inputs} and
   * {@link Executable.outputs}: each output in its own tensor, which may be an input of the next run. The caller may reuse
   * the list once the call is done.
   */
  run(inputs: readonly DeviceTensor[]): Promise<readonly DeviceTensor[]>;
  /** Adds to a tensor of floats in place, if supported; the addend is kept. */
  add?(sum: DeviceTensor, growth: DeviceTensor): void;
  /** Frees it; may be called more than once. */
  dispose(): Promise<void>;
}

/**
 * What an engine can load: a graph with its weights, or the bytes of a file in its own format; `subject` names it in
 * errors.
 */
export type Loadable =
  | { readonly graph: Graph; readonly weights: Weights }
  | { readonly file: Uint8Array; readonly subject: string };

export interface LoadOptions {
  /**
   * The graph will only run for this many streams, and its tensors are not used with other executables. Default null:
   * any number.
   */
  readonly streams?: number | null;
}

/** Runs networks. All engines pass the same contract tests. */
export interface Engine {
  /** For example `onnxruntime-node cpu`. */
  readonly name: string;
  /** The format of files it runs unchanged; null: graphs only. */
  readonly format: "onnx" | "tflite" | null;
  /** The most frames per step of a stream. */
  readonly stepFrames: number;
  /** Whether it computes a graph with integer types in integers; others run only graphs of floats. */
  readonly integers?: boolean;
  /** Whether executables loaded for a fixed number of streams are faster than those for any number. */
  readonly perStreams?: boolean;
  /** Caveats about how it runs here, one line each. */
  readonly warnings?: readonly string[];
  /**
   * Throws {@link ModelError}: `E_MODEL_RUNTIME` for a file that the engine rejects, `E_MODEL_EXPORT` for an
   * unsupported graph.
   */
  load(source: Loadable, options?: LoadOptions): Promise<Executable>;
}
