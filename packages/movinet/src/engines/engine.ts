import type { Graph } from "../graph/ir.ts";
import type { StepInterface, TensorFacts } from "../graph/step-interface.ts";
import type { Weights } from "../graph/tensor.ts";

/** A tensor where, and in whatever layout, its engine keeps it. */
export interface DeviceTensor {
  /** Its values as the interface means them, row-major; the next run does not change them. */
  read(): Promise<Float32Array | Int32Array>;
  /** Frees it. Must be called once. */
  dispose(): void;
}

/** A graph or a file that is ready to run, with its weights. Sessions share it: their runs may overlap. */
export interface Executable {
  /** How it is called, where it was loaded from a graph; null: its signature tells. */
  readonly step: StepInterface | null;
  /** Tensors for one stream. */
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  /** Where channels stand in what `upload` takes and `read` gives. */
  readonly layout: StepInterface["layout"];
  /** Streams that go through it together: any number, time-major (row `t · streams + stream`), or always so many. */
  readonly streams: "any" | number;
  /**
   * Puts the values of an input where the engine wants them; the data must not change until that input is uploaded again. What it replaces, a tensor
   * of the same input, may be given: it is reused or freed.
   */
  upload(input: string, data: Float32Array | Int32Array, instead?: DeviceTensor): DeviceTensor;
  /**
   * Takes every input and returns every output, in the order of {@link Executable.inputs} and {@link Executable.outputs}: each
   * output in a tensor of its own, which may be an input of the next run. The list is the caller's again once the call is done.
   */
  run(inputs: readonly DeviceTensor[]): Promise<readonly DeviceTensor[]>;
  /** Adds to a tensor of floats in place, where the engine can; what is added stays. */
  add?(sum: DeviceTensor, growth: DeviceTensor): void;
  /** Frees it, once or more often. */
  dispose(): Promise<void>;
}

/** What an engine can load: a graph with its weights, or the bytes of a file in its own format; `subject` names it in errors. */
export type Loadable =
  | { readonly graph: Graph; readonly weights: Weights }
  | { readonly file: Uint8Array; readonly subject: string };

export interface LoadOptions {
  /** The graph will only ever run for so many streams, and its tensors meet no other executable. Default null: any number. */
  readonly streams?: number | null;
}

/** Something that runs networks. Every engine passes the same contract tests. */
export interface Engine {
  /** For example `onnxruntime-node cpu`. */
  readonly name: string;
  /** The format of the files that it runs as they are; null: graphs only. */
  readonly format: "onnx" | "tflite" | null;
  /** The most frames that a step of a stream may bring. */
  readonly stepFrames: number;
  /** Whether executables that are loaded for a number of streams are faster than those for any. */
  readonly perStreams?: boolean;
  /** What is to be known of how it runs here, each in one line. */
  readonly warnings?: readonly string[];
  /**
   * Throws {@link ModelError}: `E_MODEL_RUNTIME` for a file that the engine refuses, `E_MODEL_EXPORT` for a graph that it has
   * no form of.
   */
  load(source: Loadable, options?: LoadOptions): Promise<Executable>;
}
