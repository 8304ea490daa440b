import { fileURLToPath } from "node:url";
import type { MovinetError, VideoError } from "../common/errors.ts";
import { memoryComplaint } from "../common/process.node.ts";
import { Turns } from "../common/turns.ts";
import { isUrl, requestUrl, schemeOf, shownSource } from "../common/urls.ts";
import { FileAside, writeError } from "../common/write.node.ts";
import type { InputSize } from "../model/card.ts";
import { DecoderProcess } from "./decoder-process.node.ts";
import { videoError } from "./failures.ts";
import type { Frame } from "./frame.ts";
import type { Overlay } from "./overlay.ts";
import type { CopyStart, DecoderMessage, DecoderStart, VideoInfo } from "./protocol.ts";

export interface VideoOptions {
  /** Frames per second to sample, above 0. */
  readonly fps: number;
  /** Size of the frames in pixels, and how pictures are fitted to it. Default: the displayed size. */
  readonly size?: InputSize;
  /** Start of the frames and their timestamps, in seconds from the first frame of the video. Default 0. */
  readonly start?: number;
  /** End of the frames, exclusive, in seconds from the first frame of the video. Default: the end of the video. */
  readonly end?: number;
  /**
   * Decoding threads, fewer for large frames. Default: FFmpeg's choice; 1 is the cheapest for several videos at once.
   */
  readonly threads?: number;
  /**
   * Also writes the video to a file while it is decoded, at its own rate and resolution, with the overlay from {@link Video.draw}
   * on it. The file appears when the iteration ends without an error. Not with `start` and `end`. Default: no.
   */
  readonly copy?: CopyStart | undefined;
  /** Aborts the video: the iteration then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without a frame after which the source is given up. Default 30 000. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 30_000;
/** Videos that one process decodes before it is replaced: its memory grows by some 25 kB with each. */
const mostVideos = 500;

/**
 * Opens a video: a file, an http(s) or `file:` URL, or `-` for standard input. Decoding begins at once, in a separate
 * process, and is ended by `break`, by disposal and by the signal. For many videos, {@link Decoders} start fewer
 * processes. In a file name, U+DC80–U+DCFF stand for bytes that are not UTF-8.
 *
 * Throws {@link VideoError} `E_VIDEO_URL` for any other URL, and {@link DependencyError} if node-av is not installed.
 * Iterating throws {@link SessionError} (`E_SESSION_DISPOSED`) after disposal, and {@link VideoError}:
 * `E_VIDEO_NOT_FOUND`, `E_VIDEO_UNREADABLE`, `E_VIDEO_PICTURE`, `E_VIDEO_PLAYLIST`, `E_VIDEO_ENCRYPTED`,
 * `E_VIDEO_NO_STREAM`, `E_VIDEO_NO_FRAMES`, `E_VIDEO_SPARSE`, `E_VIDEO_TOO_LARGE`, `E_VIDEO_MEMORY`, `E_VIDEO_DISK`,
 * `E_VIDEO_NETWORK`, `E_VIDEO_TIMEOUT`, `E_VIDEO_DECODER` (the decoding process died).
 */
export function openVideo(source: string, options: VideoOptions): Video {
  return new Video(source, options, startOf(source, options), null);
}

/** The request to the decoding process. */
function startOf(source: string, options: VideoOptions): DecoderStart {
  const { fps, threads = 0, size = null, start = 0, end = Infinity, copy = null } = options;
  if (!(fps > 0 && Number.isFinite(fps))) throw new TypeError(`fps must be above 0, got ${fps}`);
  if (!(start >= 0 && Number.isFinite(start))) throw new TypeError(`start must be ≥ 0 seconds, got ${start}`);
  if (!(end > start)) throw new TypeError(`end must be after start (${start} s), got ${end}`);
  if (copy && (start > 0 || end < Infinity)) throw new TypeError("copy: a part of a video cannot be copied");
  const stretch = { start, end: Number.isFinite(end) ? end : null };
  return { url: locationOf(source), fps, threads, size, stretch, copy };
}

/**
 * Decodes many videos with few processes: one that finished its video decodes the next. Starting a process costs about
 * as much as decoding five seconds of a small video.
 */
export class Decoders implements AsyncDisposable {
  readonly #idle: DecoderProcess[] = [];
  readonly #turns = new Turns(this, "decoder pool", "videos");

  /** Starts a process that waits for the first video while the caller is still preparing. */
  warm(): void {
    this.#turns.check();
    this.#idle.push(new DecoderProcess(null));
  }

  /** Like the function {@link openVideo}; throws {@link SessionError} (`E_SESSION_DISPOSED`) after disposal. */
  openVideo(source: string, options: VideoOptions): Video {
    this.#turns.check();
    const start = startOf(source, options);
    if (source === "-") return new Video(source, options, start, null);
    const process = this.#idle.pop() ?? new DecoderProcess(null);
    return new Video(source, options, start, {
      process,
      giveBack: async () => {
        // Pictures of a copy wait for the garbage collection: the next video has less memory to take.
        const isSpent = process.requests >= mostVideos || options.copy !== undefined;
        if (this.#turns.ended || isSpent) await process[Symbol.asyncDispose]();
        else this.#idle.push(process);
      },
    });
  }

  /** Ends the waiting processes; busy ones end with their videos. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => Promise.all(this.#idle.splice(0).map((process) => process[Symbol.asyncDispose]())));
  }
}

/** A process on loan from {@link Decoders}. */
interface Loan {
  readonly process: DecoderProcess;
  giveBack(): Promise<void>;
}

/** A video being decoded. It can be iterated once; its properties are complete afterwards. */
export class Video implements AsyncIterable<Frame>, AsyncDisposable {
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
  /** Working time of the decoding process; known at the end. */
  decodeMs = 0;
  readonly #options: VideoOptions;
  readonly #process: DecoderProcess;
  readonly #loan: Loan | null;
  readonly #aside: FileAside | null;
  /** Clears the time-out and the signal listener. */
  #stopWaiting = () => {};
  #overlay: Overlay | null | undefined = undefined;
  #begun = false;
  #ended = false;
  readonly #turns: Turns;

  constructor(source: string, options: VideoOptions, start: DecoderStart, loan: Loan | null) {
    this.source = source;
    this.#options = options;
    this.#loan = loan;
    const { copy } = start;
    this.#aside = copy && new FileAside(copy.file);
    const aside = copy && this.#aside ? { ...start, copy: { ...copy, file: this.#aside.path } } : start;
    this.#process = loan?.process ?? new DecoderProcess(aside);
    loan?.process.request(aside);
    this.#turns = new Turns(this, "video", shownSource(source));
  }

  /** From the frame that was given last on, until the next call, this is drawn over the pictures of the copy; null: nothing. */
  draw(overlay: Overlay | null): void {
    this.#overlay = overlay;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void> {
    if (this.#begun) throw new TypeError("a video can be iterated only once: open it again");
    this.#turns.check();
    this.#begun = true;
    const { signal, timeoutMs = defaultTimeoutMs } = this.#options;
    let late = false;
    const kill = () => this.#process.kill();
    const dog = setTimeout(() => {
      late = true;
      kill();
    }, timeoutMs);
    signal?.addEventListener("abort", kill);
    this.#stopWaiting = () => {
      clearTimeout(dog);
      signal?.removeEventListener("abort", kill);
    };
    try {
      signal?.throwIfAborted();
      let size = { width: 0, height: 0 };
      while (!this.#ended) {
        const message = await this.#next();
        dog.refresh();
        if (message === null) return await this.#died(late);
        if (message.kind === "failure") throw await this.#failure(message);
        if (message.kind === "info") {
          this.info = message.info;
          size = message.size;
        } else if (message.kind === "end") {
          await this.#aside?.keep();
          this.#ended = true;
          Object.assign(this, message.end);
        } else if (message.kind === "frame") {
          this.frames++;
          yield { data: message.data, ...size, timestamp: message.timestamp };
          if (this.#options.copy) this.#process.draw(this.#overlay);
          this.#overlay = undefined;
          signal?.throwIfAborted();
        }
      }
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  /** Ends the decoding process, or lends it to the next video if it finished this one. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#stopWaiting();
    return this.#turns.end(async () => {
      await (this.#loan && this.#ended ? this.#loan.giveBack() : this.#process[Symbol.asyncDispose]());
      await this.#aside?.[Symbol.asyncDispose]();
    });
  }

  async #next(): Promise<DecoderMessage | null> {
    try {
      return await this.#process.next();
    } finally {
      this.#turns.check();
    }
  }

  async #died(late: boolean): Promise<never> {
    this.#options.signal?.throwIfAborted();
    const { timeoutMs = defaultTimeoutMs } = this.#options;
    if (late) throw videoError(this.source, "timeout", `${timeoutMs / 1000} s`);
    const how = await this.#process.exited;
    const { complaints } = this.#process;
    if (complaints.includes(memoryComplaint)) throw videoError(this.source, "memory");
    const complaint = complaints.at(-1) ?? "";
    throw videoError(this.source, "decoder", `${how}${complaint ? `, ${complaint}` : ""}`);
  }

  async #failure({ failure, detail }: Extract<DecoderMessage, { kind: "failure" }>): Promise<MovinetError> {
    if (failure === "output") return writeError(this.#options.copy?.file ?? "", { code: detail });
    // FFmpeg reports some problems only on standard error.
    await this.#process.finish();
    const { complaints } = this.#process;
    const complained = (text: string) => complaints.some((line) => line.includes(text));
    if (failure === "noFrames" || failure === "unreadable") {
      const tooLarge = complaints.map((line) => /Picture size (\d+)x(\d+) exceeds/.exec(line)).find((match) => match);
      if (tooLarge) return videoError(this.source, "tooLarge", `${tooLarge[1]} × ${tooLarge[2]}`);
      if (complained("moov atom not found") && !isUrl(this.source)) {
        return videoError(this.source, "damaged", "the file is truncated: its index (the moov atom) is missing");
      }
    }
    return videoError(this.source, failure === "unreadable" && isUrl(this.source) ? "network" : failure, detail);
  }
}

/** Where the decoding process finds a source. Throws {@link VideoError}. */
function locationOf(source: string): string {
  const scheme = schemeOf(source);
  if (scheme === null) return source;
  try {
    if (isUrl(source)) return requestUrl(source);
    if (scheme === "file") return fileURLToPath(source);
  } catch {
    throw videoError(source, "url", "invalid URL");
  }
  throw videoError(source, "url", `unsupported URL scheme ${scheme}://`);
}
