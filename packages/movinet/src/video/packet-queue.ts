import { type Clock, createFixedClock, type Stamps } from "./breaks.ts";

type Seconds = number;

/** What is needed of a packet to place it. */
interface Timed {
  readonly isKey: boolean;
  readonly time: Seconds;
  readonly duration: Seconds;
  readonly data: Uint8Array;
}

/** A packet, and where it belongs on the one clock. */
export interface Placed<Packet> {
  readonly packet: Packet;
  readonly time: Seconds;
  readonly duration: Seconds;
}

/** A step of the timestamps from which on later packets decide whether they are damaged. */
const doubtful: Seconds = 0.9;
/** Packets that such a decision may look at, and bytes that they may take. */
const most = { packets: 320, bytes: 1 << 25 };
/** A frame that claims to last longer does not. */
const longest: Seconds = 60;
/** Steps back and forth at which a key frame of a joinable stream begins another piece. */
const step = { back: 0.1, forth: 10 };

/** What is known of a file's times. */
export interface TimeFacts {
  /** How long a frame lasts if its packet does not say. */
  readonly typical: Seconds;
  /** The latest time that the file declares, or null. */
  readonly duration: Seconds | null;
  /** Whether its timestamps may start anew, as those of an MPEG-TS. */
  readonly joinable: boolean;
}

/** Reads packets in coding order and places them on one clock. */
export class PacketQueue<Packet extends Timed> {
  /** Why the source could not be read to its end, or null. */
  readError: string | null = null;
  readonly #packets: AsyncGenerator<Packet, void>;
  readonly #typical: Seconds;
  readonly #clock: Clock | null;
  /** In a joinable stream: what is added to timestamps, and where the frames so far end. */
  #offset: Seconds = 0;
  #end: Seconds | null = null;
  #restarts = 0;
  readonly #ahead: Packet[] = [];
  #aheadBytes = 0;
  #expected: Seconds | null = null;
  #isDoubtful = false;
  #ended = false;

  constructor(packets: AsyncGenerator<Packet, void>, { typical, duration, joinable }: TimeFacts) {
    this.#packets = packets;
    this.#typical = typical;
    this.#clock = joinable ? null : createFixedClock(duration);
  }

  /** How often the clock restarted. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Packets whose timestamps were ignored. */
  get damaged(): number {
    return this.#clock?.damaged ?? 0;
  }

  /** The next packet; null at the end. */
  async next(): Promise<Placed<Packet> | null> {
    const packet = this.#ahead.shift() ?? (await this.#read());
    if (packet === null) return null;
    this.#aheadBytes -= this.#ahead.length === 0 ? this.#aheadBytes : packet.data.length;
    if (this.#clock === null) return this.#placeInPiece(packet);
    const stamps = this.#stampsOf(packet);
    this.#isDoubtful ||= Math.abs(packet.time - (this.#expected ?? packet.time)) > doubtful;
    if (this.#isDoubtful) await this.#lookAhead();
    this.#expected = packet.time + stamps.duration;
    const placed = this.#clock.place(stamps, (i) => (this.#ahead[i] ? this.#stampsOf(this.#ahead[i]) : null));
    return { packet, time: placed.pts ?? packet.time, duration: placed.duration };
  }

  /** The timestamps of key frames alone tell: others may be shown before frames that are coded earlier. */
  #placeInPiece(packet: Packet): Placed<Packet> {
    const end = this.#end ?? packet.time;
    const jump = packet.time + this.#offset - end;
    if (packet.isKey && (jump < -step.back || jump > step.forth)) {
      this.#offset -= jump;
      this.#restarts++;
    }
    const time = packet.time + this.#offset;
    this.#end = Math.max(end, time + this.#typical);
    return { packet, time, duration: this.#typical };
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#packets.return();
  }

  async #lookAhead(): Promise<void> {
    while (this.#ahead.length < most.packets && this.#aheadBytes < most.bytes) {
      const packet = await this.#read();
      if (packet === null) return;
      this.#ahead.push(packet);
      this.#aheadBytes += packet.data.length;
    }
  }

  async #read(): Promise<Packet | null> {
    if (this.#ended) return null;
    try {
      const { value, done } = await this.#packets.next();
      if (!done) return value;
    } catch (error) {
      this.readError = error instanceof Error ? error.message : String(error);
    }
    this.#ended = true;
    return null;
  }

  #stampsOf({ time, duration }: Packet): Stamps {
    return { dts: null, pts: time, duration: duration > 0 && duration <= longest ? duration : this.#typical };
  }
}
