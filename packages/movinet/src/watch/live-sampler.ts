type Seconds = number;

/** How far a step of the stream's own time may run ahead of the wall clock's, before it counts as a jump. */
const mostAhead: Seconds = 2;
/** The stream's time is at most so far ahead of the wall clock: servers may send what they kept at once. */
const mostLead: Seconds = 3;
/** Share of the difference between the two clocks that each picture corrects: cameras' clocks run fast or slow. */
const correction = 0.001;
/** Weight of the newest picture in the mean time between pictures. */
const newest = 0.1;

/** A picture to process. */
export interface Sample {
  /** Seconds since the first picture. */
  readonly time: Seconds;
  /** Index of the last frame that it serves, from 0. */
  readonly frame: number;
  /** How many frames it serves: more than one if the camera is slower than the sampling. */
  readonly times: number;
  /** Whether nothing came for so long before it that it begins a new stream. */
  readonly gap: boolean;
}

/**
 * Chooses the pictures of a live stream that are processed: for each instant `k / fps` the nearest one. Steps between pictures are
 * those of their timestamps, which are steadier than arrivals; where timestamps are missing, jump or restart, those of the wall
 * clock, which also bounds how far they may drift.
 */
export class LiveSampler {
  readonly #fps: number;
  readonly #gap: Seconds;
  #arrived: Seconds | null = null;
  #began: Seconds = 0;
  #stamp: Seconds | null = null;
  #time: Seconds = 0;
  #interval: Seconds = 0;
  #frame = -1;

  /** @param gap seconds without a picture after which a new stream begins. */
  constructor(fps: number, gap: Seconds) {
    this.#fps = fps;
    this.#gap = gap;
  }

  /** The next picture in display order: its timestamp, or null, and when it arrived, both in seconds. Null: not processed. */
  add(stamp: Seconds | null, arrived: Seconds): Sample | null {
    if (this.#arrived === null) {
      this.#began = arrived;
      this.#remember(stamp, arrived);
      this.#frame = 0;
      return { time: 0, frame: 0, times: 1, gap: false };
    }
    const step = this.#step(stamp, arrived);
    const gap = step > this.#gap;
    const wall = arrived - this.#began;
    const time = this.#time + step;
    this.#time = Math.max(this.#time, Math.min(time + correction * (wall - time), wall + mostLead));
    if (!gap) this.#interval += newest * (Math.min(step, 1 / this.#fps) - this.#interval);
    this.#remember(stamp, arrived);
    const frame = Math.floor((this.#time + this.#interval / 2) * this.#fps);
    const times = gap ? 1 : frame - this.#frame;
    if (times <= 0) return null;
    this.#frame = frame;
    return { time: this.#time, frame, times, gap };
  }

  #step(stamp: Seconds | null, arrived: Seconds): Seconds {
    const byWall = Math.max(0, arrived - (this.#arrived ?? arrived));
    if (stamp === null || this.#stamp === null) return byWall;
    const byStamp = stamp - this.#stamp;
    return byStamp >= 0 && byStamp <= byWall + mostAhead ? byStamp : byWall;
  }

  #remember(stamp: Seconds | null, arrived: Seconds): void {
    this.#stamp = stamp;
    this.#arrived = arrived;
  }
}
