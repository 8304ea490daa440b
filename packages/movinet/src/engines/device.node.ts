import type { Engine } from "./engine.ts";
import { litertEngine } from "./litert/litert.node.ts";
import { nodeEngine } from "./onnxruntime/onnx.node.ts";
import { referenceEngine } from "./reference.ts";
import { wasmEngine } from "./wasm/inference/engine.ts";

export interface EngineOptions {
  /** Default `auto`. */
  readonly device?: string | undefined;
  /** Threads of one run, for ONNX Runtime. Default: the machine's cores, at most 4. */
  readonly threads?: number | undefined;
  /** For browsers, where it names the folder of the engine's `.wasm` files; Node finds them by itself. */
  readonly wasmPaths?: string | undefined;
}

/** Engines that have a device of their own, a row each. */
const own: Readonly<Record<string, () => Promise<Engine>>> = {
  litert: litertEngine,
  reference: async () => referenceEngine,
  wasm: wasmEngine,
};

/**
 * The engine of a device: `auto` or `cpu`, another execution provider of ONNX Runtime (`cuda`, `coreml`, `dml`, `webgpu`, …),
 * `litert`, `wasm` (our own) or `reference`. Throws {@link MovinetError}: `E_DEPENDENCY_MISSING`, `E_DEVICE_UNKNOWN`, `E_DEVICE_UNAVAILABLE`.
 */
export async function openEngine({ device = "auto", threads }: EngineOptions = {}): Promise<Engine> {
  const open = Object.hasOwn(own, device) ? own[device] : undefined;
  return open ? open() : nodeEngine({ device: device === "auto" ? "cpu" : device, threads });
}
