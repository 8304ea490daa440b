import type { Segmenter } from "movinet";
import { topK } from "movinet/session";
import { CaptionPainter, type Video, type VideoOptions } from "movinet/video";

/** Classes that a caption may name. */
const mostNamed = 3;

/** A model's scores after a frame, and the segments so far, if they are computed. */
export interface Moment {
  readonly scores: Float32Array;
  readonly segmenter: Segmenter | null;
}

type Caption = Parameters<CaptionPainter["paint"]>[0];

/** Draws into the copy of a video while it is classified: at each time, the newest answer by then. */
export class Annotation {
  /** The option of `openVideo`. */
  readonly copy: NonNullable<VideoOptions["copy"]>;
  readonly #labels: readonly string[] | null;
  readonly #warn: (warning: string) => void;
  #painter: CaptionPainter | null = null;
  #moment: Moment | null = null;

  constructor(file: string, labels: readonly string[] | null, warn: (warning: string) => void) {
    this.#warn = warn;
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
    this.#painter ??= new CaptionPainter(video.info, this.#warn);
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
