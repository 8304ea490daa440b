import { importPeer } from "../../common/errors.ts";
import { TfliteBackend } from "./backend.ts";
import { litertRuntime, startLiteRt } from "./litert.ts";

export interface LitertOptions {
  /** URL of the folder that holds the package's `.js` and `.wasm` files (`node_modules/@litertjs/core/wasm`). */
  readonly wasmPaths: string;
}

/** LiteRT.js on WebAssembly: in a page, or in a worker that is no module (its loader adds a script). */
export async function litertBackend({ wasmPaths }: LitertOptions): Promise<TfliteBackend> {
  const litert = await importPeer("@litertjs/core", () => import("@litertjs/core"));
  return new TfliteBackend(litertRuntime(litert, await startLiteRt(litert, wasmPaths)));
}
