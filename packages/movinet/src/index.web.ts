/** The library in a browser: everything of `index.ts`, and ONNX Runtime and LiteRT.js on WebAssembly. */
export * from "./index.ts";
export { webBackend } from "./run/session/onnx.web.ts";
export { type LitertOptions, litertBackend } from "./run/session/tflite/litert.web.ts";
