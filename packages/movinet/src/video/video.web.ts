/// <reference lib="dom" />
import { VideoError } from "../common/errors.ts";
import type { InputSize } from "../model/card.ts";
import { foreignContainer } from "./codec-names.ts";
import { Completeness, fewestLost, warningsOf } from "./completeness.ts";
import { lackingBytes } from "./declared-bytes.ts";
import { limits, videoError } from "./failures.ts";
import { PlaneFitter } from "./fit-planes.ts";
import type { Frame } from "./frame.ts";
import { FrameReader, storedSize } from "./frame-planes.web.ts";
import { type DecodedFrames, FrameDecoder } from "./frames.web.ts";
import { displaySize, rotationOf, upright } from "./geometry.ts";
import { GifDecoder } from "./gif.web.ts";
import { type MediaFile, openMediaFile, refuseOthers } from "./media-file.web.ts";
import type { VideoInfo } from "./protocol.ts";
import { createSampler, createStillLimit } from "./sampling.ts";
import { videoElementFrames } from "./video-element.web.ts";

type Seconds = number;

export interface VideoOptions {
  /** Frames per second to sample, above 0. */
  readonly fps: number;
  /** Size of the frames in pixels, and how pictures are fitted to it. Default: the displayed size. */
  readonly size?: InputSize | undefined;
  /** Aborts the video: the iteration then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What decodes a file, and what is known of its video before. */
interface Source {
  readonly frames: DecodedFrames;
  readonly facts: ConstructorParameters<typeof FrameReader>[0];
  readonly container: string;
  readonly codec: string;
  readonly typical: Seconds;
  readonly duration: Seconds | null;
  readonly listed: boolean;
  readonly interlaced: boolean;
  /** Whether the declared duration is that of the frames. */
  readonly isOwn: boolean;
}

const combed = "its frames may be interlaced: a browser does not deinterlace them";

/**
 * Opens a video file in a browser: MP4, QuickTime, Matroska, WebM and MPEG-TS by mediabunny and WebCodecs, GIF by the
 * browser's own decoder, and in a page whatever else a `<video>` plays.
 *
 * Iterating throws {@link DependencyError} if mediabunny is not installed, and {@link VideoError}: `E_VIDEO_CODEC`,
 * `E_VIDEO_UNREADABLE`, `E_VIDEO_PICTURE`, `E_VIDEO_PLAYLIST`, `E_VIDEO_ENCRYPTED`, `E_VIDEO_NO_STREAM`,
 * `E_VIDEO_NO_FRAMES`, `E_VIDEO_SPARSE`, `E_VIDEO_TOO_LARGE`, `E_VIDEO_MEMORY`.
 */
export function openVideo(file: Blob, options: VideoOptions): Video {
  if (!(file instanceof Blob)) throw new TypeError("a video must be a File or a Blob: fetch a URL first");
  const { fps } = options;
  if (!(fps > 0 && Number.isFinite(fps))) throw new TypeError(`fps must be above 0, got ${fps}`);
  return new Video(file, options);
}

/** A video being decoded. It can be iterated once; its properties are complete afterwards. */
export class Video implements AsyncIterable<Frame> {
  /** The name of the file, for errors. */
  readonly source: string;
  /** Known from the first frame. */
  info: VideoInfo | null = null;
  /** Frames yielded so far. */
  frames = 0;
  /** Seconds of decoded video; known at the end. */
  duration = 0;
  /** Number of decoded frames; known at the end. */
  pictures = 0;
  /** What was wrong with the file although it yielded frames; known at the end. */
  warnings: readonly string[] = [];
  readonly #file: Blob;
  readonly #options: VideoOptions;
  #begun = false;

  constructor(file: Blob, options: VideoOptions) {
    this.source = file instanceof File && file.name !== "" ? file.name : "the file";
    this.#file = file;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void> {
    if (this.#begun) throw new TypeError("a video can be iterated only once: open it again");
    this.#begun = true;
    const { signal } = this.#options;
    signal?.throwIfAborted();
    await refuseOthers(this.#file, this.source);
    if (await isGif(this.#file)) {
      yield* this.#sampled(gifSource(this.#file, this.source), () => {});
      return;
    }
    const media = await openMediaFile(this.#file, this.source);
    const why = await refusalOf(this.#file, this.source, media);
    if (why !== null || media === null || media.config === null) {
      media?.close();
      yield* this.#played(why as VideoError);
      return;
    }
    const source = mediaSource(media, media.config, this.source, signal);
    yield* this.#sampled(source, () => media.close());
  }

  async *#sampled(source: Source, close: () => void): AsyncGenerator<Frame, void> {
    const { fps } = this.#options;
    const sampler = createSampler(fps);
    const mayStay = createStillLimit(fps);
    const completeness = new Completeness(source.typical, source.listed);
    let fitter: PlaneFitter | null = null;
    let reader: FrameReader | null = null;
    let held: VideoFrame | null = null;
    let origin: Seconds | null = null;
    let unseenStart: Seconds = 0;
    let end: Seconds = 0;
    const size = () =>
      this.#options.size ?? { width: this.info?.width ?? 0, height: this.info?.height ?? 0, fit: "squash" as const };

    const framesOf = async function* (
      this: Video,
      picture: VideoFrame | null,
      times: number,
    ): AsyncGenerator<Frame, void> {
      if (times === 0 || picture === null) return;
      if (!mayStay(times)) throw videoError(this.source, "sparse");
      const { width, height } = size();
      const own = fitter ?? (await PlaneFitter.open(size()));
      fitter = own;
      reader ??= new FrameReader(source.facts, (bytes) => own.reserve(bytes));
      const data = own.fit(await reader.read(picture));
      for (let i = 0; i < times; i++) yield { data, width, height, timestamp: this.frames++ / fps };
    };
    try {
      for await (const { frame, shown } of source.frames.frames()) {
        const before: VideoFrame | null = held;
        held = frame;
        try {
          const { time, duration, lost, lostFrom } = shown;
          if (origin === null) {
            origin = time;
            unseenStart = lost >= fewestLost ? time - lostFrom : 0;
            this.info = infoOf(source, frame);
            for (const { width, height } of [storedSize(frame), size()])
              if (width * height > limits.pixels) throw videoError(this.source, "tooLarge", `${width} × ${height}`);
          }
          this.pictures++;
          completeness.add(shown);
          yield* framesOf.call(this, before, sampler.next(time));
          end = time + duration;
        } finally {
          before?.close();
        }
      }
      if (origin === null) throw videoError(this.source, "noFrames", source.frames.complaint ?? "it has none");
      yield* framesOf.call(this, held, sampler.end());
    } finally {
      (held as VideoFrame | null)?.close();
      close();
    }
    const zero = origin;
    this.duration = end - zero;
    const head = new DataView(await this.#file.slice(0, 1 << 16).arrayBuffer());
    const warnings = warningsOf({
      troubles: { ...source.frames.troubles, flawed: 0, rootless: 0 },
      holes: completeness.holes(source.frames.unseen).map(({ from, to }) => ({ from: from - zero, to: to - zero })),
      unseenStart,
      end: end - zero,
      declared:
        source.isOwn && source.duration !== null
          ? { end: source.duration - zero, reached: end - zero, exact: false }
          : null,
      shortfall: lackingBytes(head, this.#file.size),
      readError: source.frames.readError,
      wanted: null,
      assumedRate: null,
      joined: false,
    });
    this.warnings = source.interlaced ? [combed, ...warnings] : warnings;
  }

  /** The frames by way of a `<video>`; without a page, or if it cannot play them either, throws `why`. */
  async *#played(why: VideoError): AsyncGenerator<Frame, void> {
    if (typeof document === "undefined") throw why;
    const video = document.createElement("video");
    video.muted = true;
    video.src = URL.createObjectURL(this.#file);
    try {
      const { fps, size = await sizeOf(video), signal } = this.#options;
      for await (const frame of videoElementFrames(video, { fps, size, signal })) {
        this.info ??= {
          width: video.videoWidth,
          height: video.videoHeight,
          rotation: 0,
          container: "",
          codec: "",
          duration: video.duration,
        };
        this.frames++;
        this.pictures++;
        yield frame;
      }
      this.duration = video.duration;
      this.warnings = ["the browser's own player decoded it, which does not report damaged or missing frames"];
    } catch (error) {
      const isPlayers = error instanceof VideoError && /^E_VIDEO_(UNREADABLE|NO_STREAM)$/.test(error.code);
      throw isPlayers && this.frames === 0 ? why : error;
    } finally {
      URL.revokeObjectURL(video.src);
      video.removeAttribute("src");
      video.load();
    }
  }
}

async function isGif(file: Blob): Promise<boolean> {
  return /^GIF8[79]a/.test(await file.slice(0, 6).text());
}

/** Why WebCodecs cannot decode a file, or null if it can. */
async function refusalOf(file: Blob, name: string, media: MediaFile | null): Promise<VideoError | null> {
  if (media === null) {
    const foreign = foreignContainer(new Uint8Array(await file.slice(0, 4096).arrayBuffer()));
    if (foreign === null) return videoError(name, "foreign", "unknown format");
    const { container, codec } = foreign;
    return codec === null
      ? videoError(name, "foreign", container)
      : videoError(name, "codec", `${codec} in ${container}`);
  }
  if (typeof VideoDecoder === "undefined") return videoError(name, "webcodecs", media.codec);
  if (media.config === null) return videoError(name, "codec", media.codec);
  const answer = await VideoDecoder.isConfigSupported(media.config).catch(() => null);
  return answer?.supported ? null : videoError(name, "codec", media.codec);
}

function mediaSource(
  media: MediaFile,
  config: VideoDecoderConfig,
  name: string,
  signal: AbortSignal | undefined,
): Source {
  const { container, codec, typical, duration, listed, interlaced, pixelAspect, orientation, leftChroma, colours } =
    media;
  return {
    frames: new FrameDecoder(media, config, signal),
    facts: { name, pixelAspect, orientation, colours, leftChroma },
    container,
    codec,
    typical,
    duration,
    listed,
    interlaced,
    isOwn: listed || !media.hasSound,
  };
}

function gifSource(file: Blob, name: string): Source {
  if (typeof ImageDecoder === "undefined") throw videoError(name, "webcodecs", "GIF");
  return {
    frames: new GifDecoder(file),
    facts: { name, pixelAspect: 1, orientation: upright, colours: {}, leftChroma: false },
    container: "GIF",
    codec: "GIF",
    typical: 0.1,
    duration: null,
    listed: false,
    interlaced: false,
    isOwn: false,
  };
}

function infoOf({ facts, container, codec, duration }: Source, frame: VideoFrame): VideoInfo {
  const { pixelAspect, orientation } = facts;
  const shown = displaySize(storedSize(frame), pixelAspect, orientation);
  return { ...shown, rotation: rotationOf(orientation), container, codec, duration };
}

/** The size at which a `<video>` shows its pictures. */
async function sizeOf(video: HTMLVideoElement): Promise<InputSize> {
  await new Promise((resolve) => {
    video.onloadeddata = resolve;
    video.onerror = resolve;
  });
  return { width: video.videoWidth || 1, height: video.videoHeight || 1, fit: "squash" };
}
