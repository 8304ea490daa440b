import {
  AV_FRAME_FLAG_KEY,
  AV_PICTURE_TYPE_B,
  AV_PICTURE_TYPE_P,
  AV_PKT_FLAG_DISCARD,
  AVERROR_EAGAIN,
  AVERROR_EOF,
} from "node-av/constants";
import { Frame as AVFrame } from "node-av/lib";
import type { Troubles } from "./completeness.ts";
import type { DecoderInput } from "./decoder-input.node.ts";
import type { PacketReader, PlacedPacket } from "./packets.node.ts";
import { type Shown, ShownOrder } from "./shown.ts";

type Seconds = number;

const referring: readonly number[] = [AV_PICTURE_TYPE_P, AV_PICTURE_TYPE_B];

export function newFrame(): AVFrame {
  const frame = new AVFrame();
  frame.alloc();
  return frame;
}

/** Decodes the frames of a source one by one; their times never decrease. */
export class PictureReader {
  readonly #counts = { broken: 0, flawed: 0, rootless: 0 };
  readonly #order = new ShownOrder();
  readonly #input: DecoderInput;
  readonly #packets: PacketReader;
  /** Packets to decode before reading more. */
  #first: PlacedPacket[] = [];
  /** The packets fed so far, if they may be fed again. */
  #fed: PlacedPacket[] | null = null;
  /** A new piece began, whose first key packet has not arrived yet. */
  #joined = false;
  #cut = false;
  /** The decoder still outputs frames of the previous piece. */
  #draining = false;
  #rooted = false;
  #ended = false;

  constructor(input: DecoderInput, packets: PacketReader) {
    this.#input = input;
    this.#packets = packets;
  }

  /** Decodes the next frame into `picture`, in display order. Null at the end. */
  next(picture: AVFrame): Shown | null {
    for (;;) {
      const code = this.#input.decoder.receiveFrameSync(picture);
      if (code >= 0) {
        const shown = this.#place(picture);
        if (shown !== null) return shown;
        continue;
      }
      if (code !== AVERROR_EAGAIN && code !== AVERROR_EOF) this.#counts.broken++;
      if (this.#draining && code === AVERROR_EOF) {
        this.#input.decoder.flushBuffers();
        this.#draining = false;
      } else if (this.#ended) return null;
      this.#feed();
    }
  }

  /** Keeps the packets fed to the decoder until the next {@link PictureReader.restart}; the caller must free them. */
  keepFed(): PlacedPacket[] {
    this.#fed = [];
    return this.#fed;
  }

  /** Starts over: decodes and frees `first`, then what is read. */
  restart(first: PlacedPacket[] = []): void {
    this.#first = first;
    this.#fed = null;
    this.#ended = false;
    this.#joined = false;
    this.#cut = false;
    this.#draining = false;
    Object.assign(this.#counts, { broken: 0, flawed: 0, rootless: 0 });
    this.#order.restart();
    this.#rooted = false;
    this.#input.decoder.flushBuffers();
  }

  /**
   * Problems so far. Flawed frames, in which the decoder made up what it could not read, are closer to the true ones
   * than the previous frames. Rootless ones are counted for codecs whose decoders output them. Late ones are skipped.
   */
  get troubles(): Pick<Troubles, "broken" | "flawed" | "rootless" | "late"> {
    return { ...this.#counts, late: this.#order.late };
  }

  /** Times of packets after the last frame that gave none; known at the end. */
  get unseen(): readonly Seconds[] {
    return this.#order.unseen;
  }

  free(): void {
    for (const { packet } of this.#first) packet.free();
  }

  #place(picture: AVFrame): Shown | null {
    const stamp = this.#packets.seconds(picture.bestEffortTimestamp);
    const shown = this.#order.place(stamp, this.#packets.durationOf(picture.duration));
    if (shown === null) return null;
    if (picture.decodeErrorFlags !== 0) this.#counts.flawed++;
    this.#rooted ||= picture.hasFlags(AV_FRAME_FLAG_KEY) || !referring.includes(picture.pictType);
    if (!this.#rooted) this.#counts.rootless++;
    return shown;
  }

  /**
   * Feeds the decoder the next packet, or the end. At the first key packet of a new piece, the decoder is reset;
   * earlier packets are skipped if the piece is known to be cut.
   */
  #feed(): void {
    const { decoder } = this.#input;
    const next = this.#first.shift() ?? this.#packets.next();
    if (next === null) {
      this.#ended = true;
      decoder.sendPacketSync(null);
      return;
    }
    const { packet } = next;
    this.#joined ||= next.joined;
    this.#cut ||= next.cut;
    if (this.#joined && packet.isKeyframe) {
      this.#joined = false;
      this.#cut = false;
      this.#draining = true;
      this.#first.unshift({ packet, joined: false, cut: false });
      decoder.sendPacketSync(null);
      return;
    }
    const { pts } = this.#packets.stampsOf(packet);
    if (pts !== null && !packet.hasFlags(AV_PKT_FLAG_DISCARD)) this.#order.expect(pts);
    if (!this.#cut && decoder.sendPacketSync(packet) < 0) this.#counts.broken++;
    if (this.#fed) this.#fed.push(next);
    else packet.free();
  }
}
