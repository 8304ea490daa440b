import { ModelError } from "../../../errors.ts";
import type { RuntimeTensor, TensorFacts, TfliteExecutable, TfliteRuntime } from "./runtime.ts";

/** The part of `@litertjs/core` that is used. */
export interface LiteRt {
  readonly Tensor: new (data: Float32Array | Int32Array, shape: number[]) => LiteRtTensor;
  getGlobalLiteRtPromise(): Promise<unknown> | undefined;
  loadLiteRt(folder: string): Promise<unknown>;
  loadAndCompile(model: Uint8Array, options: { accelerator: "wasm" }): Promise<LiteRtModel>;
}

interface LiteRtTensor {
  toTypedArray(): Float32Array | Int32Array | Uint8Array;
  delete(): void;
}

interface LiteRtModel {
  getInputDetails(): readonly LiteRtDetails[];
  getOutputDetails(): readonly LiteRtDetails[];
  run(inputs: Record<string, LiteRtTensor>): Promise<Record<string, LiteRtTensor>>;
  delete(): void;
}

interface LiteRtDetails {
  readonly name: string;
  readonly shape: Int32Array;
  readonly dtype: TensorFacts["dtype"];
}

interface Held extends RuntimeTensor {
  readonly tensor: LiteRtTensor;
}

/**
 * Loads the WebAssembly of LiteRT.js from a folder, once for the page or process. Its messages, of which a compilation
 * prints several, go nowhere.
 */
export async function startLiteRt(litert: LiteRt, folder: string): Promise<void> {
  const silent = { print() {}, printErr() {} };
  Object.assign(globalThis, { Module: silent }); // where its loader looks for settings, and which it then clears
  await (litert.getGlobalLiteRtPromise() ?? litert.loadLiteRt(folder));
}

/** LiteRT.js on its CPU kernels (XNNPACK) in WebAssembly, once it was started. */
export function litertRuntime(litert: LiteRt): TfliteRuntime {
  return {
    name: "LiteRT.js wasm",
    async load(bytes, subject) {
      try {
        return executableOf(litert, await litert.loadAndCompile(bytes, { accelerator: "wasm" }));
      } catch (cause) {
        throw new ModelError({
          code: "E_MODEL_RUNTIME",
          subject,
          problem: `LiteRT.js cannot run it (${cause instanceof Error ? cause.message : String(cause)})`,
          remedy: "Check that the file was copied whole and needs built-in operators only",
          cause,
        });
      }
    },
  };
}

function executableOf(litert: LiteRt, model: LiteRtModel): TfliteExecutable {
  const facts = (details: readonly LiteRtDetails[]): readonly TensorFacts[] =>
    details.map(({ name, shape, dtype }) => ({ name, shape: [...shape], dtype }));
  const inputs = facts(model.getInputDetails());
  const shapes = new Map(inputs.map(({ name, shape }) => [name, [...shape]]));
  return {
    inputs,
    outputs: facts(model.getOutputDetails()),
    upload: (input, data) => hold(new litert.Tensor(data, shapes.get(input) as number[])),
    async run(given) {
      const feeds = Object.entries(given).map(([name, held]) => [name, (held as Held).tensor]);
      const results = await model.run(Object.fromEntries(feeds));
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, hold(tensor)]));
    },
    dispose: () => model.delete(),
  };
}

function hold(tensor: LiteRtTensor): Held {
  return { tensor, read: () => tensor.toTypedArray() as Float32Array | Int32Array, dispose: () => tensor.delete() };
}
