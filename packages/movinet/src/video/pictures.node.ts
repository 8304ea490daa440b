import {
  AV_FRAME_FLAG_KEY,
  AV_PICTURE_TYPE_B,
  AV_PICTURE_TYPE_P,
  AV_PKT_FLAG_DISCARD,
  AVERROR_EAGAIN,
  AVERROR_EOF,
} from "node-av/constants";
import { Frame as AVFrame } from "node-av/lib";
import type { DecoderInput } from "./decoder-input.node.ts";
import type { PacketReader, PlacedPacket } from "./packets.node.ts";

type Seconds = number;

const rounding: Seconds = 1e-6;
/** Most packets without a frame that are remembered. */
const mostAwaited = 10_000;
/** A frame whose timestamp precedes the previous one by at most this many frames is shown together with it. */
const disorder = 2;

const referring: readonly number[] = [AV_PICTURE_TYPE_P, AV_PICTURE_TYPE_B];

/** When a decoded frame is shown, as the file counts time. */
export interface Shown {
  readonly time: Seconds;
  readonly duration: Seconds;
  /** Packets between this frame and the previous one that gave no frame. */
  readonly lost: number;
  /** When the first of them would have been shown; without any, the time of this frame. */
  readonly lostFrom: Seconds;
}

export function newFrame(): AVFrame {
  const frame = new AVFrame();
  frame.alloc();
  return frame;
}

/** Decodes the frames of a source one by one; their times never decrease. */
export class PictureReader {
  /**
   * Problems so far. Flawed frames, in which the decoder made up what it could not read, are closer to the true ones
   * than the previous frames. Rootless ones are counted for codecs whose decoders output them. Late ones are skipped.
   */
  readonly troubles = { broken: 0, flawed: 0, rootless: 0, late: 0 };
  readonly #input: DecoderInput;
  readonly #packets: PacketReader;
  /** Packets to decode before reading more. */
  #first: PlacedPacket[] = [];
  /** Times of packets that have given no frame yet. */
  #awaited: Seconds[] = [];
  #before: Shown | null = null;
  /** The packets fed so far, if they may be fed again. */
  #fed: PlacedPacket[] | null = null;
  /** A new piece began, whose first key packet has not arrived yet. */
  #joined = false;
  #cut = false;
  /** The decoder still outputs frames of the previous piece. */
  #draining = false;
  #wasLate = false;
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
      if (code !== AVERROR_EAGAIN && code !== AVERROR_EOF) this.troubles.broken++;
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
    this.#awaited = [];
    this.#before = null;
    this.#ended = false;
    this.#joined = false;
    this.#cut = false;
    this.#draining = false;
    Object.assign(this.troubles, { broken: 0, flawed: 0, rootless: 0, late: 0 });
    this.#rooted = false;
    this.#input.decoder.flushBuffers();
  }

  /** Times of packets after the last frame that gave none; known at the end. */
  get unseen(): readonly Seconds[] {
    return this.#awaited;
  }

  free(): void {
    for (const { packet } of this.#first) packet.free();
  }

  #place(picture: AVFrame): Shown | null {
    const before = this.#before;
    const stamp = this.#packets.seconds(picture.bestEffortTimestamp);
    const stamped = stamp ?? (before ? before.time + before.duration : 0);
    const earliest = before === null ? stamped : before.time - (this.#wasLate ? 0 : disorder * before.duration);
    this.#wasLate = stamped < earliest;
    if (this.#wasLate) {
      this.troubles.late++;
      return null;
    }
    if (picture.decodeErrorFlags !== 0) this.troubles.flawed++;
    this.#rooted ||= picture.hasFlags(AV_FRAME_FLAG_KEY) || !referring.includes(picture.pictType);
    if (!this.#rooted) this.troubles.rootless++;
    const time = Math.max(stamped, before?.time ?? stamped);
    const since = before?.time ?? -Infinity;
    const lost = this.#awaited.filter((awaited) => awaited > since && awaited < time - rounding);
    this.#awaited = this.#awaited.filter((awaited) => awaited > time + rounding);
    const lostFrom = lost.reduce((a, b) => Math.min(a, b), time);
    this.#before = { time, duration: this.#packets.durationOf(picture.duration), lost: lost.length, lostFrom };
    return this.#before;
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
    if (pts !== null && !packet.hasFlags(AV_PKT_FLAG_DISCARD)) this.#awaited.push(pts);
    if (this.#awaited.length > mostAwaited) this.#awaited.shift();
    if (!this.#cut && decoder.sendPacketSync(packet) < 0) this.troubles.broken++;
    if (this.#fed) this.#fed.push(next);
    else packet.free();
  }
}
