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
    return { damaged: 0, broken: 0, late: 0 };
  }

  get readError(): string | null {
    return this.#error;
  }

  async *frames(): AsyncGenerator<DecodedFrame, void> {
    try {
      await this.#decoder.completed;
      const count = this.#decoder.tracks.selectedTrack?.frameCount ?? 0;
      let time: Seconds = 0;
      for (let frameIndex = 0; frameIndex < count; frameIndex++) {
        const { image: frame } = await this.#decoder.decode({ frameIndex });
        const duration = frame.duration === null ? usual : frame.duration / 1e6;
        const shown = this.#order.place(time, duration);
        time += duration;
        if (shown === null) frame.close();
        else yield { frame, shown };
      }
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      this.#error = error.message;
    } finally {
      this.#decoder.close();
    }
  }
}
