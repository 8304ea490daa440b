/** An input or an output of a file, by the name that its signature gives it. */
export interface TensorFacts {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "uint8";
}

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** A tensor in a runtime's memory, which nothing collects. */
export interface RuntimeTensor {
  /** A copy of its values, row-major. */
  read(): Float32Array | Int32Array;
  /** Replaces its values; no run may be under way. */
  write(data: Float32Array | Int32Array): void;
  /** Becomes `keep` times itself plus another tensor of as many floats; no run may be under way. */
  accumulate(growth: RuntimeTensor, keep: number): void;
  /** Must be called once. */
  dispose(): void;
}

/** A TFLite file that a runtime has loaded. Runs keep no state and may follow each other with any tensors. */
export interface TfliteExecutable {
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  /** Copies the values of an input into the runtime. */
  upload(input: string, data: Float32Array | Int32Array): RuntimeTensor;
  /** Takes every input, and returns every output in a tensor of its own that may be an input of the next run. */
  run(inputs: Readonly<Record<string, RuntimeTensor>>): Promise<Readonly<Record<string, RuntimeTensor>>>;
  dispose(): void;
}

/** Something that runs TFLite files. */
export interface TfliteRuntime {
  /** For example `LiteRT.js wasm`. */
  readonly name: string;
  /**
   * Compiles the first signature of a file. `subject` names the file in errors. Throws ModelError (`E_MODEL_RUNTIME`) for
   * a file that the runtime refuses.
   */
  load(bytes: Uint8Array, subject: string): Promise<TfliteExecutable>;
}
