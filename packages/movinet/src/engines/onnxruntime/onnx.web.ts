/// <reference lib="dom" />
import { missingPeer } from "../../common/errors.ts";
import type { Engine } from "../engine.ts";
import { bindingRuntime } from "./binding.ts";
import { onnxEngine } from "./onnx.ts";

/** ONNX Runtime's web package on WebAssembly. `wasmPaths` is the URL of the folder with its `.wasm` files. */
export async function webEngine(options: { readonly wasmPaths?: string } = {}): Promise<Engine> {
  const ort = await loadOnnxRuntime();
  if (options.wasmPaths !== undefined) ort.env.wasm.wasmPaths = wholeUrl(options.wasmPaths);
  const session = { executionProviders: ["wasm"], graphOptimizationLevel: "all" } as const;
  return onnxEngine("onnxruntime-web wasm", bindingRuntime(ort, session), false);
}

async function loadOnnxRuntime() {
  try {
    return await import("onnxruntime-web/wasm");
  } catch (cause) {
    throw missingPeer("onnxruntime-web", cause);
  }
}

/**
 * ONNX Runtime imports a script from there; Vite's dev server would take an address without a host for a module of the
 * program.
 */
function wholeUrl(folder: string): string {
  return new URL(folder, typeof document === "undefined" ? location.href : document.baseURI).href;
}
