import { MovinetError } from "../../../common/errors.ts";
import { requireFloats } from "../../../graph/ir.ts";
import { resolveParams } from "../../../graph/params.ts";
import type { Weights } from "../../../graph/tensor.ts";
import type { Engine } from "../../engine.ts";
import { Blocks } from "./block.ts";
import type { StartCrew } from "./crew.ts";
import { executableOf } from "./executable.ts";
import { type KernelModules, kernelModules } from "./modules.ts";
import { lowerForCalls } from "./plan.ts";
import { Store } from "./store.ts";

/**
 * Our own WebAssembly, on one thread or with a crew. Of `modules` the first that this machine takes is used. Throws {@link MovinetError}:
 * `E_DEVICE_UNAVAILABLE` where it takes none.
 */
export async function wasmEngine(
  modules: KernelModules = kernelModules,
  crew: StartCrew | null = null,
): Promise<Engine> {
  const compiled = await compileKernels(modules);
  if (!compiled) throw withoutSimd(crew !== null);
  const [name, kernels] = compiled;
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

async function compileKernels(modules: KernelModules) {
  // Browsers in lockdown, and Node with --jitless, have none at all.
  if (typeof WebAssembly === "undefined") return null;
  for (const [name, read] of Object.entries(modules)) {
    const text = atob(await read());
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    if (WebAssembly.validate(bytes)) return [name, await WebAssembly.compile(bytes)] as const;
  }
  return null;
}

function withoutSimd(threaded: boolean): MovinetError {
  return new MovinetError({
    code: "E_DEVICE_UNAVAILABLE",
    subject: "wasm",
    problem: `this browser or runtime has no WebAssembly with ${threaded ? "relaxed SIMD and threads" : "SIMD"}`,
    remedy: threaded
      ? "Leave out threads, or use Chrome 114, Node 22 or newer"
      : "Use Chrome 91, Firefox 89, Safari 16.4, Node 16 or newer",
  });
}
