import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compileFunction } from "node:vm";
import { requireHere, resolvePeer } from "../../common/modules.node.ts";
import type { Engine } from "../engine.ts";
import { openLiteRt, startLiteRt } from "./litert.ts";

/**
 * LiteRT.js on WebAssembly, which runs in Node as in browsers. What its loader expects of a browser is emulated while
 * it loads: running a script, and a GPU that is not available.
 */
export async function litertEngine(): Promise<Engine> {
  return openLiteRt((litert) => {
    const folder = join(dirname(resolvePeer("@litertjs/core")), "../wasm");
    return withBrowserGlobals(() => startLiteRt(litert, folder));
  });
}

async function withBrowserGlobals<T>(work: () => Promise<T>): Promise<T> {
  const adapter = { limits: {}, features: new Set(), requestDevice: async () => null };
  const globals: readonly [object, string, unknown][] = [
    [globalThis, "self", globalThis],
    [globalThis, "importScripts", runScript],
    [navigator, "gpu", { requestAdapter: async () => adapter }],
  ];
  const lacking = globals.filter(([owner, name]) => !(name in owner));
  for (const [owner, name, value] of lacking) Object.defineProperty(owner, name, { value, configurable: true });
  try {
    return await work();
  } finally {
    for (const [owner, name] of lacking) Reflect.deleteProperty(owner, name);
    for (const name of ["Module", "ModuleFactory"]) Reflect.deleteProperty(globalThis, name);
  }
}

/** Runs the package's script, which supports Node's CommonJS, and stores its factory where the package looks for it. */
function runScript(path: string): void {
  const module = { exports: {} };
  const names = ["module", "exports", "require", "__filename", "__dirname"];
  const script = compileFunction(readFileSync(path, "utf8"), names, { filename: path });
  script(module, module.exports, requireHere, path, dirname(path));
  Object.assign(globalThis, { ModuleFactory: module.exports });
}
