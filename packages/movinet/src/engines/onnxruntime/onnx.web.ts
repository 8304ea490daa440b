/// <reference lib="dom" />
import { missingPeer } from "../../common/errors.ts";
import type { Engine } from "../engine.ts";
import { bindingRuntime } from "./binding.ts";
import { openGpu } from "./gpu.web.ts";
import { onnxEngine } from "./onnx.ts";

/** ONNX Runtime's web package on WebAssembly. `wasmPaths` is the URL of the folder with its `.wasm` files. */
export async function webEngine(options: { readonly wasmPaths?: string } = {}): Promise<Engine> {
  const ort = await loadOnnxRuntime();
  if (options.wasmPaths !== undefined) ort.env.wasm.wasmPaths = wholeUrl(options.wasmPaths);
  const session = { executionProviders: ["wasm"], graphOptimizationLevel: "all" } as const;
  return onnxEngine("onnxruntime-web wasm", bindingRuntime(ort, session), false);
}

/**
 * ONNX Runtime's web package on WebGPU, with states that stay on the GPU. Throws {@link MovinetError}: `E_DEVICE_UNAVAILABLE` without a
 * GPU; its calls throw `E_DEVICE_LOST` once the GPU is lost.
 */
export async function webgpuEngine(options: { readonly wasmPaths?: string } = {}): Promise<Engine> {
  const { device, guard } = await openGpu();
  const ort = await loadWebgpuRuntime();
  if (options.wasmPaths !== undefined) ort.env.wasm.wasmPaths = wholeUrl(options.wasmPaths);
  const session = {
    executionProviders: [{ name: "webgpu", device }],
    preferredOutputLocation: "gpu-buffer",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  } as const;
  return onnxEngine("onnxruntime-web webgpu", bindingRuntime(ort, session, guard), false);
}

async function loadWebgpuRuntime() {
  try {
    return await import("onnxruntime-web/webgpu");
  } catch (cause) {
    throw missingPeer("onnxruntime-web", cause);
  }
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
