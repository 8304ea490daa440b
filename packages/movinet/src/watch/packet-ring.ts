/** A packet that arrived at some time of the wall clock, in milliseconds. */
export interface RingPacket {
  readonly arrived: number;
  readonly bytes: number;
  /** Whether it can be decoded without those before. */
  readonly isKey: boolean;
  free(): void;
}

/** The last packets of a stream, limited in time and bytes. The first one is always a key packet. */
export class PacketRing<P extends RingPacket> {
  readonly #keptMs: number;
  readonly #mostBytes: number;
  #packets: P[] = [];
  #bytes = 0;

  constructor(keptMs: number, mostBytes: number) {
    this.#keptMs = keptMs;
    this.#mostBytes = mostBytes;
  }

  /** Bytes of all packets. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a packet, to free it when it is too old. */
  add(packet: P): void {
    if (this.#packets.length === 0 && !packet.isKey) {
      packet.free();
      return;
    }
    this.#packets.push(packet);
    this.#bytes += packet.bytes;
    for (;;) {
      const next = this.#packets.findIndex(({ isKey }, index) => index > 0 && isKey);
      const following = this.#packets[next];
      const isOld = following !== undefined && following.arrived <= packet.arrived - this.#keptMs;
      if (!isOld && this.#bytes <= this.#mostBytes) return;
      this.#drop(following ? next : this.#packets.length);
    }
  }

  /** The packets of a time, from the key packet at its beginning or before: still those of the ring. */
  between(from: number, until: number): readonly P[] {
    const key = this.#packets.findLastIndex(({ isKey, arrived }) => isKey && arrived <= from);
    return this.#packets.slice(Math.max(0, key)).filter(({ arrived }) => arrived <= until);
  }

  clear(): void {
    this.#drop(this.#packets.length);
  }

  #drop(count: number): void {
    for (const packet of this.#packets.splice(0, count)) {
      this.#bytes -= packet.bytes;
      packet.free();
    }
  }
}
