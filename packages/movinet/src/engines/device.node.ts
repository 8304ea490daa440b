import type { Engine } from "./engine.ts";
import { litertEngine } from "./litert/litert.node.ts";
import { nodeEngine } from "./onnxruntime/onnx.node.ts";
import { referenceEngine } from "./reference.ts";
import { nodeCrew } from "./wasm/inference/crew.node.ts";
import { threadedModules, wasmEngine } from "./wasm/inference/engine.ts";

export interface EngineOptions {
  /** Default `auto`. */
  readonly device?: string | undefined;
  /** Threads of one run. Default: for ONNX Runtime the machine's cores, at most 4; for `wasm` one. */
  readonly threads?: number | undefined;
  /** Compute in the background, so that the event loop stays free. ONNX Runtime's CPU kernels only. Default false. */
  readonly background?: boolean | undefined;
  /** For browsers, where it names the folder of the engine's `.wasm` files; Node finds them by itself. */
  readonly wasmPaths?: string | undefined;
}

/** Engines that have a device of their own, a row each. */
const own: Readonly<Record<string, (threads: number) => Promise<Engine>>> = {
  litert: litertEngine,
  reference: async () => referenceEngine,
  wasm: (threads) => (threads > 1 ? wasmEngine(threadedModules, nodeCrew(threads)) : wasmEngine()),
};

/**
 * The engine of a device: `auto` or `cpu`, another execution provider of ONNX Runtime (`cuda`, `coreml`, `dml`, `webgpu`, …),
 * `litert`, `wasm` (our own) or `reference`. Throws {@link MovinetError}: `E_DEPENDENCY_MISSING`, `E_DEVICE_UNKNOWN`, `E_DEVICE_UNAVAILABLE`.
 */
export async function openEngine({ device = "auto", threads, background }: EngineOptions = {}): Promise<Engine> {
  if (background && device !== "auto" && device !== "cpu") {
    throw new TypeError(`background is for the cpu, not for ${device}`);
  }
  const open = Object.hasOwn(own, device) ? own[device] : undefined;
  return open ? open(threads ?? 1) : nodeEngine({ device: device === "auto" ? "cpu" : device, threads, background });
}
