/** The library on Node: everything of `index.ts`, video files, model files, ONNX Runtime and LiteRT.js. */

export { bytesOf as bytesOfPath, type ReadOptions, readUserFile } from "./common/read.node.ts";
export { nameOfSource, shownSource } from "./common/urls.ts";
export { findOutput, makeFolder, type OutputFile, writeError, writeWhole } from "./common/write.node.ts";
export { litertEngine } from "./engines/litert/litert.node.ts";
export { type NodeEngineOptions, nodeEngine } from "./engines/onnxruntime/onnx.node.ts";
export { type OpenOptions, open, type VideoSource } from "./flow/open.node.ts";
export * from "./index.ts";
export { renderPlot } from "./plot/plot.node.ts";
export { WorkerProgram } from "./session/worker-program.node.ts";
export { type LeftOut, leftOutText } from "./video/left-out.ts";
export { expandSources, type FoundSources } from "./video/sources.node.ts";
export { Decoders, openVideo, type Video, type VideoOptions } from "./video/video.node.ts";
export { readLabels } from "./zoo/label-files.node.ts";
export {
  cacheFolder,
  defaultModelName,
  findModel,
  type ModelOptions,
  openModel,
  readModelFile,
} from "./zoo/lookup.node.ts";
