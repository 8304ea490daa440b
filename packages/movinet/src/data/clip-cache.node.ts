import { createHash } from "node:crypto";
import { type FileHandle, open, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DatasetError, MovinetError } from "../common/errors.ts";
import { bytesOfPath, irregularity, toRead } from "../common/read.node.ts";
import { Decoders } from "../video/video.node.ts";
import { cacheFolder } from "../zoo/cache-folder.node.ts";
import { type ClipHead, type ClipView, clipFormat, type SourceClip } from "./clip.ts";
import { ClipStore } from "./clip-store.node.ts";
import { datasetError, type Sample } from "./dataset.ts";

export interface ClipCacheOptions {
  /** Folder of the entries. Default: `clips` in the cache folder. */
  readonly folder?: string | undefined;
  /** Size limit of the folder, in bytes. Default 20 GB. */
  readonly maxBytes?: number | undefined;
}

export interface FillOptions {
  /** Videos decoded concurrently. Default: the number of cores. */
  readonly jobs?: number | undefined;
  /** Stops filling: the promise rejects with the signal's reason. What was cached stays. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each sample, in the order of completion. */
  readonly onClip?: ((progress: FillProgress) => void) | undefined;
}

export interface FillProgress {
  /** Completed samples, including failed ones. */
  readonly done: number;
  readonly total: number;
  /** Why the sample gave no clip; null if it did. */
  readonly error: MovinetError | null;
}

export interface ClipFailure {
  readonly sample: Sample;
  readonly error: MovinetError;
}

/** Samples that gave a clip, and those that did not, each in order. */
export interface FillResult {
  readonly usable: readonly Sample[];
  readonly failures: readonly ClipFailure[];
}

const defaultMaxBytes = 20e9;
/** Size limit for the frames of one clip, in bytes. */
const largestClip = 2 ** 30;

/**
 * Decoded clips on disk: each video is decoded once per view, in a separate process, and then read in one go. Entries
 * are keyed by content (the file's content, the view, start and end), so a changed file is another clip, and renamed
 * or duplicate files are not decoded again. The folder size is bounded: the least recently used entries are removed
 * first, but never those this cache has read or written. A process may be killed at any moment; damaged entries are
 * rebuilt.
 */
export class ClipCache implements AsyncDisposable {
  readonly #store: ClipStore;
  readonly #hashes = new Map<string, { readonly stamp: string; readonly hash: Promise<string> }>();
  readonly #making = new Map<string, Promise<unknown>>();
  readonly #decoders = new Decoders();

  constructor({ folder = join(cacheFolder(), "clips"), maxBytes = defaultMaxBytes }: ClipCacheOptions = {}) {
    this.#store = new ClipStore(folder, maxBytes);
  }

  get folder(): string {
    return this.#store.folder;
  }

  /**
   * The frames of a sample in a view, decoded and cached if missing. With `start` and `end`, those whose time is
   * between `start` (the first frame) and `end` (exclusive). Throws {@link DatasetError}: `E_DATASET_CLIP` (no frames,
   * unreadable, or too long), `E_DATASET_CACHE`; and what {@link openVideo} throws.
   */
  async read(sample: Sample, view: ClipView, signal?: AbortSignal): Promise<SourceClip> {
    const key = await this.#key(sample, view, signal);
    const kept = await this.#keptOf(key, () => this.#store.read(key, view), signal);
    if (kept) return kept;
    const { head, frames } = await this.#make(key, sample, view, this.#decoders, 0, signal);
    const { buffer, byteOffset, length } = Buffer.concat(frames);
    return { ...head, data: new Uint8Array(buffer, byteOffset, length) };
  }

  /** Facts about a sample's clip in a view, without reading cached frames. Throws like {@link read}. */
  async head(sample: Sample, view: ClipView, signal?: AbortSignal): Promise<ClipHead> {
    const kept = await this.#store.look(await this.#key(sample, view, signal), view);
    return kept ?? this.read(sample, view, signal);
  }

  /** Whether the frames of a sample in this view are cached. Throws like {@link read}. */
  async has(sample: Sample, view: ClipView): Promise<boolean> {
    return (await this.#store.look(await this.#key(sample, view), view)) !== null;
  }

  /**
   * Decodes what is missing, several videos concurrently. A sample that gives no clip does not stop the others. Throws
   * {@link DatasetError} (`E_DATASET_CACHE`) if the folder cannot be written, for example because the disk is full.
   */
  async fill(samples: readonly Sample[], view: ClipView, options: FillOptions = {}): Promise<FillResult> {
    const { jobs = availableParallelism(), onClip } = options;
    const abort = new AbortController();
    const signal = options.signal ? AbortSignal.any([abort.signal, options.signal]) : abort.signal;
    const decoders = new Decoders();
    const errors: (MovinetError | null)[] = [];
    const queue = samples.entries();
    let done = 0;
    const work = async () => {
      for (const [i, sample] of queue) {
        let error: MovinetError | null = null;
        try {
          const key = await this.#key(sample, view, signal);
          const kept = await this.#keptOf(key, () => this.#store.look(key, view), signal);
          if (kept === null) await this.#make(key, sample, view, decoders, jobs > 1 ? 1 : 0, signal);
        } catch (cause) {
          signal.throwIfAborted();
          if (!(cause instanceof MovinetError) || fatal.has(cause.code)) throw cause;
          error = cause;
        }
        errors[i] = error;
        onClip?.({ done: ++done, total: samples.length, error });
      }
    };
    try {
      options.signal?.throwIfAborted();
      const workers = Array.from({ length: Math.min(jobs, samples.length) }, async () => {
        await work().catch((error: unknown) => {
          abort.abort(error);
          throw error;
        });
      });
      // All of them, before closing what they use.
      const broken = (await Promise.allSettled(workers)).find((worker) => worker.status === "rejected");
      if (broken) throw options.signal?.aborted ? options.signal.reason : abort.signal.reason;
    } finally {
      await decoders[Symbol.asyncDispose]();
    }
    return {
      usable: samples.filter((_, i) => !errors[i]),
      failures: samples.flatMap((sample, i) => (errors[i] ? [{ sample, error: errors[i] }] : [])),
    };
  }

  /**
   * Hash of the file's content, in hexadecimal. Throws {@link DatasetError} (`E_DATASET_CLIP`) if it cannot be read.
   */
  async contentHash({ file }: Sample, signal?: AbortSignal): Promise<string> {
    const { size, mtimeMs } = await stat(bytesOfPath(file)).catch((cause: unknown) => {
      throw unreadable(file, cause);
    });
    const stamp = `${size} ${mtimeMs}`;
    const known = this.#hashes.get(file);
    if (known?.stamp === stamp) return known.hash;
    const hash = hashFile(file, signal);
    this.#hashes.set(file, { stamp, hash });
    hash.catch(() => this.#hashes.delete(file));
    return hash;
  }

  /** Ends the processes waiting for a video. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#decoders[Symbol.asyncDispose]();
  }

  async #key(sample: Sample, view: ClipView, signal?: AbortSignal): Promise<string> {
    const content = await this.contentHash(sample, signal);
    const { width, height, fit, fps } = view;
    const what = [clipFormat, content, width, height, fit, fps, sample.start ?? 0, sample.end];
    return createHash("sha256").update(JSON.stringify(what)).digest("hex");
  }

  /** The stored clip, once nobody is making it any more; null: it must be made. */
  async #keptOf<T>(key: string, look: () => Promise<T | null>, signal: AbortSignal | undefined): Promise<T | null> {
    for (;;) {
      signal?.throwIfAborted();
      const kept = await look();
      const making = this.#making.get(key);
      if (kept !== null || making === undefined) return kept;
      await making.catch(() => {});
    }
  }

  /** Decodes a clip and stores it if there is room; concurrent requests for the same clip share `#making`. */
  async #make(
    key: string,
    sample: Sample,
    view: ClipView,
    decoders: Decoders,
    threads: number,
    signal: AbortSignal | undefined,
  ): Promise<Decoded> {
    const made = decode(sample, view, decoders, threads, signal).then(async (clip) => {
      await this.#store.write(key, clip.head, clip.frames);
      return clip;
    });
    this.#making.set(key, made);
    try {
      return await made;
    } finally {
      this.#making.delete(key);
    }
  }
}

/** Errors that every other sample would also meet. */
const fatal = new Set(["E_DATASET_CACHE", "E_DEPENDENCY_MISSING"]);

interface Decoded {
  readonly head: ClipHead;
  readonly frames: readonly Uint8Array[];
}

async function decode(
  sample: Sample,
  view: ClipView,
  decoders: Decoders,
  threads: number,
  signal: AbortSignal | undefined,
): Promise<Decoded> {
  const { fps, ...size } = view;
  const { file, start, end } = sample;
  const part = { start: start ?? 0, ...(end === null ? {} : { end }) };
  const video = decoders.openVideo(file, { fps, size, threads, signal, ...part });
  const frames: Uint8Array[] = [];
  const most = Math.floor(largestClip / (view.width * view.height * 3));
  for await (const frame of video) {
    if (frames.length === most) {
      const problem = `it has more than ${most} frames of ${view.width}×${view.height} at ${fps} fps`;
      throw datasetError(
        "E_DATASET_CLIP",
        file,
        problem,
        "Cut it into shorter clips, or give each clip a start and end in a manifest",
      );
    }
    frames.push(frame.data);
  }
  const info = video.info;
  if (frames.length === 0 || info === null) {
    const problem = `it has no frames between ${start ?? 0} s and ${end === null ? "its end" : `${end} s`}`;
    throw datasetError(
      "E_DATASET_CLIP",
      file,
      problem,
      "Correct the start and end in the manifest, or remove the line",
    );
  }
  const { duration, pictures, warnings } = video;
  const source = { duration, frameRate: pictures / duration, warnings };
  const { width, height } = view;
  return { head: { frames: frames.length, width, height, aspect: info.width / info.height, fps, source }, frames };
}

async function hashFile(file: string, signal?: AbortSignal): Promise<string> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(bytesOfPath(file), toRead);
    const facts = await handle.stat();
    const problem = irregularity(facts);
    if (problem !== null) throw datasetError("E_DATASET_CLIP", file, problem, "Use a regular file");
    const hash = createHash("sha256");
    // No more than its size: system files may be endless.
    const options = { end: facts.size - 1, highWaterMark: 1 << 20, autoClose: false };
    for await (const chunk of facts.size > 0 ? handle.createReadStream(options) : []) {
      signal?.throwIfAborted();
      hash.update(chunk as Uint8Array);
    }
    return hash.digest("hex");
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause instanceof DatasetError ? cause : unreadable(file, cause);
  } finally {
    await handle?.close();
  }
}

function unreadable(file: string, cause: unknown): DatasetError {
  const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  return datasetError(
    "E_DATASET_CLIP",
    file,
    `cannot read it (${why})`,
    "Check that the file still exists and is readable",
    cause,
  );
}
