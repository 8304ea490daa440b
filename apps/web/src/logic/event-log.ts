/** A stretch of time over which one class was named, in seconds of video that the model has seen. */
export interface ActionEvent {
  readonly id: number;
  readonly label: string;
  readonly start: number;
  /** Null while it lasts. */
  readonly end: number | null;
  /** The highest smoothed probability. */
  readonly peak: number;
}

/** Shorter names are flicker, not events. Seconds. */
const shortest = 0.3;

/** How much a peak must rise to be worth telling. */
const step = 0.005;

/** Turns the names of moments into events. */
export class EventLog {
  #current: (ActionEvent & { readonly end: null }) | null = null;
  #next = 1;
  /** The peak of the current event that was told last; null before the first time. */
  #told: number | null = null;

  /** Adds a moment and returns the events that changed. */
  update(named: { readonly label: string; readonly score: number } | null, time: number): readonly ActionEvent[] {
    const before = this.#current;
    if (before !== null && named?.label === before.label) {
      this.#current = { ...before, peak: Math.max(before.peak, named.score) };
      if (time - before.start < shortest || this.#current.peak < (this.#told ?? 0) + step) return [];
      this.#told = this.#current.peak;
      return [this.#current];
    }
    const ended = this.end(time);
    if (named !== null) {
      this.#current = { id: this.#next++, label: named.label, start: time, end: null, peak: named.score };
    }
    return ended;
  }

  /** Ends the current event and returns it. */
  end(time: number): readonly ActionEvent[] {
    const before = this.#current;
    this.#current = null;
    this.#told = null;
    return before !== null && time - before.start >= shortest ? [{ ...before, end: time }] : [];
  }
}
