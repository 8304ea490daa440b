import { percentile, renderTimings } from "movinet";

/** What all sources of a run took together; memory stays bounded however many there are. */
export class Totals {
  frames = 0;
  seconds = 0;
  decodeMs = 0;
  preprocessMs = 0;
  inferMs = 0;
  readonly #started = performance.now();
  /** Every `#stride`-th step, at most {@link Totals.kept} of them. */
  #steps: number[] = [];
  #stride = 1;
  #seen = 0;
  static readonly kept = 20_000;

  addStep(ms: number): void {
    this.inferMs += ms;
    if (this.#seen++ % this.#stride === 0) this.#steps.push(ms);
    if (this.#steps.length < Totals.kept) return;
    this.#steps = this.#steps.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  get elapsedMs(): number {
    return performance.now() - this.#started;
  }

  render(stateBytes: number): string {
    const totalMs = this.elapsedMs;
    return renderTimings(
      {
        frames: this.frames,
        seconds: this.seconds,
        decodeMs: this.decodeMs,
        preprocessMs: this.preprocessMs,
        inferMs: this.inferMs,
        totalMs,
        stepP50Ms: percentile(this.#steps, 50),
        stepP95Ms: percentile(this.#steps, 95),
        realTimeFactor: this.seconds / (totalMs / 1000),
        stateBytes,
        peakRssBytes: process.resourceUsage().maxRSS * 1024,
      },
      { color: Boolean(process.stderr.isTTY) && !process.env["NO_COLOR"] },
    );
  }
}
