/** The library on Node: everything of `index.ts`, video files, model files, ONNX Runtime and LiteRT.js. */
export { type Classification, type ClassifyOptions, classify } from "./classify.node.ts";
export * from "./index.ts";
export {
  cacheFolder,
  defaultModelName,
  findModel,
  type ModelOptions,
  type OpenedModel,
  openModel,
  readLabels,
} from "./model/store.node.ts";
export { renderPlot } from "./run/display/plot.node.ts";
export { type NodeBackendOptions, nodeBackend, nodeOnnxFile } from "./run/session/onnx.node.ts";
export type { OnnxFile } from "./run/session/onnx-file.ts";
export { litertBackend } from "./run/session/tflite/litert.node.ts";
export { WorkerProgram } from "./run/session/worker-program.node.ts";
export { expandSources } from "./run/video/sources.node.ts";
export { shownSource } from "./run/video/urls.ts";
export { Decoders, openVideo, type Video, type VideoOptions } from "./run/video/video.node.ts";
export { writeError, writeWhole } from "./write.node.ts";
