import { AV_FRAME_FLAG_KEY, AV_NOPTS_VALUE, AV_PICTURE_TYPE_B, AV_PICTURE_TYPE_P } from "node-av/constants";
import { type Frame as AVFrame, Codec } from "node-av/lib";
import { newFrame } from "../video/pictures.node.ts";
import { Scaler } from "../video/scaler.node.ts";
import { Shapes } from "../video/shape.node.ts";
import { CameraFail, type CameraInput } from "./camera-input.node.ts";
import { blindMs, type CameraMessage, type CameraStart } from "./camera-protocol.ts";
import { fitsMp4 } from "./clip-file.node.ts";
import type { Clips } from "./clips.node.ts";
import { lanesFor, RateMeter } from "./frame-rate.ts";
import { LiveSampler } from "./live-sampler.ts";
import { PacketQueue } from "./packet-queue.node.ts";

/** Where messages go. */
export interface Outlet {
  /** Resolves once there is room for the next. */
  send(message: CameraMessage): Promise<void>;
  isFull(): boolean;
}

const referring: readonly number[] = [AV_PICTURE_TYPE_P, AV_PICTURE_TYPE_B];
/** Packets whose arrival is remembered until their picture comes: more than any decoder delays pictures by. */
const mostRemembered = 64;

/** Decodes a stream and sends what is sampled of it; `clips` sees all packets. Throws {@link CameraFail} at its end. */
export async function sendPictures(
  start: CameraStart,
  input: CameraInput,
  clips: Clips | null,
  outlet: Outlet,
): Promise<never> {
  const { decoder, stream } = input;
  const queue = new PacketQueue(input, start.late, (packet, arrived) => clips?.add(packet, arrived));
  const pictures = new LivePictures(start, input, clips, outlet);
  const frame = newFrame();
  const arrivals = new Map<bigint, number>();
  let seen = Date.now();
  try {
    for (;;) {
      const { packet, arrived } = await queue.next();
      if (packet.pts !== AV_NOPTS_VALUE) arrivals.set(packet.pts, arrived);
      for (const [pts] of arrivals) if (arrivals.size > mostRemembered) arrivals.delete(pts);
      // Decodes it, on a thread of its own: packets that arrive meanwhile are noticed.
      await decoder.sendPacket(packet);
      packet.free();
      while (decoder.receiveFrameSync(frame) >= 0) {
        seen = Date.now();
        const stamp = frame.bestEffortTimestamp;
        const own = arrivals.get(stamp) ?? arrived;
        arrivals.delete(stamp);
        const dropped = queue.dropped;
        queue.dropped = 0;
        const known = input.stamped && stamp !== AV_NOPTS_VALUE;
        const seconds = known ? (Number(stamp) * stream.timeBase.num) / stream.timeBase.den : null;
        await pictures.add(frame, seconds, own, dropped);
      }
      if (Date.now() - seen > blindMs) throw new CameraFail("unreadable", "not a single frame can be decoded");
    }
  } finally {
    frame.free();
    pictures.free();
    await queue.stop();
  }
}

class LivePictures {
  readonly #start: CameraStart;
  readonly #input: CameraInput;
  readonly #clips: Clips | null;
  readonly #outlet: Outlet;
  readonly #scaler: Scaler;
  readonly #shapes: Shapes;
  readonly #meter = new RateMeter();
  #sampler: LiveSampler | null = null;
  #lanes = 1;
  #shown = "";
  #rooted = false;
  #dropped = 0;

  constructor(start: CameraStart, input: CameraInput, clips: Clips | null, outlet: Outlet) {
    this.#start = start;
    this.#input = input;
    this.#clips = clips;
    this.#outlet = outlet;
    this.#shapes = new Shapes(input.stream);
    this.#scaler = new Scaler(start.size, input.stream, this.#shapes, start.region);
  }

  async add(picture: AVFrame, stamp: number | null, arrived: number, dropped: number): Promise<void> {
    this.#dropped += dropped;
    // Pictures before the first one that is complete are mostly grey.
    this.#rooted ||= picture.hasFlags(AV_FRAME_FLAG_KEY) || !referring.includes(picture.pictType);
    if (!this.#rooted) return;
    const sampler = this.#sampler ?? this.#begin(stamp ?? arrived / 1000);
    if (sampler === null) return;
    const sample = sampler.add(stamp, arrived / 1000);
    if (sample === null) return;
    if (this.#start.late === "drop" && this.#outlet.isFull()) {
      this.#dropped++;
      return;
    }
    await this.#tellShape(picture);
    this.#clips?.see(picture);
    const data = this.#scaler.picture(picture, this.#start.size);
    const message = { kind: "picture", ...sample, arrived, dropped: this.#dropped, data } as const;
    this.#dropped = 0;
    const sent = this.#outlet.send(message);
    if (this.#start.late === "wait") await sent;
  }

  free(): void {
    this.#scaler.free();
  }

  /** Starts to sample; at full rate once the camera's rate is known. */
  #begin(time: number): LiveSampler | null {
    const { fps, fullRate, gapSeconds } = this.#start;
    if (fullRate) {
      const rate = this.#meter.add(time);
      if (rate === null) return null;
      this.#lanes = lanesFor(rate, fps);
    }
    this.#sampler = new LiveSampler(fps * this.#lanes, gapSeconds);
    return this.#sampler;
  }

  async #tellShape(picture: AVFrame): Promise<void> {
    const { shown } = this.#shapes.of(picture);
    const text = `${shown.width}×${shown.height}`;
    if (text === this.#shown) return;
    this.#shown = text;
    const codec = Codec.findDecoder(this.#input.stream.codecpar.codecId)?.name ?? "";
    const container = this.#input.format.iformat?.name ?? "";
    await this.#outlet.send({
      kind: "live",
      ...shown,
      codec,
      container,
      lanes: this.#lanes,
      quietMs: this.#input.quietMs,
      fitsMp4: fitsMp4(this.#input),
    });
  }
}
