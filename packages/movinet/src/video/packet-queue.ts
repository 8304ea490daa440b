import { createFixedClock, type Stamps } from "./breaks.ts";

type Seconds = number;

/** What is needed of a packet to place it. */
interface Timed {
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

/** Reads packets in coding order and places them on a clock of frames that each have a time. */
export class PacketQueue<Packet extends Timed> {
  /** Why the source could not be read to its end, or null. */
  readError: string | null = null;
  readonly #packets: AsyncGenerator<Packet, void>;
  readonly #typical: Seconds;
  readonly #clock;
  readonly #ahead: Packet[] = [];
  #aheadBytes = 0;
  #expected: Seconds | null = null;
  #isDoubtful = false;
  #ended = false;

  /**
   * @param typical how long a frame lasts if its packet does not say.
   * @param latest the latest time that the file declares, or null.
   */
  constructor(packets: AsyncGenerator<Packet, void>, typical: Seconds, latest: Seconds | null) {
    this.#packets = packets;
    this.#typical = typical;
    this.#clock = createFixedClock(latest);
  }

  /** Packets whose timestamps were ignored. */
  get damaged(): number {
    return this.#clock.damaged;
  }

  /** The next packet; null at the end. */
  async next(): Promise<Placed<Packet> | null> {
    const packet = this.#ahead.shift() ?? (await this.#read());
    if (packet === null) return null;
    this.#aheadBytes -= this.#ahead.length === 0 ? this.#aheadBytes : packet.data.length;
    const stamps = this.#stampsOf(packet);
    this.#isDoubtful ||= Math.abs(packet.time - (this.#expected ?? packet.time)) > doubtful;
    if (this.#isDoubtful) await this.#lookAhead();
    this.#expected = packet.time + stamps.duration;
    const placed = this.#clock.place(stamps, (i) => (this.#ahead[i] ? this.#stampsOf(this.#ahead[i]) : null));
    return { packet, time: placed.pts ?? packet.time, duration: placed.duration };
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
