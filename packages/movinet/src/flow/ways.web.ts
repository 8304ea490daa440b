/// <reference lib="dom" />
import { checkEngineOptions, type EngineOptions, openEngine, ownEngine } from "../engines/device.web.ts";
import { kernelModules } from "../engines/wasm/inference/modules.ts";
import type { Way, Ways } from "./start.ts";

/** Our WebAssembly with the kernels that the browser runs fastest, and the plain ones. */
const own: readonly Way[] = [
  { device: "wasm", open: () => ownEngine() },
  { device: "wasm", open: () => ownEngine(1, { simd: kernelModules.simd }) },
];

/**
 * The engines to try for a device. `auto` is our WebAssembly; if the page serves ONNX Runtime's files (`wasmPaths`) and the browser has a
 * GPU, it is whichever of both steps faster. Throws `TypeError` for options that the device does not take.
 */
export async function waysFor(options: EngineOptions): Promise<Ways> {
  const { device = "auto", threads = 1, wasmPaths } = options;
  checkEngineOptions(options);
  const [fast] = own as [Way];
  const named: Way = { device, open: () => openEngine(options) };
  if (device === "wasm") return { ways: threads > 1 ? [named] : own, choose: "first", trusted: null };
  if (device !== "auto") return { ways: [named], choose: "first", trusted: fast };
  const mine = threads > 1 ? [{ device: "wasm", open: () => ownEngine(threads) }, ...own] : own;
  if (wasmPaths === undefined || !(await isGpuThere())) return { ways: mine, choose: "first", trusted: null };
  const gpu: Way = { device: "webgpu", open: () => openEngine({ device: "webgpu", wasmPaths }) };
  return { ways: [mine[0] as Way, gpu], choose: "fastest", trusted: fast };
}

async function isGpuThere(): Promise<boolean> {
  return (await import("../engines/onnxruntime/gpu.web.ts")).hasGpu();
}
