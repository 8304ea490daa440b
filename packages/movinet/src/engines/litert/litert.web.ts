import type { Engine } from "../engine.ts";
import { litertEngine as engineOf, loadLiteRt, startLiteRt } from "./litert.ts";

export interface LitertOptions {
  /** URL of the folder that holds the package's `.js` and `.wasm` files (`node_modules/@litertjs/core/wasm`). */
  readonly wasmPaths: string;
}

/** LiteRT.js on WebAssembly: in a page, or in a worker that is no module (its loader adds a script). */
export async function litertEngine({ wasmPaths }: LitertOptions): Promise<Engine> {
  const litert = await loadLiteRt();
  return engineOf(litert, await startLiteRt(litert, wasmPaths));
}
