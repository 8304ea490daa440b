/** The place of a frame among those that the model sees. */
export interface Place {
  /** Number of the sampling instant, counted from 0. */
  readonly slot: number;
  /** Seconds of video that the model has seen. It never falls, and stops while no frame comes. */
  readonly time: number;
  /** Instants without a frame since the last one. */
  readonly missed: number;
  /** Whether the state belongs to another moment, since no frame came for long. */
  readonly afterGap: boolean;
}

/** How early a frame may come, as a part of the interval: cameras are not punctual. */
const early = 0.25;
/** Seconds without a frame after which the state is reset. */
export const longestGap = 2;

/**
 * Samples frames of any rate at the instants `k / rate`. When a clip loops or is sought in, sampling goes on at the next
 * instant.
 */
export class Pacer {
  readonly #rate: number;
  /** The time of slot 0. */
  readonly #begin: number;
  #origin: number | null = null;
  #slot = -1;
  #seen = 0;

  /** `rate`: frames a second. `begin`: seconds at which time starts. */
  constructor(rate: number, begin = 0) {
    this.#rate = rate;
    this.#begin = begin;
  }

  /** The place of a frame with this time on its source's clock, or null if it is not needed. */
  take(seconds: number): Place | null {
    const afterGap = this.#origin !== null && seconds - this.#seen > longestGap;
    const fresh = this.#origin === null || seconds < this.#seen || afterGap;
    this.#seen = seconds;
    const next = this.#slot + 1;
    if (fresh || this.#origin === null) this.#origin = seconds - next / this.#rate;
    const slot = fresh ? next : Math.floor((seconds - this.#origin) * this.#rate + early);
    if (slot <= this.#slot) return null;
    this.#slot = slot;
    return { slot, time: this.#begin + slot / this.#rate, missed: slot - next, afterGap };
  }
}
