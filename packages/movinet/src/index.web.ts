/** The library in a browser: everything of `index.ts`, and ONNX Runtime on WebAssembly. */
export * from "./index.ts";
export { webBackend } from "./run/session/onnx.web.ts";
