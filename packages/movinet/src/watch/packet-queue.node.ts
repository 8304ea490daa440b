import { AVERROR_EAGAIN, AVERROR_EOF } from "node-av/constants";
import { Packet } from "node-av/lib";
import { CameraFail, type CameraInput, check } from "./camera-input.node.ts";

/** A packet, and the wall clock in milliseconds at which it arrived. */
export interface ArrivedPacket {
  readonly packet: Packet;
  readonly arrived: number;
}

/** Packets that have waited longer are dropped up to the next one that can be decoded alone. */
const longestWaitMs = 1000;
/** Packets to read ahead when nothing is dropped. */
const mostAhead = 32;
/** A step of the timestamps that pacing follows no longer, in seconds. */
const longestStep = 10;

/** Reads packets as they arrive, however long those before take to decode, and notes when. */
export class PacketQueue {
  /** Packets dropped since it was last set to 0. */
  dropped = 0;
  readonly #input: CameraInput;
  /** What happens to packets that are decoded too late: they are dropped, or reading waits. */
  readonly #late: "drop" | "wait";
  readonly #note: (packet: Packet, arrived: number) => void;
  readonly #queue: ArrivedPacket[] = [];
  #needsKey = false;
  #end: { readonly error: unknown } | null = null;
  #wake = () => {};
  #resume = () => {};
  #stopped = false;
  readonly #done: Promise<void>;

  /** @param note sees each packet as it arrives. */
  constructor(input: CameraInput, late: "drop" | "wait", note: (packet: Packet, arrived: number) => void) {
    this.#input = input;
    this.#late = late;
    this.#note = note;
    this.#done = this.#read().then(
      () => this.#finish(new CameraFail("ended", "it ended")),
      (error: unknown) => this.#finish(error),
    );
  }

  /** The next packet, for the caller to free. Throws {@link CameraFail} after the last. */
  async next(): Promise<ArrivedPacket> {
    for (;;) {
      if (this.#late === "drop") this.#dropLate();
      const next = this.#queue.shift();
      this.#resume();
      if (next) return next;
      if (this.#end) throw this.#end.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Stops reading; the input may be closed afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#input.format.interrupt();
    this.#resume();
    await this.#done;
    for (const { packet } of this.#queue.splice(0)) packet.free();
  }

  #finish(error: unknown): void {
    this.#end = { error };
    this.#wake();
  }

  async #read(): Promise<void> {
    const { format, stream } = this.#input;
    let [late, reading] = [false, false];
    const timer = setTimeout(() => {
      if (!reading) return;
      late = true;
      format.interrupt();
    }, this.#input.quietMs);
    const pace = this.#input.early ? new Pace(stream.timeBase.num / stream.timeBase.den) : null;
    try {
      while (!this.#stopped) {
        const packet = new Packet();
        packet.alloc();
        reading = true;
        timer.refresh();
        const code = await format.readFrame(packet);
        reading = false;
        if (code < 0 || packet.streamIndex !== stream.index) {
          packet.free();
          if (late) throw new CameraFail("timeout", `nothing arrived for ${this.#input.quietMs / 1000} s`);
          if (this.#stopped || code === AVERROR_EOF) return;
          if (code !== AVERROR_EAGAIN) check(code);
          continue;
        }
        if (pace) await pace.wait(Number(packet.dts));
        const arrived = Date.now();
        this.#note(packet, arrived);
        this.#queue.push({ packet, arrived });
        this.#wake();
        while (this.#late === "wait" && this.#queue.length >= mostAhead && !this.#stopped) {
          await new Promise<void>((resolve) => {
            this.#resume = resolve;
          });
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #dropLate(): void {
    const [first] = this.#queue;
    if (first && !this.#needsKey && Date.now() - first.arrived > longestWaitMs) this.#needsKey = true;
    if (!this.#needsKey) return;
    const key = this.#queue.findLastIndex(({ packet }) => packet.isKeyframe);
    const count = key < 0 ? this.#queue.length : key;
    for (const { packet } of this.#queue.splice(0, count)) packet.free();
    this.dropped += count;
    if (key >= 0) this.#needsKey = false;
  }
}

/** Lets packets pass when it is their time, as a camera would send them. */
class Pace {
  readonly #tick: number;
  #began = 0;
  #first: number | null = null;
  #before = 0;

  constructor(tick: number) {
    this.#tick = tick;
  }

  async wait(dts: number): Promise<void> {
    const time = dts * this.#tick;
    const step = Math.abs(time - this.#before);
    this.#before = time;
    const now = performance.now() / 1000;
    if (this.#first === null || !(step < longestStep)) {
      this.#first = time;
      this.#began = now;
    }
    const ahead = this.#began + time - this.#first - now;
    if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, 1000 * ahead));
    // Who fell behind, because the source did, does not hurry afterwards.
    else if (ahead < -1) this.#began -= ahead;
  }
}
