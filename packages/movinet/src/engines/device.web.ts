import { MovinetError } from "../common/errors.ts";
import type { Engine } from "./engine.ts";

export interface EngineOptions {
  /** Default `auto`. */
  readonly device?: string | undefined;
  /** For `onnxruntime` and `litert`: URL of the folder with the `.wasm` files of their packages. */
  readonly wasmPaths?: string | undefined;
}

/**
 * The engine of a device: `auto` or `wasm` (our own), `onnxruntime`, `litert` or `reference`. Throws {@link MovinetError}:
 * `E_DEPENDENCY_MISSING`, `E_DEVICE_UNKNOWN`, `E_DEVICE_UNAVAILABLE`; `TypeError` for `wasmPaths` of a device that fetches no files.
 */
export async function openEngine({ device = "auto", wasmPaths }: EngineOptions = {}): Promise<Engine> {
  const folder = wasmPaths?.replace(/\/?$/, "/");
  if (folder !== undefined && withoutFiles.has(device)) {
    throw new TypeError(`wasmPaths works only with onnxruntime and litert: ${device} loads no files`);
  }
  // A page loads the code of the engine that it opens, and of no other.
  if (device === "onnxruntime") {
    const { webEngine } = await import("./onnxruntime/onnx.web.ts");
    return webEngine(folder === undefined ? {} : { wasmPaths: folder });
  }
  if (device === "litert") {
    const { litertEngine } = await import("./litert/litert.web.ts");
    return litertEngine({ wasmPaths: folder ?? "/" });
  }
  if (device === "auto" || device === "wasm") return ownEngine();
  if (device === "reference") return (await import("./reference.ts")).referenceEngine;
  throw new MovinetError({
    code: "E_DEVICE_UNKNOWN",
    subject: device,
    problem: "this device does not exist in browsers",
    remedy: "Use one of: auto, wasm, onnxruntime, litert, reference",
  });
}

const withoutFiles: ReadonlySet<string> = new Set(["auto", "wasm", "reference"]);

async function ownEngine(): Promise<Engine> {
  const { wasmEngine } = await import("./wasm/inference/engine.ts");
  try {
    return await wasmEngine();
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) throw cause;
    throw new MovinetError({
      code: "E_DEVICE_UNAVAILABLE",
      subject: "wasm",
      problem: `the page forbids WebAssembly (${cause.message})`,
      remedy: "Add 'wasm-unsafe-eval' to script-src in its Content-Security-Policy",
      cause,
    });
  }
}
