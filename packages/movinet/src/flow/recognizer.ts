import { Turns } from "../common/turns.ts";
import type { Card, InputSize } from "../model/card.ts";
import type { SessionSource } from "../session/program.ts";
import type { StreamSession, StreamState } from "../session/stream-session.ts";
import type { Frame, Picture } from "../video/frame.ts";
import { checkFps, checkFramesOptions, checkPicture, checkTop } from "./check-input.ts";
import { classifyFrames } from "./classify.ts";
import type { ClassifyOptions, FrameResult } from "./frame-result.ts";
import { type Prediction, probabilities, topK } from "./predict.ts";
import { preprocess } from "./preprocess.ts";
import type { EngineReport } from "./start.ts";

/** The model's answer after a frame, with labels. */
export interface Classification extends FrameResult {
  /** The most likely classes given every frame so far, best first. */
  readonly predictions: readonly Prediction[];
}

export interface ActionStreamOptions {
  /** Number of predictions per result, at least 1. Default 5. */
  readonly top?: number | undefined;
  /**
   * Half-life of frames, in seconds: without it, the answer for an endless stream covers everything it ever saw.
   * Default: none.
   */
  readonly halfLifeSeconds?: number | undefined;
}

/** The answer of a stream after a frame. */
export interface StreamResult {
  /** The most likely classes given every frame so far, best first. */
  readonly predictions: readonly Prediction[];
  /** Probability of each class. */
  readonly scores: Float32Array;
}

/** Opened frames. */
export interface OpenedFrames {
  readonly frames: AsyncIterable<Frame> & Partial<AsyncDisposable>;
  /** Whether all frames are already available, so nobody waits for each result. */
  readonly isFile: boolean;
}

/** Turns a source into frames at this rate, in frames per second. */
export type OpenFrames<Source> = (
  source: Source,
  options: { readonly fps: number; readonly size: InputSize; readonly signal: AbortSignal | undefined },
) => OpenedFrames;

/** Pixels of what a stream is given: a picture as it is, or an image of the platform, scaled to `size`. */
export type ReadPicture<Image> = (image: Picture | Image, size: InputSize) => Picture;

/**
 * A model ready to classify. `Source` is what it accepts besides your own frames: in Node the path or URL of a video,
 * in a browser a file (`File` or `Blob`) or a `<video>`. `Image` is what its streams accept besides pixels: in a browser any image it can show.
 */
export class Recognizer<Source = never, Image = never> implements AsyncDisposable {
  /** The model's metadata: name, class names, frame rate, input size, accuracy. */
  readonly card: Card;
  /** Caveats about its answers, one line each. */
  readonly warnings: readonly string[];
  /** The engine that runs it, and in browsers how the engines did that were tried. */
  readonly engine: EngineReport;
  readonly #program: SessionSource & AsyncDisposable;
  readonly #openFrames: OpenFrames<Source>;
  readonly #readPicture: ReadPicture<Image>;
  readonly #turns: Turns;

  constructor(
    program: SessionSource & AsyncDisposable,
    engine: EngineReport,
    warnings: readonly string[],
    openFrames: OpenFrames<Source>,
    readPicture: ReadPicture<Image> = (picture) => picture as Picture,
  ) {
    this.card = program.model.card;
    this.engine = engine;
    this.warnings = warnings;
    this.#program = program;
    this.#openFrames = openFrames;
    this.#readPicture = readPicture;
    this.#turns = new Turns(this, "recognizer", this.card.name);
  }

  /**
   * Classifies a video frame by frame: a stream model gives a result after every frame, a base model after every
   * window. The video is opened at the first `next()` and closed at the end, on `break`, on errors and when `signal`
   * aborts (which throws the signal's reason). Throws what opening the video throws, and {@link SessionError} after
   * disposal.
   */
  async *classify(
    source: Source | AsyncIterable<Frame>,
    { fps = this.card.fps, top = 5, fit = this.card.input.fit, recent, answers, signal }: ClassifyOptions = {},
  ): AsyncGenerator<Classification, void> {
    this.#turns.check();
    signal?.throwIfAborted();
    checkTop(top);
    checkFps(fps);
    checkFramesOptions({ fit, recent, answers });
    const own = isFrames(source) ? null : this.#openFrames(source, { fps, size: { ...this.card.input, fit }, signal });
    const frames = own?.frames ?? (source as AsyncIterable<Frame>);
    const video = own && { [Symbol.asyncDispose]: async () => own.frames[Symbol.asyncDispose]?.() };
    if (video) this.#turns.adopt(video);
    const when = answers ?? (own?.isFile ? "grouped" : "each");
    try {
      for await (const result of classifyFrames(frames, this.#program, { recent, answers: when, fit, signal })) {
        yield { ...result, predictions: topK(result.scores, this.card.labels, top) };
      }
    } finally {
      await video?.[Symbol.asyncDispose]();
    }
  }

  /**
   * Starts a stream: pass frames one at a time, for example from a camera, at about the model's frame rate
   * (`card.fps`). Throws `TypeError` for a base model.
   */
  async stream({ top = 5, halfLifeSeconds }: ActionStreamOptions = {}): Promise<ActionStream<Image>> {
    this.#turns.check();
    checkTop(top);
    const options = halfLifeSeconds === undefined ? {} : { halfLifeFrames: halfLifeSeconds * this.card.fps };
    const session = await this.#program.openStream(options);
    return this.#turns.adopt(new ActionStream(session, this.card, top, this.#readPicture));
  }

  /** Frees the network and ends its streams; `await using` does so at the end of a block. */
  close(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => this.#program[Symbol.asyncDispose]());
  }
}

/** A live stream of frames through a model. Calls run in the order they were made. */
export class ActionStream<Image = never> implements AsyncDisposable {
  readonly #session: StreamSession;
  readonly #card: Card;
  readonly #top: number;
  readonly #readPicture: ReadPicture<Image>;

  constructor(session: StreamSession, card: Card, top: number, readPicture: ReadPicture<Image>) {
    this.#session = session;
    this.#card = card;
    this.#top = top;
    this.#readPicture = readPicture;
  }

  /**
   * Takes the next frame: RGB pixels, or in a browser a `<video>`, a canvas, an `ImageBitmap` or a `VideoFrame`, which is read
   * before this returns. Throws `TypeError` if it is invalid, `SessionError` (`E_SESSION_DISPOSED`) after disposal.
   */
  async step(image: Picture | Image): Promise<StreamResult> {
    const { input, output, labels } = this.#card;
    const picture = this.#readPicture(image, input);
    checkPicture(picture);
    const { logits } = await this.#session.step(preprocess(picture, input));
    const scores = probabilities(logits, output);
    return { scores, predictions: topK(scores, labels, this.#top) };
  }

  /** Starts a new stream: the next frame is its first. */
  reset(): Promise<void> {
    return this.#session.reset();
  }

  /** The state of the stream, as plain data to store or send. */
  snapshot(): Promise<StreamState> {
    return this.#session.snapshot();
  }

  /**
   * Continues from a snapshot, bit for bit. Throws {@link ModelError} (`E_MODEL_STATE`) if it belongs to another
   * model.
   */
  restore(state: StreamState): Promise<void> {
    return this.#session.restore(state);
  }

  /** Ends the stream; `await using` does so at the end of a block. */
  close(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

function isFrames<Source>(source: Source | AsyncIterable<Frame>): source is AsyncIterable<Frame> {
  return typeof source === "object" && source !== null && Symbol.asyncIterator in source;
}
