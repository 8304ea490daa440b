/** The library in a browser: everything of `index.ts`, and ONNX Runtime and LiteRT.js on WebAssembly. */

export { type LitertOptions, litertEngine } from "./engines/litert/litert.web.ts";
export { webEngine } from "./engines/onnxruntime/onnx.web.ts";
export { type OpenOptions, open } from "./flow/open.web.ts";
export * from "./index.ts";
