import type { Segmenter } from "movinet";
import { topK } from "movinet/session";
import { CaptionPainter, type Video, type VideoOptions } from "movinet/video";

/** Classes that a caption may name. */
const mostNamed = 3;

/** What a model says after a frame, and the segments so far where they are told. */
export interface Moment {
  readonly scores: Float32Array;
  readonly segmenter: Segmenter | null;
}

type Caption = Parameters<CaptionPainter["paint"]>[0];

/** What is drawn into the copy of a video while it is classified: what was known by then. */
export class Annotation {
  /** For whoever opens the video. */
  readonly copy: NonNullable<VideoOptions["copy"]>;
  readonly #labels: readonly string[] | null;
  #painter: CaptionPainter | null = null;
  #moment: Moment | null = null;

  constructor(file: string, labels: readonly string[] | null) {
    this.copy = { file, container: file.toLowerCase().endsWith(".webm") ? "webm" : "mp4" };
    this.#labels = labels;
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

  #says(): Omit<Caption, "time"> {
    if (this.#moment === null) return { predictions: [], segment: null };
    const { scores, segmenter } = this.#moment;
    const predictions = topK(scores, this.#labels, mostNamed);
    const current = segmenter?.current ?? null;
    const segment = current && { label: this.#labels?.[current.index] ?? String(current.index), start: current.start };
    return { predictions, segment };
  }
}
