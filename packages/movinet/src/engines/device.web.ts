import { MovinetError } from "../common/errors.ts";
import type { Engine } from "./engine.ts";

export interface EngineOptions {
  /** Default `auto`. */
  readonly device?: string | undefined;
  /** URL of the folder with the engine's `.wasm` files. */
  readonly wasmPaths?: string | undefined;
}

/**
 * The engine of a device: `auto` or `onnxruntime`, `litert`, `wasm` (our own) or `reference`. Throws {@link MovinetError}:
 * `E_DEPENDENCY_MISSING`, `E_DEVICE_UNKNOWN`, `E_DEVICE_UNAVAILABLE`.
 */
export async function openEngine({ device = "auto", wasmPaths }: EngineOptions = {}): Promise<Engine> {
  const folder = wasmPaths?.replace(/\/?$/, "/");
  // A page loads the code of the engine that it opens, and of no other.
  if (device === "auto" || device === "onnxruntime") {
    const { webEngine } = await import("./onnxruntime/onnx.web.ts");
    return webEngine(folder === undefined ? {} : { wasmPaths: folder });
  }
  if (device === "litert") {
    const { litertEngine } = await import("./litert/litert.web.ts");
    return litertEngine({ wasmPaths: folder ?? "/" });
  }
  if (device === "wasm") return (await import("./wasm/inference/engine.ts")).wasmEngine();
  if (device === "reference") return (await import("./reference.ts")).referenceEngine;
  throw new MovinetError({
    code: "E_DEVICE_UNKNOWN",
    subject: device,
    problem: "a browser has no such device",
    remedy: "Use one of: auto, onnxruntime, litert, wasm, reference",
  });
}
