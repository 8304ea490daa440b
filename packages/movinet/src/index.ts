/** What runs everywhere: no Node and no browser types. The entries for a platform add what only exists there. */

export { type ClassifyFramesOptions, classifyFrames, type FrameResult, type Recent } from "./classify.ts";
export {
  DatasetError,
  DependencyError,
  type ErrorDetails,
  ModelError,
  MovinetError,
  SessionError,
  VideoError,
} from "./errors.ts";
export { buildGraph, type CallOptions } from "./model/arch/build.ts";
export {
  isSpecName,
  type Mode,
  nameOf,
  type Spec,
  type SpecName,
  type SpecOptions,
  specNames,
  specOf,
} from "./model/arch/spec.ts";
export { type Variant, type VariantName, variants } from "./model/arch/variants.ts";
export { type Card, type CardFit, defaultCard, type Fit, type InputSize, type LearnedClips } from "./model/card.ts";
export {
  emitOnnx,
  type OnnxForm,
  type OnnxOptions,
  type OnnxPrecision,
  onnxForms,
  onnxPrecisions,
} from "./model/emit/onnx/file.ts";
export { emitTflite, type TfliteForm, type TfliteOptions, type TflitePrecision } from "./model/emit/tflite/emit.ts";
export { tfliteForms, tflitePrecisions } from "./model/emit/tflite/lower.ts";
export type { ModelFormat } from "./model/file-kind.ts";
export type { Graph, Node, State } from "./model/graph/ir.ts";
export { lowerForInference } from "./model/graph/passes.ts";
export { type Layer, layersOf, renderGraph } from "./model/graph/print.ts";
export { stateBytes, stateDtype, stateShape } from "./model/graph/states.ts";
export type { Tensor, Weights } from "./model/graph/tensor.ts";
export { dataSetsOf, labelsNamed } from "./model/known-labels.ts";
export { type Model, type ReadModel, readModel, writeModel } from "./model/model.ts";
export { randomWeights } from "./model/weights/random.ts";
export { percentile, percentileByRank } from "./percentile.ts";
export { bounded, listed, printable, printableLines } from "./printable.ts";
export { percentText } from "./run/display/plot-data.ts";
export { createPlotRecorder } from "./run/display/plot-recorder.ts";
export type { Plot } from "./run/display/plot-spec.ts";
export { renderSubtitles, type SubtitleFormat } from "./run/display/subtitles.ts";
export {
  formatBytes,
  formatDuration,
  type ResultSummary,
  renderResult,
  renderSegments,
  renderTimings,
  type TimingSummary,
} from "./run/display/table.ts";
export { fitText } from "./run/display/text.ts";
export { doubtAboutChanges, doubtAboutFrames } from "./run/predict/doubts.ts";
export { type Prediction, probabilities, topK } from "./run/predict/predict.ts";
export { preprocess } from "./run/preprocess/preprocess.ts";
export { type Segment, Segmenter } from "./run/segment/segmenter.ts";
export type { Backend, DeviceTensor, Executable } from "./run/session/backend.ts";
export type { ClipSession } from "./run/session/clip-session.ts";
export { Program, type SessionModel, type SessionSource } from "./run/session/program.ts";
export { referenceBackend } from "./run/session/reference.ts";
export type {
  RecentSession,
  StateTensor,
  StreamOptions,
  StreamSession,
  StreamState,
} from "./run/session/stream-session.ts";
export type { TfliteBackend } from "./run/session/tflite/backend.ts";
export type { TfliteProgram } from "./run/session/tflite/program.ts";
export type { Frame } from "./run/video/frame.ts";
