/** The main entry without `open`, which the entries for Node and browsers add. */

export {
  DatasetError,
  DependencyError,
  ModelError,
  MovinetError,
  SessionError,
  TrainError,
  VideoError,
} from "./common/errors.ts";
export type { ClassifyOptions } from "./flow/frame-result.ts";
export type { Prediction } from "./flow/predict.ts";
export {
  ActionStream,
  type Classification,
  Recognizer,
  type StreamResult,
} from "./flow/recognizer.ts";
export { type Segment, Segmenter } from "./flow/segmenter.ts";
export { renderSubtitles } from "./flow/subtitles.ts";
export type { Card, Fit } from "./model/card.ts";
export type { Model } from "./model/model.ts";
export type { StreamState } from "./session/stream-session.ts";
export type { Frame, Picture } from "./video/frame.ts";
export type { PullEvent } from "./zoo/pull-event.ts";
