type Seconds = number;

/** When a decoded frame is shown, as the file counts time. */
export interface Shown {
  readonly time: Seconds;
  readonly duration: Seconds;
  /** Packets between this frame and the previous one that gave no frame. */
  readonly lost: number;
  /** When the first of them would have been shown; without any, the time of this frame. */
  readonly lostFrom: Seconds;
}

const rounding: Seconds = 1e-6;
/** Most packets without a frame that are remembered. */
const mostAwaited = 10_000;
/** A frame whose timestamp precedes the previous one by at most this many frames is shown together with it. */
const disorder = 2;

/** Orders decoded frames, so that their times never decrease, and notices packets that gave none. */
export class ShownOrder {
  /** Frames that came after one that is shown later. */
  late = 0;
  /** Times of packets that have given no frame yet. */
  #awaited: Seconds[] = [];
  #before: Shown | null = null;
  #wasLate = false;

  /** A packet goes to the decoder whose frame is shown at this time. */
  expect(time: Seconds): void {
    this.#awaited.push(time);
    if (this.#awaited.length > mostAwaited) this.#awaited.shift();
  }

  /** A frame came from the decoder. Null if it is late: drop it. */
  place(stamp: Seconds | null, duration: Seconds): Shown | null {
    const before = this.#before;
    const stamped = stamp ?? (before ? before.time + before.duration : 0);
    const earliest = before === null ? stamped : before.time - (this.#wasLate ? 0 : disorder * before.duration);
    this.#wasLate = stamped < earliest;
    if (this.#wasLate) {
      this.late++;
      return null;
    }
    const time = Math.max(stamped, before?.time ?? stamped);
    const since = before?.time ?? -Infinity;
    const lost = this.#awaited.filter((awaited) => awaited > since && awaited < time - rounding);
    this.#awaited = this.#awaited.filter((awaited) => awaited > time + rounding);
    const lostFrom = lost.reduce((a, b) => Math.min(a, b), time);
    this.#before = { time, duration, lost: lost.length, lostFrom };
    return this.#before;
  }

  /** Times of packets after the last frame that gave none; known at the end. */
  get unseen(): readonly Seconds[] {
    return this.#awaited;
  }

  restart(): void {
    this.late = 0;
    this.#awaited = [];
    this.#before = null;
  }
}
