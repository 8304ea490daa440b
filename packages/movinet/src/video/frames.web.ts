/// <reference lib="dom" />
import type { Troubles } from "./completeness.ts";
import type { MediaFile, MediaPacket } from "./media-file.web.ts";
import { PacketQueue, type Placed } from "./packet-queue.ts";
import { type Shown, ShownOrder } from "./shown.ts";

type Seconds = number;

const rounding: Seconds = 1e-6;

/** A decoded frame, which the receiver must close. */
export interface DecodedFrame {
  readonly frame: VideoFrame;
  readonly shown: Shown;
}

/** Frames of a file, one after another; what was wrong with them is known at the end. */
export interface DecodedFrames {
  /** Ends by closing the decoder and all frames that were not given. */
  frames(): AsyncGenerator<DecodedFrame, void>;
  /** Times of packets after the last frame that gave none. */
  readonly unseen: readonly Seconds[];
  readonly troubles: Pick<Troubles, "restarts" | "damaged" | "broken" | "late">;
  /** Why the file could not be read to the end, or null. */
  readonly readError: string | null;
  /** What the reader or the decoder said last when it failed, or null. */
  readonly complaint: string | null;
}

/** Encoded and decoded frames that wait: more of them than a step of the network takes to decode. */
const most = { queued: 8, ready: 6 };
/** Bytes of decoded frames that wait, so that large ones are fewer. */
const mostBytes = 96 << 20;

/** Decodes with WebCodecs, a few frames ahead of the receiver. */
export class FrameDecoder implements DecodedFrames {
  readonly #file: MediaFile;
  readonly #config: VideoDecoderConfig;
  readonly #signal: AbortSignal | undefined;
  readonly #queue: PacketQueue<MediaPacket>;
  readonly #order = new ShownOrder();
  /** Packets that the decoder has got and that have given no frame yet, in coding order. */
  #fed: Placed<MediaPacket>[] = [];
  /** Packets to decode again, by another decoder, before others. */
  #again: Placed<MediaPacket>[] = [];
  #ready: VideoFrame[] = [];
  #decoder: VideoDecoder | null = null;
  #failure: Error | null = null;
  #complaint: string | null = null;
  #needsKey = true;
  #broken = 0;
  #ended = false;
  #drained = false;
  #wake = () => {};

  constructor(file: MediaFile, config: VideoDecoderConfig, signal: AbortSignal | undefined) {
    this.#file = file;
    this.#config = config;
    this.#queue = new PacketQueue(file.packets(), file);
    this.#signal = signal;
    signal?.addEventListener("abort", () => this.#wake(), { once: true });
  }

  get unseen(): readonly Seconds[] {
    return this.#order.unseen;
  }

  get troubles(): DecodedFrames["troubles"] {
    return {
      restarts: this.#queue.restarts,
      damaged: this.#queue.damaged,
      broken: this.#broken,
      late: this.#order.late,
    };
  }

  get readError(): string | null {
    return this.#queue.readError;
  }

  get complaint(): string | null {
    return this.#complaint ?? this.readError;
  }

  async *frames(): AsyncGenerator<DecodedFrame, void> {
    try {
      for (let frame = await this.#next(); frame !== null; frame = await this.#next()) {
        const packet = this.#packetOf(frame.timestamp);
        const shown = this.#isHidden(packet.time) ? null : this.#order.place(packet.time, packet.duration);
        if (shown === null) frame.close();
        else yield { frame, shown };
      }
    } finally {
      this.#ended = true;
      for (const frame of this.#ready.splice(0)) frame.close();
      this.#close();
      await this.#queue.close();
    }
  }

  /** The next frame from the decoder; null at the end. */
  async #next(): Promise<VideoFrame | null> {
    for (;;) {
      await this.#fill();
      this.#signal?.throwIfAborted();
      const frame = this.#ready.shift();
      if (frame) return frame;
      if (this.#failure !== null) this.#recover();
      else if (this.#drained) return null;
      else if (this.#isHungry()) continue;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #isHungry(): boolean {
    if (this.#failure !== null || this.#ended) return false;
    const size = this.#ready[0]?.allocationSize() ?? 0;
    const room = size > 0 ? Math.max(1, Math.min(most.ready, mostBytes / size)) : most.ready;
    return this.#ready.length < room && (this.#decoder?.decodeQueueSize ?? 0) < most.queued;
  }

  async #fill(): Promise<void> {
    while (this.#isHungry()) {
      const next = this.#again.shift() ?? (await this.#read());
      if (next === null) this.#drain();
      else this.#decode(next);
    }
  }

  async #read(): Promise<Placed<MediaPacket> | null> {
    const placed = await this.#queue.next();
    if (placed === null) this.#ended = true;
    else if (!this.#isHidden(placed.time)) this.#order.expect(placed.time);
    return placed;
  }

  /** What lies before the beginning of an edit is decoded for others alone. */
  #isHidden(time: Seconds): boolean {
    return this.#file.listed && time < -rounding;
  }

  #decode(placed: Placed<MediaPacket>): void {
    const { packet, time, duration } = placed;
    if (this.#needsKey && !packet.isKey) {
      this.#broken++;
      return;
    }
    this.#decoder ??= this.#open();
    this.#fed.push(placed);
    const type = packet.isKey ? "key" : "delta";
    try {
      const chunk = {
        type,
        timestamp: microseconds(time),
        duration: microseconds(duration),
        data: packet.data,
      } as const;
      this.#decoder.decode(new EncodedVideoChunk(chunk));
      this.#needsKey = false;
    } catch (error) {
      this.#complaint = (error as Error).message;
      this.#fed.pop();
      this.#broken++;
      this.#needsKey = true;
    }
  }

  #open(): VideoDecoder {
    const decoder = new VideoDecoder({
      output: (frame) => {
        if (decoder === this.#decoder) this.#ready.push(frame);
        else frame.close();
        this.#wake();
      },
      error: (error) => {
        if (decoder === this.#decoder) this.#failure = error;
        this.#wake();
      },
    });
    decoder.ondequeue = () => this.#wake();
    decoder.configure(this.#config);
    this.#needsKey = true;
    return decoder;
  }

  #drain(): void {
    const decoder = this.#decoder;
    const done = () => {
      this.#drained = true;
      this.#wake();
    };
    if (decoder === null || decoder.state !== "configured") done();
    else decoder.flush().then(done, () => this.#wake());
  }

  /** After a failure: a new decoder goes on at the next key packet that was not tried. */
  #recover(): void {
    this.#complaint = this.#failure?.message ?? null;
    this.#failure = null;
    this.#close();
    const [, ...rest] = this.#fed;
    const key = rest.findIndex(({ packet }) => packet.isKey);
    this.#again.unshift(...(key < 0 ? [] : rest.slice(key)));
    this.#broken += this.#fed.length - (key < 0 ? 0 : rest.length - key);
    this.#fed = [];
    this.#needsKey = true;
    // The end may have been reached, but what is to be decoded again, or flushed, was not.
    this.#ended = false;
  }

  #close(): void {
    const decoder = this.#decoder;
    this.#decoder = null;
    if (decoder !== null && decoder.state !== "closed") decoder.close();
  }

  /** The packet of a frame; those that are shown before it will give none any more. */
  #packetOf(timestamp: number): { readonly time: Seconds; readonly duration: Seconds } {
    const packet = this.#fed.find(({ time }) => microseconds(time) === timestamp);
    this.#fed = this.#fed.filter(({ time }) => microseconds(time) > timestamp);
    return packet ?? { time: timestamp / 1e6, duration: this.#file.typical };
  }
}

function microseconds(seconds: Seconds): number {
  return Math.round(seconds * 1e6);
}
