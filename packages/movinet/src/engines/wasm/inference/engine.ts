import { MovinetError } from "../../../common/errors.ts";
import { requireFloats } from "../../../graph/ir.ts";
import { resolveParams } from "../../../graph/params.ts";
import type { Weights } from "../../../graph/tensor.ts";
import type { Engine } from "../../engine.ts";
import { Blocks } from "./block.ts";
import { executableOf } from "./executable.ts";
import { lowerForCalls } from "./plan.ts";
import { type StartCrew, Store } from "./store.ts";

/** The modules of the kernels, the faster first: with relaxed SIMD, and with plain SIMD alone. */
export const kernelModules = {
  relaxed: async () => (await import("./kernels-relaxed.ts")).kernels,
  simd: async () => (await import("./kernels-simd.ts")).kernels,
} as const;

/** The module for several threads. */
export const threadedModules = {
  threads: async () => (await import("./kernels-threads.ts")).kernels,
} as const;

/**
 * Our own WebAssembly, one thread. Of `modules` the first that this machine takes is used. Throws {@link MovinetError}:
 * `E_DEVICE_UNAVAILABLE` where it takes none.
 */
export async function wasmEngine(
  modules: Readonly<Record<string, () => Promise<string>>> = kernelModules,
  crew: StartCrew | null = null,
): Promise<Engine> {
  const [name, kernels] = await compileKernels(modules);
  const programs = new WeakMap<Weights, { readonly store: Store; readonly blocks: Blocks; users: number }>();
  return {
    name: `wasm ${name}`,
    format: null,
    stepFrames: Number.POSITIVE_INFINITY,
    async load(source) {
      if (!("graph" in source)) throw new TypeError("the WebAssembly engine runs graphs, not files");
      const { weights } = source;
      requireFloats(source.graph, "the WebAssembly engine");
      const graph = lowerForCalls(source.graph);
      let program = programs.get(weights);
      if (!program) {
        const store = new Store(kernels, crew);
        program = { store, blocks: new Blocks(store), users: 0 };
        programs.set(weights, program);
      }
      const own = program;
      own.users++;
      const release = () => {
        own.users--;
        if (own.users > 0) return;
        programs.delete(weights);
        own.store.close();
      };
      try {
        await own.store.ready();
        return executableOf(graph, own.store, own.blocks, resolveParams(graph, weights), release);
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

async function compileKernels(modules: Readonly<Record<string, () => Promise<string>>>) {
  for (const [name, read] of Object.entries(modules)) {
    const bytes = Uint8Array.from(atob(await read()), (char) => char.charCodeAt(0));
    if (WebAssembly.validate(bytes)) return [name, await WebAssembly.compile(bytes)] as const;
  }
  throw new MovinetError({
    code: "E_DEVICE_UNAVAILABLE",
    subject: "wasm",
    problem: "this browser or runtime has no WebAssembly with SIMD",
    remedy: "Use Chrome 91, Firefox 89, Safari 16.4, Node 16 or newer",
  });
}
