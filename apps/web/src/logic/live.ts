import { type ActionEvent, EventLog } from "./event-log.ts";
import { Interleaved, type Stepper } from "./interleaved.ts";
import { Pacer } from "./pacer.ts";
import { type Named, Smoother } from "./smoother.ts";

/** The answer after a frame. */
export interface Answer {
  /** Seconds of video that the model has seen. */
  readonly time: number;
  /** Smoothed probability of each class. */
  readonly scores: Float32Array;
  readonly named: Named | null;
  /** Milliseconds for this frame: scaling it and running the network. */
  readonly ms: number;
  /** Seconds of video since the last reset. */
  readonly stateSeconds: number;
  /** Instants for which no frame came in time. */
  readonly dropped: number;
  /** Events that changed. */
  readonly events: readonly ActionEvent[];
}

export interface LiveOptions<Image> {
  /** Interleaved; one runs at the model's own rate. */
  readonly streams: readonly Stepper<Image>[];
  /** The model's own frames a second. */
  readonly fps: number;
  readonly labels: readonly string[] | null;
  /** Seconds at which time starts. */
  readonly begin: number;
}

/** Frames in, names out: the flow of the live view. It needs no browser. */
export class Live<Image> {
  readonly #options: LiveOptions<Image>;
  readonly #rate: number;
  readonly #streams: Interleaved<Image>;
  readonly #smoother = new Smoother();
  readonly #events = new EventLog();
  #pacer: Pacer;
  #time: number;
  #dropped = 0;

  constructor(options: LiveOptions<Image>) {
    this.#options = options;
    this.#rate = options.fps * options.streams.length;
    this.#streams = new Interleaved(options.streams);
    this.#pacer = new Pacer(this.#rate, options.begin);
    this.#time = options.begin;
  }

  get time(): number {
    return this.#time;
  }

  /** Processes a frame with this time on its source's clock, or returns null if it is not needed. */
  async see(image: Image, seconds: number, threshold: number): Promise<Answer | null> {
    const place = this.#pacer.take(seconds);
    if (place === null) return null;
    if (place.afterGap) await this.#forget();
    const started = performance.now();
    const answer = await this.#streams.step(place.slot, image);
    const ms = performance.now() - started;
    this.#time = place.time;
    this.#dropped += place.missed;
    const scores = this.#smoother.update(answer, place.time);
    const named = this.#smoother.name(threshold);
    const events = this.#events.update(named && { ...named, label: this.#labelOf(named.index) }, place.time);
    const stateSeconds = this.#streams.count / this.#rate;
    return { time: place.time, scores, named, ms, stateSeconds, dropped: this.#dropped, events };
  }

  /** Ends the current event and returns it. */
  end(): readonly ActionEvent[] {
    return this.#events.end(this.#time);
  }

  /** Resets the state. Returns the events that this ends. */
  async restart(): Promise<readonly ActionEvent[]> {
    await this.#forget();
    this.#pacer = new Pacer(this.#rate, this.#time + 1 / this.#rate);
    this.#dropped = 0;
    return this.end();
  }

  async #forget(): Promise<void> {
    this.#smoother.reset();
    await this.#streams.reset();
  }

  #labelOf(index: number): string {
    return this.#options.labels?.[index] ?? `class ${index}`;
  }
}
