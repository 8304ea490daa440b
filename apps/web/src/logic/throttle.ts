/** Hands on the newest of many values, at most once per interval. The last one is never lost. */
export class Throttle<T> {
  readonly #interval: number;
  readonly #show: (value: T) => void;
  #waiting: { readonly value: T } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = Number.NEGATIVE_INFINITY;

  /** `interval`: milliseconds. */
  constructor(interval: number, show: (value: T) => void) {
    this.#interval = interval;
    this.#show = show;
  }

  /** Shows the value when its turn comes, or at once if it is urgent; a newer one replaces it. */
  give(value: T, urgent: boolean): void {
    this.#waiting = { value };
    const wait = urgent ? 0 : this.#shown + this.#interval - performance.now();
    if (wait <= 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), wait);
  }

  /** Forgets the value that waits. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = null;
  }

  #flush(): void {
    const { value } = this.#waiting as { readonly value: T };
    this.clear();
    this.#shown = performance.now();
    this.#show(value);
  }
}
