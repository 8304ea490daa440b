/** Pictures from which a camera's rate is measured. */
const enough = 13;
/** Most sessions that take turns. */
const mostLanes = 12;

/** Measures the frame rate of a camera by the median time between pictures. */
export class RateMeter {
  readonly #times: number[] = [];

  /** @param time of the next picture, in seconds. Returns null until there are enough. */
  add(time: number): number | null {
    this.#times.push(time);
    if (this.#times.length < enough) return null;
    const steps = this.#times.slice(1).map((time, i) => time - (this.#times[i] as number));
    const median = steps.toSorted((a, b) => a - b)[steps.length >> 1] as number;
    return 1 / Math.max(median, 1e-3);
  }
}

/** How many sessions, each fed at `fps`, take all pictures of a camera together. */
export function lanesFor(rate: number, fps: number): number {
  return Math.min(mostLanes, Math.max(1, Math.round(rate / fps)));
}
