import type { Engine } from "../../../src/engines/engine.ts";
import { nodeCrew } from "../../../src/engines/wasm/inference/crew.node.ts";
import { wasmEngine } from "../../../src/engines/wasm/inference/engine.ts";
import { kernelModules, threadedModules } from "../../../src/engines/wasm/inference/modules.ts";

const { relaxed, simd } = kernelModules;

export const relaxedEngine = (): Promise<Engine> => wasmEngine({ relaxed });
export const simdEngine = (): Promise<Engine> => wasmEngine({ simd });

/** Our WebAssembly with each of its modules. */
export const wasmEngines: Readonly<Record<string, () => Promise<Engine>>> = {
  "WebAssembly with relaxed SIMD": relaxedEngine,
  "WebAssembly with SIMD alone": simdEngine,
};

/** Our WebAssembly with two threads. */
export const threadedEngine = (): Promise<Engine> => wasmEngine(threadedModules, nodeCrew(2));
