import { DependencyError, MovinetError } from "../common/errors.ts";
import type { Model } from "../model/model.ts";
import type { Engine } from "./engine.ts";
import { litertEngine } from "./litert/litert.node.ts";
import { nodeEngine, onnxDevices } from "./onnxruntime/onnx.node.ts";
import { referenceEngine } from "./reference.ts";
import { checkThreads, mostWasmThreads } from "./threads.ts";
import { nodeCrew } from "./wasm/inference/crew.node.ts";
import { wasmEngine } from "./wasm/inference/engine.ts";
import { threadedModules } from "./wasm/inference/modules.ts";

export interface EngineOptions {
  /** The model that it will run. For a quantized one, `auto` is LiteRT.js, which has its integers; without it, or with a device of floats, `warnings` say so. */
  readonly model?: Pick<Model, "integers" | "spec"> | undefined;
  /** Default `auto`. */
  readonly device?: string | undefined;
  /** Threads per run. Default: the number of cores, at most 4, for ONNX Runtime; one, of at most 64, for `wasm`. `litert` and `reference` run on one. */
  readonly threads?: number | undefined;
  /** Compute in the background, so that the event loop stays free. ONNX Runtime's CPU kernels only. Default false. */
  readonly background?: boolean | undefined;
  /** For `onnxruntime` and `litert` in browsers, where it names the folder of their `.wasm` files; Node finds them by itself. */
  readonly wasmPaths?: string | undefined;
}

async function openWasm(threads: number): Promise<Engine> {
  checkThreads(threads, mostWasmThreads);
  return threads > 1 ? wasmEngine(threadedModules, nodeCrew(threads)) : wasmEngine();
}

/** Engines that have a device of their own, a row each. */
const own: Readonly<Record<string, (threads: number) => Promise<Engine>>> = {
  litert: litertEngine,
  reference: async () => referenceEngine,
  wasm: openWasm,
};

/**
 * The engine of a device: `auto` (LiteRT.js for a quantized `model`, else ONNX Runtime's CPU kernels; where `onnxruntime-node` is not installed or does not load, our
 * WebAssembly, with a warning), `cpu` or another execution provider of ONNX Runtime (`cuda`, `coreml`, `dml`, `webgpu`, …),
 * `litert`, `wasm` (our own) or `reference`. Throws {@link MovinetError}: `E_DEPENDENCY_MISSING`, `E_DEVICE_UNKNOWN`, `E_DEVICE_UNAVAILABLE`;
 * `TypeError` for `background` or `threads` of a device that has no such choice.
 */
export async function openEngine({ model, ...options }: EngineOptions = {}): Promise<Engine> {
  if (model?.integers === undefined || model.spec.mode !== "stream") return openFor(options);
  const { device = "auto", threads = 1, background } = options;
  if (device !== "auto") return saidOfFloats(await openFor(options), "device litert runs its integers");
  checkThreads(threads);
  try {
    const engine = await litertEngine();
    const ignored = threads > 1 ? `on one thread, not on ${threads}` : background ? "in this thread" : null;
    return ignored === null
      ? engine
      : { ...engine, warnings: [`running on ${engine.name}, which computes ${ignored}`] };
  } catch (cause) {
    if (!(cause instanceof DependencyError)) throw cause;
    const { subject, problem, remedy } = cause;
    return saidOfFloats(await openFor(options), `${subject} runs its integers (${problem}). ${remedy}`);
  }
}

/** An engine, and a warning if it runs the floats of a quantized model. */
function saidOfFloats(engine: Engine, instead: string): Engine {
  if (engine.integers) return engine;
  const warning = `running the dequantized float32 weights of an int8 model on ${engine.name}: ${instead}`;
  return { ...engine, warnings: [...(engine.warnings ?? []), warning] };
}

async function openFor({ device = "auto", threads, background }: Omit<EngineOptions, "model">): Promise<Engine> {
  if (background && device !== "auto" && device !== "cpu") {
    throw new TypeError(`background works only with the cpu device, not with ${device}`);
  }
  if (threads !== undefined) checkThreads(threads);
  if (threads !== undefined && threads > 1 && withOneThread.has(device)) {
    throw new TypeError(`threads works only with ONNX Runtime and wasm: ${device} runs on one thread`);
  }
  if (device === "auto") return autoEngine({ threads, background });
  const open = Object.hasOwn(own, device) ? own[device] : undefined;
  if (open) return open(threads ?? 1);
  const known = onnxDevicesFor(device);
  if (!known.includes(device)) {
    throw new MovinetError({
      code: "E_DEVICE_UNKNOWN",
      subject: device,
      problem: "unknown device",
      remedy: `Use one of: auto, ${[...known, ...Object.keys(own)].join(", ")}`,
    });
  }
  return nodeEngine({ device, threads, background });
}

/** Throws {@link DependencyError} where ONNX Runtime is missing; the error lists the devices that work without it. */
function onnxDevicesFor(device: string): readonly string[] {
  try {
    return onnxDevices();
  } catch (cause) {
    if (device === "cpu" || !(cause instanceof DependencyError)) throw cause;
    throw new DependencyError({
      code: "E_DEPENDENCY_MISSING",
      subject: device,
      problem: `this device, if it exists, needs ${cause.subject} (${cause.problem})`,
      remedy: `${cause.remedy}, or use one of: auto, ${Object.keys(own).join(", ")}`,
      cause,
    });
  }
}

const withOneThread: ReadonlySet<string> = new Set(["litert", "reference"]);

async function autoEngine(options: Pick<EngineOptions, "threads" | "background">): Promise<Engine> {
  try {
    return await nodeEngine(options);
  } catch (cause) {
    if (!(cause instanceof DependencyError)) throw cause;
    const { subject, problem, remedy } = cause;
    const where = options.background ? ", and not in the background" : "";
    const warning = `running on the built-in WebAssembly engine${where}, which is slower than ${subject} (${problem}). ${remedy}`;
    return { ...(await openWasm(options.threads ?? 1)), warnings: [warning] };
  }
}
