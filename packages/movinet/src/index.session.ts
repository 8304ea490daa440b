/**
 * Engines and sessions, for programs that run networks step by step: the platform-independent part of
 * `movinet/session`.
 */

export { reportLeaks } from "./common/leaks.ts";
export type { Engine } from "./engines/engine.ts";
export { classifyFrames } from "./flow/classify.ts";
export { doubtAboutChanges, doubtAboutFrames } from "./flow/doubts.ts";
export { probe } from "./flow/engine-receipt.ts";
export type { FrameResult } from "./flow/frame-result.ts";
export { percentText, probabilities, topK } from "./flow/predict.ts";
export { preprocess } from "./flow/preprocess.ts";
export type { ClipSession } from "./session/clip-session.ts";
export { Program, type SessionSource } from "./session/program.ts";
export type { StreamOptions, StreamSession } from "./session/stream-session.ts";
