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

/** What the model says after a frame, named. */
export interface Classification extends FrameResult {
  /** The likeliest classes given every frame so far, best first. */
  readonly predictions: readonly Prediction[];
}

export interface ActionStreamOptions {
  /** How many predictions each result names, at least 1. Default 5. */
  readonly top?: number | undefined;
  /** Seconds after which a picture counts half: without, a stream that never ends speaks of all that it ever saw. Default: none. */
  readonly halfLifeSeconds?: number | undefined;
}

/** What a stream says after a picture. */
export interface StreamResult {
  /** The likeliest classes given every picture so far, best first. */
  readonly predictions: readonly Prediction[];
  /** Probability of each class. */
  readonly scores: Float32Array;
}

/** Frames that were opened. */
export interface OpenedFrames {
  readonly frames: AsyncIterable<Frame> & Partial<AsyncDisposable>;
  /** Whether all of them are there already, so that nobody waits for a result of each. */
  readonly isFile: boolean;
}

/** Opens what is not frames yet, at so many frames a second. */
export type OpenFrames<Source> = (
  source: Source,
  options: { readonly fps: number; readonly size: InputSize; readonly signal: AbortSignal | undefined },
) => OpenedFrames;

/** Pixels of what a stream is given: a picture as it is, or an image of the platform, scaled to `size`. */
export type ReadPicture<Image> = (image: Picture | Image, size: InputSize) => Picture;

/**
 * A model that names actions, ready to run. `Source` is what it can look at beside frames of your own: in Node the path or
 * the URL of a video, in a browser a `<video>`. `Image` is what its streams take beside pixels: in a browser what it shows.
 */
export class Recognizer<Source = never, Image = never> implements AsyncDisposable {
  /** What is known of the model: its name, class names, frame rate, input size, accuracy. */
  readonly card: Card;
  /** What is to be known before its answers are trusted, each in one line. */
  readonly warnings: readonly string[];
  readonly #program: SessionSource & AsyncDisposable;
  readonly #openFrames: OpenFrames<Source>;
  readonly #readPicture: ReadPicture<Image>;
  readonly #turns: Turns;

  constructor(
    program: SessionSource & AsyncDisposable,
    warnings: readonly string[],
    openFrames: OpenFrames<Source>,
    readPicture: ReadPicture<Image> = (picture) => picture as Picture,
  ) {
    this.card = program.model.card;
    this.warnings = warnings;
    this.#program = program;
    this.#openFrames = openFrames;
    this.#readPicture = readPicture;
    this.#turns = new Turns(this, "recognizer", this.card.name);
  }

  /**
   * Names the action in a video, frame by frame: a stream model answers after every frame, a model of whole clips after every
   * window. The video is opened at the first `next()` and freed at the end, on `break`, on an error and when `signal` aborts
   * (which throws the signal's reason). Throws what opening the video throws, and `SessionError` after disposal.
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
   * Begins a stream: pictures one by one, as a camera gives them, at about the model's frame rate (`card.fps`). Throws
   * `TypeError` for a model of whole clips.
   */
  async stream({ top = 5, halfLifeSeconds }: ActionStreamOptions = {}): Promise<ActionStream<Image>> {
    this.#turns.check();
    checkTop(top);
    const options = halfLifeSeconds === undefined ? {} : { halfLifeFrames: halfLifeSeconds * this.card.fps };
    const session = await this.#program.openStream(options);
    return this.#turns.adopt(new ActionStream(session, this.card, top, this.#readPicture));
  }

  /** Frees the network, and ends the streams that it opened; `await using` does it at the end of a block. */
  close(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => this.#program[Symbol.asyncDispose]());
  }
}

/** A camera's pictures through a model. Calls are carried out in the order in which they were made. */
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
   * Takes the next picture: RGB pixels, or in a browser a `<video>`, a canvas, an `ImageBitmap` or a `VideoFrame`, which is read
   * before this returns. Throws `TypeError` for what is none, `SessionError` (`E_SESSION_DISPOSED`) after disposal.
   */
  async step(image: Picture | Image): Promise<StreamResult> {
    const { input, output, labels } = this.#card;
    const picture = this.#readPicture(image, input);
    checkPicture(picture);
    const { logits } = await this.#session.step(preprocess(picture, input));
    const scores = probabilities(logits, output);
    return { scores, predictions: topK(scores, labels, this.#top) };
  }

  /** Begins anew: the next picture is the first. */
  reset(): Promise<void> {
    return this.#session.reset();
  }

  /** What the stream remembers, as plain data that may be stored or sent. */
  snapshot(): Promise<StreamState> {
    return this.#session.snapshot();
  }

  /** Goes on from a snapshot, bit-equal. Throws `ModelError` (`E_MODEL_STATE`) for one of another model. */
  restore(state: StreamState): Promise<void> {
    return this.#session.restore(state);
  }

  /** Ends the stream; `await using` does it at the end of a block. */
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
