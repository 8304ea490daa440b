import type { Segmenter } from "movinet";
import { FileAside } from "movinet/files";
import { topK } from "movinet/session";
import { type Caption, CaptionPainter, type Video, type VideoOptions } from "movinet/video";

/** Classes that a caption may name. */
const mostNamed = 3;

/** What a model says after a frame, and the segments so far where they are told. */
export interface Moment {
  readonly scores: Float32Array;
  readonly segmenter: Segmenter | null;
}

/** The annotated video: a copy of one that is decoded, with what was known by then drawn into it. */
export class Annotation implements AsyncDisposable {
  /** For whoever opens the video. */
  readonly copy: NonNullable<VideoOptions["copy"]>;
  readonly #aside: FileAside;
  readonly #labels: readonly string[] | null;
  #painter: CaptionPainter | null = null;
  #moment: Moment | null = null;

  private constructor(file: string, aside: FileAside, labels: readonly string[] | null) {
    this.#aside = aside;
    this.#labels = labels;
    this.copy = { file: aside.path, name: file, container: file.toLowerCase().endsWith(".webm") ? "webm" : "mp4" };
  }

  /** Throws a `MovinetError` (`E_OUTPUT_WRITE`) where the file cannot be written. */
  static async open(file: string, labels: readonly string[] | null): Promise<Annotation> {
    return new Annotation(file, await FileAside.open(file), labels);
  }

  /** The newest answer. */
  add(moment: Moment): void {
    this.#moment = moment;
  }

  /** Draws the newest answer over the pictures from `time` (seconds) on. Throws a `DependencyError`. */
  async draw(video: Video, time: number): Promise<void> {
    if (video.info === null) return;
    this.#painter ??= new CaptionPainter(video.info);
    video.draw(await this.#painter.paint({ time, ...this.#says() }));
  }

  /** Moves the video to its place. Throws a `MovinetError`. */
  keep(): Promise<void> {
    return this.#aside.keep();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#aside[Symbol.asyncDispose]();
  }

  #says(): Omit<Caption, "time"> {
    if (this.#moment === null) return { predictions: [], segment: null };
    const { scores, segmenter } = this.#moment;
    const predictions = topK(scores, this.#labels, mostNamed);
    const current = segmenter?.current ?? null;
    const segment = current && { label: this.#labels?.[current.index] ?? String(current.index), start: current.start };
    return { predictions, segment };
  }
}
