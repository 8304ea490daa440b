import { importPeer } from "../../common/errors.ts";
import type { Backend } from "../engine.ts";
import { onnxBackend } from "./onnx.ts";

/** ONNX Runtime's web package on WebAssembly. `wasmPaths` is the URL of the folder that holds its `.wasm` files. */
export async function webBackend(options: { readonly wasmPaths?: string } = {}): Promise<Backend> {
  const ort = await importPeer("onnxruntime-web", () => import("onnxruntime-web/wasm"));
  if (options.wasmPaths !== undefined) ort.env.wasm.wasmPaths = options.wasmPaths;
  const session = { executionProviders: ["wasm"], graphOptimizationLevel: "all" } as const;
  return onnxBackend("onnxruntime-web wasm", ort, session, false);
}
