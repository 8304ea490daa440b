import type { Engine } from "../../../src/engines/engine.ts";
import { nodeCrew } from "../../../src/engines/wasm/inference/crew.node.ts";
import { kernelModules, threadedModules, wasmEngine } from "../../../src/engines/wasm/inference/engine.ts";

const { relaxed, simd } = kernelModules;

/** Our WebAssembly with each of its modules. */
export const wasmEngines: Readonly<Record<string, () => Promise<Engine>>> = {
  "WebAssembly with relaxed SIMD": () => wasmEngine({ relaxed }),
  "WebAssembly with SIMD alone": () => wasmEngine({ simd }),
};

/** Our WebAssembly with two threads. */
export const threadedEngine = (): Promise<Engine> => wasmEngine(threadedModules, nodeCrew(2));
