/** The library on Node: everything of `index.ts`, video files, model files, ONNX Runtime and LiteRT.js. */

export { type ReadOptions, readUserFile } from "./common/read.node.ts";
export { nameOfSource, shownSource } from "./common/urls.ts";
export { findOutput, makeFolder, type OutputFile, writeError, writeWhole } from "./common/write.node.ts";
export { litertBackend } from "./engines/litert/litert.node.ts";
export { type NodeBackendOptions, nodeBackend, nodeOnnxFile } from "./engines/onnxruntime/onnx.node.ts";
export type { OnnxFile } from "./engines/onnxruntime/onnx-file.ts";
export { type Classification, type ClassifyOptions, classify } from "./flow/classify.node.ts";
export * from "./index.ts";
export { renderPlot } from "./plot/plot.node.ts";
export { WorkerProgram } from "./session/worker-program.node.ts";
export { type LeftOut, leftOutText } from "./video/left-out.ts";
export { bytesOf as bytesOfPath } from "./video/path-bytes.node.ts";
export { expandSources, type FoundSources } from "./video/sources.node.ts";
export { Decoders, openVideo, type Video, type VideoOptions } from "./video/video.node.ts";
export { readLabels } from "./zoo/label-files.node.ts";
export {
  cacheFolder,
  defaultModelName,
  findModel,
  type ModelOptions,
  type OpenedModel,
  openModel,
  readModelFile,
} from "./zoo/lookup.node.ts";
