/// <reference lib="dom" />
import type { Engine } from "../engine.ts";
import { openLiteRt, startLiteRt } from "./litert.ts";

export interface LitertOptions {
  /** URL of the folder that holds the package's `.js` and `.wasm` files (`node_modules/@litertjs/core/wasm`). */
  readonly wasmPaths: string;
}

/** LiteRT.js on WebAssembly, in a page or a worker. */
export async function litertEngine({ wasmPaths }: LitertOptions): Promise<Engine> {
  return openLiteRt((litert) => {
    const folder = new URL(wasmPaths, typeof document === "undefined" ? location.href : document.baseURI).href;
    return mayRunScripts() ? startLiteRt(litert, folder) : fromModules(() => startLiteRt(litert, folder, folder));
  });
}

declare const importScripts: undefined | (() => void);

/** Not in a module worker, which has the function and refuses it. */
function mayRunScripts(): boolean {
  if (typeof document !== "undefined") return true;
  try {
    importScripts?.();
    return true;
  } catch {
    return false;
  }
}

/** The package's loader runs a script that leaves its factory in a global variable; here that imports the script as a module. */
async function fromModules<T>(work: () => Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(globalThis, "importScripts") ?? { configurable: true };
  const value = (url: string) => Object.assign(globalThis, { ModuleFactory: factoryAt(url) });
  Object.defineProperty(globalThis, "importScripts", { value, configurable: true, writable: true });
  try {
    return await work();
  } finally {
    Object.defineProperty(globalThis, "importScripts", own);
  }
}

/** As a module, the script gives its factory to a global `define`, as AMD has it. */
const factoryAt = (url: string) => async (settings: unknown) => {
  let factory: (settings: unknown) => unknown = () => null;
  const take = (_: unknown, give: () => typeof factory) => {
    factory = give();
  };
  Object.assign(globalThis, { define: Object.assign(take, { amd: true }) });
  await import(/* @vite-ignore */ /* webpackIgnore: true */ url).finally(() =>
    Reflect.deleteProperty(globalThis, "define"),
  );
  return factory(settings);
};
