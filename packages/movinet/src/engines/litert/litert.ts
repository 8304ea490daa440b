import { ModelError, missingPeer } from "../../common/errors.ts";
import { emitGraph } from "../../formats/tflite/write/emit.ts";
import { lowerGraph } from "../../formats/tflite/write/lower.ts";
import { elementsOf } from "../../graph/shapes.ts";
import { emittedInterface, type StepInterface, type TensorFacts } from "../../graph/step-interface.ts";
import type { DeviceTensor, Engine, Executable, Loadable } from "../engine.ts";

/**
 * The part of `@litertjs/core` that is used. Its `run` and its tensors ask the WebAssembly some twenty questions for every
 * input and output, 2 ms a step for A0; so only loading goes through them, and steps through the bindings below.
 */
export interface LiteRt {
  readonly Tensor: new (
    data: Float32Array | Int32Array,
    shape: number[],
  ) => { readonly liteRtTensorBuffer: LiteRtBuffer };
  getGlobalLiteRtPromise(): Promise<LiteRtInstance> | undefined;
  loadLiteRt(folder: string): Promise<LiteRtInstance>;
}

export interface LiteRtInstance {
  readonly liteRtWasm: {
    /** Another view whenever the memory has grown. */
    readonly HEAPU8: Uint8Array;
    readonly LiteRtTensorBufferLockMode: { readonly READ: LockMode; readonly WRITE: LockMode };
  };
  loadAndCompile(model: Uint8Array, options: { accelerator: "wasm" }): Promise<LiteRtModel>;
}

interface LockMode {
  readonly value: number;
}

/** Memory of a tensor in WebAssembly; `lock` tells its address. */
interface LiteRtBuffer {
  lock(mode: LockMode): number;
  unlock(): void;
  delete(): void;
}

interface LiteRtModel {
  /** Takes and returns buffers in the order of the details; private in the package's declarations. */
  readonly liteRtCompiledModel: {
    run(signature: number, inputs: readonly LiteRtBuffer[]): LiteRtBuffer[] | Promise<LiteRtBuffer[]>;
  };
  getInputDetails(): readonly LiteRtDetails[];
  getOutputDetails(): readonly LiteRtDetails[];
  delete(): void;
}

interface LiteRtDetails {
  readonly name: string;
  readonly shape: Int32Array;
  readonly dtype: TensorFacts["dtype"];
}

/** Throws a `DependencyError` where the package is not installed. */
export async function loadLiteRt(): Promise<LiteRt> {
  try {
    return await import("@litertjs/core");
  } catch (cause) {
    throw missingPeer("@litertjs/core", cause);
  }
}

/** Lines that LiteRT.js printed as errors: it returns memory that was never written where it cannot run a file, and says so only there. */
const complaints: string[] = [];

/** Throws if LiteRT.js complained since `since`. */
function checkComplaints(since: number): void {
  const found = complaints.splice(since);
  if (found.length > 0) throw new Error(found.map((line) => line.replace(/^ERROR: (\[\S+\] )?/, "")).join("; "));
}

/**
 * Loads the WebAssembly of LiteRT.js from a folder, once for the page or process. Its messages, of which a compilation
 * prints several, go nowhere, except for errors. `files`: where its `.wasm` is, if the script cannot tell where it comes from.
 */
export async function startLiteRt(
  litert: LiteRt,
  folder: string,
  files: string | null = null,
): Promise<LiteRtInstance> {
  const printErr = (line: string) => void (line.startsWith("ERROR") && complaints.push(line));
  const silent = { print() {}, printErr };
  const located = files === null ? {} : { locateFile: (name: string) => new URL(name, files).href };
  Object.assign(globalThis, { Module: { ...silent, ...located } }); // where its loader looks for settings, and which it then clears
  return litert.getGlobalLiteRtPromise() ?? litert.loadLiteRt(folder);
}

let starting: Promise<LiteRtInstance> | null = null;

/** The engine on an instance that `start` makes once, and anew after a failure. Throws what {@link loadLiteRt} and `start` throw. */
export async function openLiteRt(start: (litert: LiteRt) => Promise<LiteRtInstance>): Promise<Engine> {
  const litert = await loadLiteRt();
  starting ??= start(litert);
  try {
    return litertEngine(litert, await starting);
  } catch (error) {
    starting = null;
    throw error;
  }
}

/** LiteRT.js on its CPU kernels (XNNPACK) in WebAssembly. It runs files; a graph runs by way of one. */
export function litertEngine(litert: LiteRt, instance: LiteRtInstance): Engine {
  return {
    name: "LiteRT.js wasm",
    format: "tflite",
    stepFrames: 1,
    integers: true,
    async load(source) {
      const { bytes, subject, step } = fileOf(source);
      const since = complaints.length;
      let model: LiteRtModel | null = null;
      try {
        model = await instance.loadAndCompile(bytes, { accelerator: "wasm" });
        checkComplaints(since);
        return executableOf(litert, instance, model, { step, subject });
      } catch (cause) {
        model?.delete();
        throw cannotRun(subject, cause);
      }
    },
  };
}

function cannotRun(subject: string, cause: unknown): ModelError {
  return new ModelError({
    code: "E_MODEL_RUNTIME",
    subject,
    problem: `LiteRT.js cannot run it (${cause instanceof Error ? cause.message : String(cause)})`,
    remedy: "Check that the file is complete and uses only built-in operators",
    cause,
  });
}

function fileOf(source: Loadable): { bytes: Uint8Array; subject: string; step: StepInterface | null } {
  if ("file" in source) return { bytes: source.file, subject: source.subject, step: null };
  const { graph, weights } = source;
  if (graph.states.length > 0 && graph.frames !== 1) {
    throw new ModelError({
      code: "E_MODEL_EXPORT",
      subject: graph.name,
      problem: `a TFLite file takes one frame per step, not ${graph.frames}`,
      remedy: "Load the one-frame step and call it for each frame",
    });
  }
  const isQuantized = Object.keys(graph.types ?? {}).length > 0; // and lowered before that
  const lowered = isQuantized ? graph : lowerGraph(graph);
  return { bytes: emitGraph(lowered, weights), subject: graph.name, step: emittedInterface(lowered) };
}

/** The first signature of a compiled file. */
function executableOf(
  litert: LiteRt,
  { liteRtWasm }: LiteRtInstance,
  model: LiteRtModel,
  { step, subject }: { readonly step: StepInterface | null; readonly subject: string },
): Executable {
  const facts = (details: readonly LiteRtDetails[]): readonly TensorFacts[] =>
    details.map(({ name, shape, dtype }) => ({ name, shape: [...shape], dtype }));
  const inputs = facts(model.getInputDetails());
  const outputs = facts(model.getOutputDetails());
  const inputOf = new Map(inputs.map((input) => [input.name, input]));
  let loaded = true;
  return {
    step,
    inputs,
    outputs,
    layout: "channelsLast",
    streams: 1,
    upload(name, data, instead) {
      if (instead) {
        (instead as HeldBuffer).write(data);
        return instead;
      }
      const input = inputOf.get(name) as TensorFacts;
      const { liteRtTensorBuffer } = new litert.Tensor(data, [...input.shape]);
      return new HeldBuffer(liteRtWasm, liteRtTensorBuffer, input);
    },
    async run(given) {
      const buffers = given.map((tensor) => (tensor as HeldBuffer).buffer);
      const since = complaints.length;
      const results = await model.liteRtCompiledModel.run(0, buffers);
      try {
        checkComplaints(since);
      } catch (cause) {
        throw cannotRun(subject, cause);
      }
      return results.map((buffer, i) => new HeldBuffer(liteRtWasm, buffer, outputs[i] as TensorFacts));
    },
    add: (sum, growth) => (sum as HeldBuffer).add(growth as HeldBuffer),
    async dispose() {
      if (loaded) model.delete();
      loaded = false;
    },
  };
}

class HeldBuffer implements DeviceTensor {
  readonly buffer: LiteRtBuffer;
  readonly #wasm: LiteRtInstance["liteRtWasm"];
  readonly #bytes: number;
  readonly #whole: boolean;

  constructor(wasm: LiteRtInstance["liteRtWasm"], buffer: LiteRtBuffer, { shape, dtype }: TensorFacts) {
    this.buffer = buffer;
    this.#wasm = wasm;
    this.#bytes = 4 * elementsOf(shape);
    this.#whole = dtype === "int32";
  }

  add(growth: HeldBuffer): void {
    const { READ, WRITE } = this.#wasm.LiteRtTensorBufferLockMode;
    const [to, from] = [this.buffer.lock(WRITE), growth.buffer.lock(READ)];
    const memory = this.#wasm.HEAPU8.buffer;
    const sum = new Float32Array(memory, to, this.#bytes / 4);
    const summand = new Float32Array(memory, from, this.#bytes / 4);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (summand[i] as number);
    this.buffer.unlock();
    growth.buffer.unlock();
  }

  async read(): Promise<Float32Array | Int32Array> {
    const at = this.buffer.lock(this.#wasm.LiteRtTensorBufferLockMode.READ);
    const { buffer } = this.#wasm.HEAPU8.slice(at, at + this.#bytes);
    this.buffer.unlock();
    return this.#whole ? new Int32Array(buffer) : new Float32Array(buffer);
  }

  write({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): void {
    if (byteLength !== this.#bytes) throw new Error(`internal: ${byteLength} bytes for a tensor of ${this.#bytes}`);
    const at = this.buffer.lock(this.#wasm.LiteRtTensorBufferLockMode.WRITE);
    this.#wasm.HEAPU8.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    this.buffer.unlock();
  }

  dispose(): void {
    this.buffer.delete();
  }
}
