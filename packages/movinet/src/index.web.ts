/** The library in a browser: everything of `index.ts`, and ONNX Runtime and LiteRT.js on WebAssembly. */

export { type LitertOptions, litertBackend } from "./engines/litert/litert.web.ts";
export { webBackend } from "./engines/onnxruntime/onnx.web.ts";
export * from "./index.ts";
