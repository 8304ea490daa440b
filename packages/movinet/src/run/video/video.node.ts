import { open, stat } from "node:fs/promises";
import { VideoError } from "../../errors.ts";
import type { Fit } from "../../model/card.ts";
import { DecoderProcess } from "./decoder-process.node.ts";
import type { Frame } from "./frame.ts";
import type { DecoderMessage, VideoInfo } from "./protocol.ts";
import { mostStill } from "./sampling.ts";

export interface VideoOptions {
  /** Pictures a second to look at, above 0. */
  readonly fps: number;
  /** Size of the frames in pixels and how pictures are fitted into it. Default: the size at which the video is shown. */
  readonly size?: { readonly width: number; readonly height: number; readonly fit: Fit };
  /** Seconds since the first picture at which the frames begin, and with them their timestamps. Default 0. */
  readonly start?: number;
  /** Seconds since the first picture before which they end. Default: the end of the video. */
  readonly end?: number;
  /** Threads that decode. Default: FFmpeg's choice; 1 costs the least where several videos are decoded at a time. */
  readonly threads?: number;
  /** Ends the video: the iteration then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without a picture after which the source counts as dead. Default 30 000. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 30_000;
/** Videos that one process decodes before another takes its place: its memory grows by some 25 kB with each. */
const mostVideos = 500;

/**
 * Opens a video: a file, an http(s) URL, or `-` for standard input. Decoding begins at once, in a process of its own,
 * and is ended by `break`, by disposal and by the signal. For many videos, {@link Decoders} start fewer processes.
 *
 * Iterating throws {@link VideoError}: `E_VIDEO_NOT_FOUND`, `E_VIDEO_UNREADABLE`, `E_VIDEO_NO_STREAM`,
 * `E_VIDEO_NO_FRAMES`, `E_VIDEO_SPARSE`, `E_VIDEO_NETWORK`, `E_VIDEO_TIMEOUT`, `E_VIDEO_DECODER` (the decoding process died); and
 * {@link DependencyError} where node-av is not installed.
 */
export function openVideo(source: string, options: VideoOptions): Video {
  return new Video(source, checkOptions(options), null);
}

function checkOptions(options: VideoOptions): VideoOptions {
  const { fps, start = 0, end = Infinity } = options;
  if (!(fps > 0 && Number.isFinite(fps))) throw new TypeError(`fps must be above 0, got ${fps}`);
  if (!(start >= 0 && Number.isFinite(start))) throw new TypeError(`start must be 0 or more seconds, got ${start}`);
  if (!(end > start)) throw new TypeError(`end must be after start (${start} s), got ${end}`);
  return options;
}

/**
 * Opens many videos with few decoding processes: one that came to the good end of its video decodes the next. Starting
 * one costs about as much as decoding five seconds of a small video.
 */
export class Decoders implements AsyncDisposable {
  readonly #idle: DecoderProcess[] = [];
  #disposed = false;

  /** Starts a process that waits for the first video, while its user still prepares. */
  warm(): void {
    this.#idle.push(new DecoderProcess(null));
  }

  /** Like the function {@link openVideo}. */
  openVideo(source: string, options: VideoOptions): Video {
    checkOptions(options);
    if (source === "-") return new Video(source, options, null);
    const process = this.#idle.pop() ?? new DecoderProcess(null);
    return new Video(source, options, {
      process,
      giveBack: async () => {
        if (this.#disposed || process.requests >= mostVideos) await process[Symbol.asyncDispose]();
        else this.#idle.push(process);
      },
    });
  }

  /** Ends the processes that wait for a video; those at work end with theirs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#idle.splice(0).map((process) => process[Symbol.asyncDispose]()));
  }
}

/** A process that {@link Decoders} lent. */
interface Loan {
  readonly process: DecoderProcess;
  giveBack(): Promise<void>;
}

/** A video that is being decoded. It can be iterated once; what it turned out to be is known afterwards. */
export class Video implements AsyncIterable<Frame>, AsyncDisposable {
  readonly source: string;
  /** Known from the first frame on. */
  info: VideoInfo | null = null;
  /** Frames given so far. */
  frames = 0;
  /** Seconds of video that were decoded; known at the end. */
  duration = 0;
  /** Pictures that were decoded; known at the end. */
  pictures = 0;
  /** What was wrong with the file although it gave frames; known at the end. */
  warnings: readonly string[] = [];
  /** Time that the decoding process worked; known at the end. */
  decodeMs = 0;
  readonly #options: VideoOptions;
  readonly #process: DecoderProcess;
  readonly #loan: Loan | null;
  #begun = false;
  #ended = false;
  #disposed = false;

  constructor(source: string, options: VideoOptions, loan: Loan | null) {
    this.source = source;
    this.#options = options;
    const { fps, threads = 0, size = null, start: from = 0, end = Infinity } = options;
    const stretch = { start: from, end: Number.isFinite(end) ? end : null };
    const start = { url: urlOf(source), fps, threads, size, stretch };
    this.#loan = loan;
    this.#process = loan?.process ?? new DecoderProcess(start);
    loan?.process.request(start);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void> {
    if (this.#begun) throw new TypeError("a video can be iterated once: open it again");
    this.#begun = true;
    const { signal, timeoutMs = defaultTimeoutMs } = this.#options;
    let late = false;
    const kill = () => this.#process.kill();
    const dog = setTimeout(() => {
      late = true;
      kill();
    }, timeoutMs);
    signal?.addEventListener("abort", kill);
    try {
      signal?.throwIfAborted();
      await this.#checkExists();
      let size = { width: 0, height: 0 };
      while (!this.#ended) {
        const message = await this.#process.next();
        dog.refresh();
        if (message === null) return await this.#died(late);
        if (message.kind === "failure") throw await this.#failure(message);
        if (message.kind === "info") {
          this.info = message.info;
          size = message.size;
        } else if (message.kind === "end") {
          this.#ended = true;
          Object.assign(this, message.end);
        } else {
          this.frames++;
          yield { data: message.data, ...size, timestamp: message.timestamp };
          signal?.throwIfAborted();
        }
      }
    } finally {
      clearTimeout(dog);
      signal?.removeEventListener("abort", kill);
      await this[Symbol.asyncDispose]();
    }
  }

  /** Ends the decoding process, or lends it to the next video where it came to the end of this one. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await (this.#loan && this.#ended ? this.#loan.giveBack() : this.#process[Symbol.asyncDispose]());
  }

  async #checkExists(): Promise<void> {
    if (this.source === "-" || isUrl(this.source)) return;
    const found = await stat(this.source).catch(() => null);
    if (found === null) throw notFound(this.source, "there is no such file");
    if (found.isDirectory()) throw notFound(this.source, "it is a folder");
    if (found.size === 0 && found.isFile())
      throw this.#error("E_VIDEO_UNREADABLE", "the file is empty", "Give a video file");
  }

  async #died(late: boolean): Promise<never> {
    this.#options.signal?.throwIfAborted();
    if (late) {
      const seconds = (this.#options.timeoutMs ?? defaultTimeoutMs) / 1000;
      throw this.#error("E_VIDEO_TIMEOUT", `no picture came for ${seconds} s`, "Check that the source still delivers");
    }
    const how = await this.#process.exited;
    const complaint = this.#process.complaints.at(-1) ?? "";
    throw this.#error(
      "E_VIDEO_DECODER",
      `the decoding process ended unexpectedly (${how}${complaint ? `, ${complaint}` : ""})`,
      "The file is probably damaged; try to convert it first",
    );
  }

  async #failure({ failure, detail }: Extract<DecoderMessage, { kind: "failure" }>): Promise<VideoError> {
    if (failure === "noStream") {
      return this.#error(
        "E_VIDEO_NO_STREAM",
        "it holds no pictures, only sound or data",
        "Give a file with a video stream",
      );
    }
    if (failure === "sparse") {
      const problem = `more than ${mostStill} s of it are pictures that stay for longer than 10 s`;
      return this.#error("E_VIDEO_SPARSE", problem, "Correct its timestamps, or give parts of it with start and end");
    }
    if (isUrl(this.source)) {
      return this.#error(
        "E_VIDEO_NETWORK",
        `the URL cannot be read (${detail})`,
        "Check the address and the connection",
      );
    }
    if (failure === "noFrames") {
      return this.#error(
        "E_VIDEO_NO_FRAMES",
        `no picture of it can be decoded (${detail})`,
        "Convert it first, or give another file",
      );
    }
    await this.#process.finish();
    if (this.#process.complaints.some((line) => line.includes("moov atom not found")) && (await isMp4(this.source))) {
      const problem = "the file was cut off before its index (the moov atom)";
      return this.#error("E_VIDEO_UNREADABLE", problem, "Download or copy it again");
    }
    return this.#error("E_VIDEO_UNREADABLE", `this is no video that FFmpeg can read (${detail})`, "Give a video file");
  }

  #error(code: string, problem: string, remedy: string): VideoError {
    return new VideoError({ code, subject: this.source, problem, remedy });
  }
}

function notFound(source: string, problem: string): VideoError {
  return new VideoError({
    code: "E_VIDEO_NOT_FOUND",
    subject: source,
    problem,
    remedy: "Give a video file, a folder of them, or a URL",
  });
}

/** Whether a file begins like an MP4: FFmpeg takes its word for it from the name alone. */
async function isMp4(source: string): Promise<boolean> {
  if (source === "-") return true;
  const file = await open(source);
  try {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return ["ftyp", "moov", "mdat", "free", "skip", "wide"].includes(buffer.toString("latin1", 4, 8));
  } finally {
    await file.close();
  }
}

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** What the decoder opens: `file:` keeps FFmpeg from taking a name with a colon for a protocol. */
function urlOf(source: string): string {
  return source === "-" || isUrl(source) ? source : `file:${source}`;
}
