import {
  AV_NOPTS_VALUE,
  AV_PKT_FLAG_CORRUPT,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVFMT_TS_DISCONT,
  AVSEEK_FLAG_BACKWARD,
} from "node-av/constants";
import { FFmpegError, Packet } from "node-av/lib";
import { type Clock, createFixedClock, createJoinableClock, type Stamps } from "./breaks.ts";
import type { Hole } from "./completeness.ts";
import type { DecoderInput } from "./decoder-input.node.ts";
import { refuseEncryptedPacket } from "./encryption.node.ts";
import { transportStep } from "./transport-stream.ts";

type Seconds = number;

/** Bytes of packets that are kept to look ahead at. */
const mostAhead = 1 << 25;
/** Where the container notices that something is missing, it marks one of so many packets before. */
const faultsBefore = 3;
/** Bytes by which the packets of a transport stream are found. */
const headBytes = 4096;
/** A picture that claims to last longer does not. */
export const longestPicture: Seconds = 60;

/** A packet whose stamps are of the one clock. */
export interface PlacedPacket {
  readonly packet: Packet;
  /** Whether the clock begins anew with it, */
  readonly joined: boolean;
  /** and the container has noticed that something is missing there: it needs nothing of what came before. */
  readonly cut: boolean;
}

/** Where the container has noticed that something is missing, a step of the clock by so many pictures is a hole. */
const fewestMissed = 2.5;

/** Reads the packets of the wanted stream, and makes their stamps those of one clock. */
export class PacketReader {
  /** Why the source could not be read to its end, in FFmpeg's words, or null. */
  readError: string | null = null;
  /** How many bytes of the source were read, by where its packets are. */
  bytesRead = 0;
  /** Where the other streams that are read begin and end so far, as the file counts time. */
  othersStart: Seconds = Infinity;
  othersEnd: Seconds = -Infinity;
  /** Where the container has noticed that packets are missing. */
  readonly interruptions: Hole[] = [];
  readonly clock: Clock;
  /** Takes packets of other streams, to free them, in turn with the pictures', and by how many seconds stamps are moved there. */
  onOther: ((packet: Packet, offset: Seconds) => void) | null = null;
  /** Those that are not given yet, and after how many packets of pictures each comes. */
  readonly #others: { readonly packet: Packet; readonly after: number }[] = [];
  #offset: Seconds = 0;
  #read = 0;
  #placed = 0;
  readonly #input: DecoderInput;
  readonly #tick: Seconds;
  readonly #ticksOf: readonly Seconds[];
  readonly #typical: Seconds;
  readonly #ahead: Packet[] = [];
  #aheadBytes = 0;
  #sinceFault = Infinity;
  #decodedBefore: Seconds | null = null;
  /** Bytes between packets of a transport stream, and where in them packets begin: elsewhere after bytes were lost. */
  readonly #step: number | null;
  #phase: number | null = null;
  #ended = false;

  /**
   * @param typical how long a picture lasts where its packet does not say.
   * @param latest the latest time that the file declares, or null.
   */
  constructor(input: DecoderInput, typical: Seconds, latest: Seconds | null) {
    const { file, format, stream } = input;
    this.#input = input;
    this.#ticksOf = format.streams.map(({ timeBase }) => timeBase.num / timeBase.den);
    this.#tick = this.#ticksOf[stream.index] as Seconds;
    this.#typical = typical;
    const mayRestart = ((format.iformat?.flags ?? 0) & AVFMT_TS_DISCONT) !== 0;
    this.#step = format.iformat?.name === "mpegts" && file !== null ? transportStep(file.head(headBytes)) : null;
    this.clock = mayRestart ? createJoinableClock() : createFixedClock(latest, stream.codecpar.videoDelay > 0);
  }

  /** The next packet in coding order, for the caller to free; null at the end. Throws Fail for an encrypted one. */
  next(): PlacedPacket | null {
    const packet = this.#ahead.shift() ?? this.#readPacket();
    this.#giveOthers();
    if (packet === null) return null;
    if (this.#ahead.length === 0) this.#aheadBytes = 0;
    const stamps = this.stampsOf(packet);
    const { restarts } = this.clock;
    const placed = this.clock.place(stamps, (i) => this.#lookAhead(i));
    if (placed.dts !== stamps.dts) packet.dts = this.#ticks(placed.dts);
    if (placed.pts !== stamps.pts) packet.pts = this.#ticks(placed.pts);
    const joined = this.clock.restarts > restarts;
    this.#placed++;
    if (placed.dts !== null && stamps.dts !== null) this.#offset = placed.dts - stamps.dts;
    this.#sinceFault = packet.hasFlags(AV_PKT_FLAG_CORRUPT) || this.#isShifted(packet) ? 0 : this.#sinceFault + 1;
    const noticed = this.#sinceFault <= faultsBefore;
    this.#noteInterruption(placed.dts, noticed && !joined);
    return { packet, joined, cut: joined && noticed };
  }

  /** Goes to the last key packet before `time`, as the file counts it. False where the container cannot. */
  seek(time: Seconds): boolean {
    const { format, stream } = this.#input;
    if (format.seekFrameSync(stream.index, this.#ticks(time), AVSEEK_FLAG_BACKWARD) < 0) return false;
    this.free();
    this.#ended = false;
    this.clock.resume();
    this.#decodedBefore = null;
    return true;
  }

  stampsOf(packet: Packet): Stamps {
    return {
      dts: this.seconds(packet.dts),
      pts: this.seconds(packet.pts),
      duration: this.durationOf(packet.duration),
    };
  }

  durationOf(ticks: bigint): Seconds {
    const duration = Number(ticks) * this.#tick;
    return duration > 0 && duration <= longestPicture ? duration : this.#typical;
  }

  seconds(ticks: bigint): Seconds | null {
    return ticks === AV_NOPTS_VALUE ? null : Number(ticks) * this.#tick;
  }

  free(): void {
    for (const packet of this.#ahead.splice(0)) packet.free();
    for (const { packet } of this.#others.splice(0)) packet.free();
    this.#aheadBytes = 0;
  }

  #isShifted({ pos }: Packet): boolean {
    if (this.#step === null || pos < 0n) return false;
    const phase = Number(pos % BigInt(this.#step));
    const shifted = this.#phase !== null && this.#phase !== phase;
    this.#phase = phase;
    return shifted;
  }

  #noteInterruption(dts: Seconds | null, noticed: boolean): void {
    if (dts === null) return;
    const from = (this.#decodedBefore ?? dts) + this.#typical;
    if (noticed && dts - from > (fewestMissed - 1) * this.#typical) this.interruptions.push({ from, to: dts });
    this.#decodedBefore = dts;
  }

  #ticks(seconds: Seconds | null): bigint {
    return seconds === null ? AV_NOPTS_VALUE : BigInt(Math.round(seconds / this.#tick));
  }

  #lookAhead(i: number): Stamps | null {
    while (this.#ahead.length <= i) {
      const packet = this.#aheadBytes > mostAhead ? null : this.#readPacket();
      if (packet === null) return null;
      this.#ahead.push(packet);
      this.#aheadBytes += packet.size;
    }
    return this.stampsOf(this.#ahead[i] as Packet);
  }

  #readPacket(): Packet | null {
    if (this.#ended) return null;
    const { format, stream } = this.#input;
    const packet = new Packet();
    packet.alloc();
    for (;;) {
      const code = format.readFrameSync(packet);
      if (code === AVERROR_EAGAIN) continue;
      if (code < 0) {
        if (code !== AVERROR_EOF) this.readError = FFmpegError.strerror(code);
        this.#ended = true;
        packet.free();
        return null;
      }
      this.bytesRead = Math.max(this.bytesRead, Number(packet.pos) + packet.size);
      if (packet.streamIndex === stream.index) {
        refuseEncryptedPacket(packet);
        this.#read++;
        return packet;
      }
      if (packet.pts !== AV_NOPTS_VALUE) {
        const tick = this.#ticksOf[packet.streamIndex] ?? 0;
        this.othersStart = Math.min(this.othersStart, Number(packet.pts) * tick);
        this.othersEnd = Math.max(this.othersEnd, Number(packet.pts + packet.duration) * tick);
      }
      const other = this.onOther && packet.clone();
      if (other) this.#others.push({ packet: other, after: this.#read });
      packet.unref();
    }
  }

  #giveOthers(): void {
    for (let next = this.#others[0]; next && next.after <= this.#placed; next = this.#others[0]) {
      this.#others.shift();
      this.onOther?.(next.packet, this.#offset);
    }
  }
}
