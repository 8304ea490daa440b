/// <reference lib="dom" />
import { MovinetError } from "../common/errors.ts";
import type { Engine } from "./engine.ts";
import { checkThreads, mostWasmThreads } from "./threads.ts";
import { type KernelModules, kernelModules, threadedModules } from "./wasm/inference/modules.ts";

export interface EngineOptions {
  /** Default `auto`. */
  readonly device?: string | undefined;
  /** Threads of one run, for `auto` and `wasm` in pages that are cross-origin isolated, at most 64. Default 1. */
  readonly threads?: number | undefined;
  /** For `webgpu`, `onnxruntime` and `litert`: URL of the folder with the `.wasm` files of their packages. */
  readonly wasmPaths?: string | undefined;
}

/**
 * The engine of a device: `auto` or `wasm` (our own), `webgpu` or `onnxruntime` (ONNX Runtime on the GPU or on WebAssembly), `litert` or
 * `reference`. It has not proved itself: `open` of the main entry sees to that, and lets `auto` choose. Throws {@link MovinetError}:
 * `E_DEPENDENCY_MISSING`, `E_DEVICE_UNKNOWN`, `E_DEVICE_UNAVAILABLE`; `TypeError` for `wasmPaths` of a device that fetches no files, and
 * for `threads` of one that takes none.
 */
export async function openEngine({ device = "auto", threads, wasmPaths }: EngineOptions = {}): Promise<Engine> {
  checkEngineOptions({ device, threads, wasmPaths });
  const folder = wasmPaths?.replace(/\/?$/, "/");
  // A page loads the code of the engine that it opens, and of no other.
  if (device === "webgpu") {
    const { webgpuEngine } = await import("./onnxruntime/onnx.web.ts");
    return webgpuEngine(folder === undefined ? {} : { wasmPaths: folder });
  }
  if (device === "onnxruntime") {
    const { webEngine } = await import("./onnxruntime/onnx.web.ts");
    return webEngine(folder === undefined ? {} : { wasmPaths: folder });
  }
  if (device === "litert") {
    const { litertEngine } = await import("./litert/litert.web.ts");
    return litertEngine({ wasmPaths: folder ?? "/" });
  }
  if (device === "auto" || device === "wasm") return ownEngine(threads);
  if (device === "reference") return (await import("./reference.ts")).referenceEngine;
  throw new MovinetError({
    code: "E_DEVICE_UNKNOWN",
    subject: device,
    problem: "this device does not exist in browsers",
    remedy: "Use one of: auto, wasm, webgpu, onnxruntime, litert, reference",
  });
}

const withoutFiles: ReadonlySet<string> = new Set(["wasm", "reference"]);
const withoutThreads: ReadonlySet<string> = new Set(["webgpu", "onnxruntime", "litert", "reference"]);

/** Throws `TypeError`. */
export function checkEngineOptions({ device = "auto", threads, wasmPaths }: EngineOptions): void {
  if (threads !== undefined) checkThreads(threads, mostWasmThreads);
  if (wasmPaths !== undefined && withoutFiles.has(device)) {
    throw new TypeError(`wasmPaths works only with webgpu, onnxruntime and litert: ${device} loads no files`);
  }
  if (threads !== undefined && withoutThreads.has(device)) {
    throw new TypeError(`threads is for wasm: the number of threads of ${device} cannot be chosen`);
  }
}

/** Our own WebAssembly. `modules` are the kernels to choose from; default: the fastest that the browser has. */
export async function ownEngine(
  threads = 1,
  modules: KernelModules = threads > 1 ? threadedModules : kernelModules,
): Promise<Engine> {
  if (threads > 1 && !globalThis.crossOriginIsolated) throw notIsolated();
  // At once, so that a page waits for its files once.
  const [{ wasmEngine }, crew] = await Promise.all([
    import("./wasm/inference/engine.ts"),
    threads > 1 ? import("./wasm/inference/crew.web.ts") : null,
    Object.values(modules)[0]?.(),
  ]);
  try {
    return await wasmEngine(modules, crew?.webCrew(threads));
  } catch (cause) {
    // By its name: a browser may have no WebAssembly at all.
    if (!(cause instanceof Error && cause.name === "CompileError")) throw cause;
    throw new MovinetError({
      code: "E_DEVICE_UNAVAILABLE",
      subject: "wasm",
      problem: `the page forbids WebAssembly (${cause.message})`,
      remedy: "Add 'wasm-unsafe-eval' to script-src in its Content-Security-Policy",
      cause,
    });
  }
}

function notIsolated(): MovinetError {
  return new MovinetError({
    code: "E_DEVICE_UNAVAILABLE",
    subject: "threads",
    problem: "the page is not cross-origin isolated, so threads cannot share memory",
    remedy:
      "Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or leave out threads",
  });
}
