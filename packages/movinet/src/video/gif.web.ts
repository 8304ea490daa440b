/// <reference lib="dom" />
import type { DecodedFrame, DecodedFrames } from "./frames.web.ts";
import { ShownOrder } from "./shown.ts";

type Seconds = number;

const usual: Seconds = 0.1;

/** The frames of an animated GIF, each shown for as long as the file says. */
export class GifDecoder implements DecodedFrames {
  readonly #decoder: ImageDecoder;
  readonly #order = new ShownOrder();
  #error: string | null = null;

  constructor(file: Blob) {
    this.#decoder = new ImageDecoder({ data: file.stream(), type: "image/gif", preferAnimation: true });
  }

  readonly unseen = [];

  get troubles(): DecodedFrames["troubles"] {
    return { restarts: 0, damaged: 0, broken: 0, late: 0 };
  }

  get readError(): string | null {
    return this.#error;
  }

  get complaint(): string | null {
    return this.#error;
  }

  async *frames(): AsyncGenerator<DecodedFrame, void> {
    try {
      let time: Seconds = 0;
      for (let frame = await this.#decode(0), i = 1; frame !== null; frame = await this.#decode(i++)) {
        const duration = frame.duration === null ? usual : frame.duration / 1e6;
        const shown = this.#order.place(time, duration);
        time += duration;
        if (shown === null) frame.close();
        else yield { frame, shown };
      }
    } finally {
      this.#decoder.close();
    }
  }

  /** Null at the end, and where the file is broken. */
  async #decode(frameIndex: number): Promise<VideoFrame | null> {
    try {
      await this.#decoder.completed;
      if (frameIndex === this.#decoder.tracks.selectedTrack?.frameCount) return null;
      return (await this.#decoder.decode({ frameIndex })).image;
    } catch {
      this.#error = "it ends inside a frame, or is damaged";
      return null;
    }
  }
}
