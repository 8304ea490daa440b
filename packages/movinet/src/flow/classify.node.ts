import { fileURLToPath } from "node:url";
import { type NodeEngineOptions, nodeEngine } from "../engines/onnxruntime/onnx.node.ts";
import type { Model, SessionModel } from "../model/model.ts";
import { Program, type SessionSource } from "../session/program.ts";
import type { Frame } from "../video/frame.ts";
import { openVideo, Video } from "../video/video.node.ts";
import { openModel } from "../zoo/lookup.node.ts";
import { type ClassifyFramesOptions, classifyFrames, type FrameResult } from "./classify.ts";
import { type Prediction, topK } from "./predict.ts";

export interface ClassifyOptions extends NodeEngineOptions, ClassifyFramesOptions {
  /**
   * The model: a file or a name, as {@link openModel} takes it; a model that was read already; or a compiled program, in
   * this thread or in a worker thread, which is left open. Default: `a0-stream` of the cache folder.
   */
  readonly model?: string | Model | SessionSource | undefined;
  /** Frames a second at which a video is looked at. Default: the model's rate. Frames of your own come as they are. */
  readonly fps?: number | undefined;
  /** How many predictions each result names, at least 1. Default 5. */
  readonly top?: number | undefined;
}

/** What the model says after a frame, named. */
export interface Classification extends FrameResult {
  /** The likeliest classes given every frame so far, best first. */
  readonly predictions: readonly Prediction[];
}

/**
 * Names the action in a video, frame by frame: `source` is a file, an http(s) URL, `-` for standard input, or frames of
 * your own. Everything that it opens, it opens at the first `next()` and frees at the end, on `break`, on an error and
 * when `signal` aborts (which throws the signal's reason).
 *
 * Throws what {@link openVideo}, {@link openModel} and {@link nodeEngine} throw, and `TypeError` for a `device` or
 * `threads` beside a compiled program.
 */
export async function* classify(
  source: string | URL | AsyncIterable<Frame>,
  { model, fps, top = 5, device, threads, recent = false, fit, signal }: ClassifyOptions = {},
): AsyncGenerator<Classification, void> {
  const given = isProgram(model) ? model : null;
  if (given && (device !== undefined || threads !== undefined)) {
    throw new TypeError("device and threads belong to compiling: the program that was given has them already");
  }
  const read = isProgram(model) ? null : typeof model === "object" ? model : await openModel(model, { signal });
  const { card } = (given?.model ?? read) as SessionModel;
  signal?.throwIfAborted();
  const open = (name: string) =>
    openVideo(name, { fps: fps ?? card.fps, size: { ...card.input, fit: fit ?? card.input.fit }, signal });
  const frames = isFrames(source) ? source : open(nameOf(source));
  let own: Program | null = null;
  try {
    if (!given) own = await Program.compile(read as Model, await nodeEngine({ device, threads }));
    for await (const result of classifyFrames(frames, given ?? (own as Program), { recent, fit, signal })) {
      yield { ...result, predictions: topK(result.scores, card.labels, top) };
    }
  } finally {
    if (frames instanceof Video) await frames[Symbol.asyncDispose]();
    await own?.[Symbol.asyncDispose]();
  }
}

function isProgram(model: ClassifyOptions["model"]): model is SessionSource {
  return typeof model === "object" && "openStream" in model;
}

function isFrames(source: string | URL | AsyncIterable<Frame>): source is AsyncIterable<Frame> {
  return typeof source === "object" && Symbol.asyncIterator in source;
}

function nameOf(source: string | URL): string {
  if (typeof source === "string") return source;
  return source.protocol === "file:" ? fileURLToPath(source) : source.href;
}
