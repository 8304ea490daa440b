import { AVERROR_EAGAIN, AVERROR_EOF } from "node-av/constants";
import { type Frame as AVFrame, FFmpegError, Packet } from "node-av/lib";
import type { DecoderInput } from "./decoder-input.node.ts";

/** Decodes the pictures of a source one after another. */
export class PictureReader {
  /** Packets and pictures that could not be decoded. */
  broken = 0;
  /** Why the source could not be read to its end, in FFmpeg's words, or null. */
  readError: string | null = null;
  readonly #input: DecoderInput;
  readonly #packet = new Packet();
  #ended = false;

  constructor(input: DecoderInput) {
    this.#input = input;
    this.#packet.alloc();
  }

  /** Decodes the next picture into `picture`, in the order in which they are shown. False at the end. */
  next(picture: AVFrame): boolean {
    for (;;) {
      const code = this.#input.decoder.receiveFrameSync(picture);
      if (code >= 0) return true;
      if (code !== AVERROR_EAGAIN && code !== AVERROR_EOF) this.broken++;
      if (this.#ended) return false;
      this.#feed();
    }
  }

  free(): void {
    this.#packet.free();
  }

  /** Gives the decoder the next packet, or tells it that there is none. */
  #feed(): void {
    const { format, stream, decoder } = this.#input;
    for (;;) {
      const code = format.readFrameSync(this.#packet);
      if (code === AVERROR_EAGAIN) continue;
      if (code < 0) {
        if (code !== AVERROR_EOF) this.readError = FFmpegError.strerror(code);
        this.#ended = true;
        decoder.sendPacketSync(null);
        return;
      }
      const wanted = this.#packet.streamIndex === stream.index;
      if (wanted && decoder.sendPacketSync(this.#packet) < 0) this.broken++;
      this.#packet.unref();
      if (wanted) return;
    }
  }
}
