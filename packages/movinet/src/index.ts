/** What runs everywhere: no Node and no browser types. The entries for a platform add what only exists there. */

export { buildGraph, type CallOptions } from "./arch/build.ts";
export { randomWeights } from "./arch/random-weights.ts";
export {
  isSpecName,
  type Mode,
  nameOf,
  type Spec,
  type SpecName,
  type SpecOptions,
  specNames,
  specOf,
} from "./arch/spec.ts";
export { type Variant, type VariantName, variants } from "./arch/variants.ts";
export {
  DatasetError,
  DependencyError,
  type ErrorDetails,
  ModelError,
  MovinetError,
  SessionError,
  TrainError,
  VideoError,
} from "./common/errors.ts";
export { reportLeaks } from "./common/leaks.ts";
export { percentile, percentileByRank } from "./common/percentile.ts";
export { bounded, formatBytes, listed, printable, printableLines } from "./common/printable.ts";
export type { DeviceTensor, Engine, Executable } from "./engines/engine.ts";
export { referenceEngine } from "./engines/reference.ts";
export { classifyFrames, type FrameResult, type FramesOptions, type Recent } from "./flow/classify.ts";
export { doubtAboutChanges, doubtAboutFrames } from "./flow/doubts.ts";
export { type Prediction, percentText, probabilities, topK } from "./flow/predict.ts";
export { preprocess } from "./flow/preprocess.ts";
export {
  ActionStream,
  type Classification,
  type ClassifyOptions,
  type Picture,
  Recognizer,
  type StreamResult,
} from "./flow/recognizer.ts";
export { type Segment, Segmenter } from "./flow/segmenter.ts";
export { renderSubtitles, type SubtitleFormat } from "./flow/subtitles.ts";
export type { ModelFormat } from "./formats/file-kind.ts";
export { type ReadModel, readModel, writeModel } from "./formats/model-file.ts";
export {
  emitOnnx,
  type OnnxForm,
  type OnnxOptions,
  type OnnxPrecision,
  onnxForms,
  onnxPrecisions,
} from "./formats/onnx/write/file.ts";
export { emitTflite, type TfliteForm, type TfliteOptions } from "./formats/tflite/write/emit.ts";
export { type TflitePrecision, tfliteForms, tflitePrecisions } from "./formats/tflite/write/lower.ts";
export type { Graph, Node, State } from "./graph/ir.ts";
export { lowerForInference } from "./graph/passes.ts";
export { type Layer, layersOf, renderGraph } from "./graph/print.ts";
export { stateBytes, stateDtype, stateShape } from "./graph/states.ts";
export type { Tensor, Weights } from "./graph/tensor.ts";
export { type Card, type CardFit, defaultCard, type Fit, type InputSize, type LearnedClips } from "./model/card.ts";
export type { Model } from "./model/model.ts";
export { createPlotRecorder } from "./plot/plot-data.ts";
export type { Plot } from "./plot/plot-spec.ts";
export { cutText, isWide, widthOf } from "./plot/text.ts";
export type { ClipSession } from "./session/clip-session.ts";
export { Program, type SessionSource } from "./session/program.ts";
export type {
  StateTensor,
  StepOutputs,
  StreamOptions,
  StreamSession,
  StreamState,
} from "./session/stream-session.ts";
export type { Frame } from "./video/frame.ts";
export { dataSetsOf, labelsNamed } from "./zoo/known-labels.ts";
export type { OpenedModel } from "./zoo/labelled.ts";
