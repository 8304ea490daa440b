import type { Engine } from "../../../src/engines/engine.ts";
import { kernelModules, wasmEngine } from "../../../src/engines/wasm/inference/engine.ts";

const { relaxed, simd } = kernelModules;

/** Our WebAssembly with each of its modules. */
export const wasmEngines: Readonly<Record<string, () => Promise<Engine>>> = {
  "WebAssembly with relaxed SIMD": () => wasmEngine({ relaxed }),
  "WebAssembly with SIMD alone": () => wasmEngine({ simd }),
};
