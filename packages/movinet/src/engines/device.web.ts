import { MovinetError } from "../common/errors.ts";
import type { Engine } from "./engine.ts";
import { litertEngine } from "./litert/litert.web.ts";
import { webEngine } from "./onnxruntime/onnx.web.ts";
import { referenceEngine } from "./reference.ts";
import { wasmEngine } from "./wasm/inference/engine.ts";

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
  if (device === "auto" || device === "onnxruntime") {
    return webEngine(folder === undefined ? {} : { wasmPaths: folder });
  }
  if (device === "litert") return litertEngine({ wasmPaths: folder ?? "/" });
  if (device === "wasm") return wasmEngine();
  if (device === "reference") return referenceEngine;
  throw new MovinetError({
    code: "E_DEVICE_UNKNOWN",
    subject: device,
    problem: "a browser has no such device",
    remedy: "Use one of: auto, onnxruntime, litert, wasm, reference",
  });
}
