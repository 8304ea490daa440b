/** Takes turns between cameras: each waits for at most one picture of every other. */
import { probabilities, topK } from "../flow/predict.ts";
import { preprocess } from "../flow/preprocess.ts";
import type { SessionSource } from "../session/program.ts";
import type { CameraPicture } from "./camera.ts";
import { Lanes } from "./lanes.ts";
import type { WatchPrediction } from "./records.ts";

/** What a camera's stream needs of the network. */
export interface SeatOptions {
  readonly name: string;
  /** Predictions per record. */
  readonly top: number;
  /** Half-life of the network's memory in frames of one session; Infinity: it never forgets. */
  readonly halfLifeFrames: number;
  readonly late: "drop" | "wait";
  /** Called when a stream has its sessions, before its first picture. */
  prepare(lanes: Lanes): Promise<void>;
}

/** A camera's place at the network: it has at most one picture waiting. */
export class Seat {
  readonly options: SeatOptions;
  readonly lanes: Lanes;
  picture: CameraPicture | null = null;
  /** The number of sessions of the stream that begins with the next picture; `undefined`: none begins. */
  begin: number | null | undefined = undefined;
  /** Pictures dropped since the last record. */
  dropped = 0;
  taken = () => {};

  constructor(options: SeatOptions, lanes: Lanes) {
    this.options = options;
    this.lanes = lanes;
  }
}

/** What a runner needs of its surroundings. */
export interface RunnerWorld {
  /** Wall clock in milliseconds. */
  now(): number;
  /** Lets what arrived meanwhile in: a step may run without a pause. */
  breathe(): Promise<void>;
  /** Takes a record and the scores of all classes; resolves once there is room for more. */
  emit(record: WatchPrediction, scores: Float32Array): Promise<void>;
}

export class Runner {
  readonly #program: SessionSource;
  readonly #world: RunnerWorld;
  readonly #seats = new Set<Seat>();
  readonly #planes: Float32Array;
  #wake = () => {};
  #stopped = false;
  /** The step that is being computed. */
  #step: Promise<void> = Promise.resolve();

  constructor(program: SessionSource, world: RunnerWorld) {
    const { width, height } = program.model.card.input;
    this.#program = program;
    this.#world = world;
    this.#planes = new Float32Array(3 * width * height);
  }

  take(options: SeatOptions): Seat {
    const seat = new Seat(options, new Lanes(this.#program, options.halfLifeFrames));
    this.#seats.add(seat);
    return seat;
  }

  /** A stream begins anew: a picture of the one before that still waits is dropped. */
  begin(seat: Seat, lanes: number | null): void {
    this.#drop(seat);
    seat.begin = lanes ?? seat.begin ?? null;
  }

  /** Offers a picture. Resolves at once where late pictures are dropped, else when it is taken. */
  async offer(seat: Seat, picture: CameraPicture): Promise<void> {
    seat.dropped += picture.dropped;
    this.#drop(seat);
    seat.picture = picture;
    this.#wake();
    if (seat.options.late === "drop") return;
    await new Promise<void>((resolve) => {
      seat.taken = resolve;
    });
  }

  /** Frees a place, after its camera has stopped; afterwards nothing is computed for it. */
  async leave(seat: Seat): Promise<void> {
    this.#seats.delete(seat);
    seat.picture = null;
    seat.taken();
    await this.#step.catch(() => {});
  }

  /** Works until {@link Runner.stop}. Throws what the network throws. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const waiting = [...this.#seats].filter(({ picture }) => picture !== null);
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      for (const seat of waiting) {
        if (this.#stopped || !this.#seats.has(seat)) continue;
        this.#step = this.#take(seat);
        await this.#step;
        await this.#world.breathe();
      }
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  async #take(seat: Seat): Promise<void> {
    const { picture, options, lanes, begin, dropped } = seat;
    if (picture === null) return;
    seat.picture = null;
    seat.begin = undefined;
    seat.dropped = 0;
    seat.taken();
    if (begin !== undefined) {
      await lanes.begin(begin);
      await options.prepare(lanes);
    }
    const { card } = this.#program.model;
    preprocess({ ...card.input, data: picture.data }, card.input, this.#planes);
    const toScores = (logits: Float32Array) => probabilities(logits, card.output);
    for (let k = picture.times - 1; k >= 0; k--) await lanes.step(this.#planes, picture.frame - k, toScores);
    const record: WatchPrediction = {
      type: "prediction",
      source: options.name,
      at: new Date(picture.arrived).toISOString(),
      time: Math.round(1000 * picture.time) / 1000,
      predictions: topK(lanes.scores, card.labels, options.top),
      lagMs: Math.round(10 * (this.#world.now() - picture.arrived)) / 10,
      dropped,
    };
    await this.#world.emit(record, lanes.scores);
  }

  #drop(seat: Seat): void {
    if (seat.picture === null) return;
    seat.picture = null;
    seat.dropped++;
    seat.taken();
  }
}
