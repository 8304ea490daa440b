/** The library on Node: everything of `index.ts`, video files, model files, ONNX Runtime and LiteRT.js. */
export { type Classification, type ClassifyOptions, classify } from "./classify.node.ts";
export * from "./index.ts";
export { readLabels } from "./model/label-files.node.ts";
export {
  cacheFolder,
  defaultModelName,
  findModel,
  type ModelOptions,
  type OpenedModel,
  openModel,
  readModelFile,
} from "./model/store.node.ts";
export { type ReadOptions, readUserFile } from "./read.node.ts";
export { renderPlot } from "./run/display/plot.node.ts";
export { type NodeBackendOptions, nodeBackend, nodeOnnxFile } from "./run/session/onnx.node.ts";
export type { OnnxFile } from "./run/session/onnx-file.ts";
export { litertBackend } from "./run/session/tflite/litert.node.ts";
export { WorkerProgram } from "./run/session/worker-program.node.ts";
export { type LeftOut, leftOutText } from "./run/video/left-out.ts";
export { expandSources, type FoundSources } from "./run/video/sources.node.ts";
export { Decoders, openVideo, type Video, type VideoOptions } from "./run/video/video.node.ts";
export { nameOfSource, shownSource } from "./urls.ts";
export { findOutput, makeFolder, type OutputFile, writeError, writeWhole } from "./write.node.ts";
