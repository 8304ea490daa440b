import { setImmediate } from "node:timers/promises";
import type { DependencyError, MovinetError } from "../common/errors.ts";
import { Turns } from "../common/turns.ts";
import type { SessionSource } from "../session/program.ts";
import { Camera, type World } from "./camera.ts";
import { CameraProcess } from "./camera-process.node.ts";
import { clipPath } from "./clip-names.node.ts";
import { ClipOrders } from "./clip-orders.ts";
import type { EventDetector } from "./events.ts";
import { readLiveSource } from "./live-source.ts";
import { RecordQueue } from "./record-queue.ts";
import type { WatchEvent, WatchPrediction, WatchRecord, WatchStatus } from "./records.ts";
import { Runner, type Seat } from "./runner.ts";
import { checkSettings, detectorOf, nameTaken, unknownName, type WatchOptions, type WatchSource } from "./settings.ts";
import { readState, writeState } from "./state-file.node.ts";

/** Records that nobody has read yet, beyond which pictures wait or are dropped. */
const mostUnread = 256;

const world: World = {
  now: () => Date.now(),
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

interface Watched {
  readonly camera: Camera;
  readonly seat: Seat;
  /** Null: the source has no events. */
  readonly detector: EventDetector | null;
  /** Null: it keeps no clips. */
  readonly clips: ClipOrders | null;
  /** Resolves once the source has ended for good. */
  readonly done: Promise<void>;
  isDone: boolean;
}

/**
 * Watches live sources with one network. Each source has its own process, which reads and decodes it; one that is lost is connected
 * again until the watch ends. Iterate it for its records; the iteration ends when all sources are files or standard input and have
 * ended, or with {@link Watch}'s disposal, which `break` causes too. Throws {@link DependencyError} if node-av is missing.
 */
export class Watch implements AsyncIterable<WatchRecord>, AsyncDisposable {
  readonly #program: SessionSource;
  readonly #options: WatchOptions;
  readonly #records = new RecordQueue<WatchRecord>(mostUnread);
  readonly #runner: Runner;
  readonly #running: Promise<void>;
  readonly #watched = new Map<string, Watched>();
  readonly #turns: Turns;

  constructor(program: SessionSource, options: WatchOptions) {
    this.#program = program;
    this.#options = options;
    this.#turns = new Turns(this, "watch", program.model.card.name);
    this.#runner = new Runner(program, {
      now: world.now,
      breathe: () => setImmediate(),
      emit: (record, scores) => this.#emit(record, scores),
    });
    this.#running = this.#runner.run().catch((error: unknown) => this.#records.end({ error }));
  }

  /** Names of the sources. */
  get names(): readonly string[] {
    return [...this.#watched.keys()];
  }

  /** Labels of a source's classes that have events. Throws {@link MovinetError} (`E_WATCH_SOURCE`) for an unknown name. */
  classesOf(name: string): readonly string[] {
    const watched = this.#watched.get(name);
    if (!watched) throw unknownName(name);
    return watched.detector?.labels ?? [];
  }

  /**
   * Adds a source and returns its name. Throws {@link MovinetError} (`E_WATCH_SOURCE`) for a source that cannot be watched or a name
   * that is taken, `TypeError` for settings out of range and unknown classes of events.
   */
  add(source: string | WatchSource): string {
    this.#turns.check();
    const given = typeof source === "string" ? { source } : source;
    const settings = { ...this.#options, ...given };
    const found = readLiveSource(given.source);
    const { card } = this.#program.model;
    const name = given.name ?? found.name;
    if (this.#watched.has(name)) throw nameTaken(name);
    const { start, top, halfLifeFrames } = checkSettings(settings, found, card);
    const detector = detectorOf(name, settings, this.#program.model);
    const { stateFolder } = this.#options;
    const { clips: folder } = settings;
    const clips =
      start.keeps && folder !== undefined
        ? new ClipOrders(
            (time, label) => clipPath(folder, name, time, label),
            (order) => camera.order(order),
          )
        : null;
    let isFirst = true;
    const seat = this.#runner.take({
      name,
      top,
      halfLifeFrames,
      late: start.late,
      prepare: async (lanes) => {
        if (isFirst && stateFolder !== undefined)
          await readState(stateFolder, name, halfLifeFrames, this.#program.model, lanes);
        isFirst = false;
      },
    });
    let known: WatchStatus["state"] = "connecting";
    const listener = {
      status: (state: WatchStatus["state"], message: string) => {
        known = state;
        if (state === "lost") this.#endEvents(watched);
        void this.#records.add({ type: "status", source: name, state, message });
      },
      clips: (fitsMp4: boolean, codec: string) => {
        if (clips?.hasClips && !fitsMp4) listener.problem(`no clips are saved: MP4 cannot contain ${codec}`);
        if (clips) clips.hasClips = fitsMp4;
      },
      problem: (message: string) => {
        void this.#records.add({ type: "status", source: name, state: known, message });
      },
      begin: (lanes: number | null) => this.#runner.begin(seat, lanes),
      picture: (picture: Parameters<Runner["offer"]>[1]) => this.#runner.offer(seat, picture),
    };
    const camera = new Camera(start, () => new CameraProcess(found.kind === "pipe"), listener, world);
    const watched: Watched = { camera, seat, detector, clips, isDone: false, done: this.#follow(name, camera) };
    this.#watched.set(name, watched);
    return name;
  }

  /** Ends a source; the others are not disturbed. Throws {@link MovinetError} (`E_WATCH_SOURCE`) for an unknown name. */
  async remove(name: string): Promise<void> {
    const watched = this.#watched.get(name);
    if (!watched) throw unknownName(name);
    this.#watched.delete(name);
    this.#endEvents(watched);
    await this.#stop(name, watched);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchRecord, void> {
    this.#turns.check();
    try {
      yield* this.#records.read();
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  /** Ends all sources and their processes, and saves the state. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(async () => {
      for (const watched of this.#watched.values()) this.#endEvents(watched);
      this.#records.end();
      this.#runner.stop();
      await this.#running;
      const all = [...this.#watched];
      this.#watched.clear();
      const failures = await Promise.allSettled(all.map(([name, watched]) => this.#stop(name, watched)));
      for (const failed of failures) if (failed.status === "rejected") throw failed.reason;
    });
  }

  async #emit(record: WatchPrediction, scores: Float32Array): Promise<void> {
    await this.#records.add(record);
    const { at, time, source } = record;
    const watched = this.#watched.get(source);
    for (const event of watched?.detector?.add({ at, time, scores }) ?? []) {
      await this.#records.add(withClip(event, watched));
    }
  }

  #endEvents(watched: Watched): void {
    for (const event of watched.detector?.interrupt() ?? []) void this.#records.add(withClip(event, watched));
  }

  async #follow(name: string, camera: Camera): Promise<void> {
    try {
      await camera.run();
    } catch (error) {
      this.#records.end({ error });
    }
    const watched = this.#watched.get(name);
    if (watched) watched.isDone = true;
    const all = [...this.#watched.values()];
    if (all.length > 0 && all.every(({ isDone }) => isDone)) this.#records.end();
  }

  async #stop(name: string, { camera, seat, done }: Watched): Promise<void> {
    await camera.stop();
    await this.#runner.leave(seat);
    await done;
    const { stateFolder } = this.#options;
    const { halfLifeFrames } = seat.options;
    try {
      if (stateFolder !== undefined)
        await writeState(stateFolder, name, halfLifeFrames, this.#program.model, seat.lanes);
    } finally {
      await seat.lanes[Symbol.asyncDispose]();
    }
  }
}

/** Orders the event's clip. */
function withClip(event: WatchEvent, watched: Watched | undefined): WatchEvent {
  return watched?.clips?.add(event) ?? event;
}

/**
 * Watches live sources with a stream model that an engine has loaded. Dispose the watch before the program. Throws what {@link Watch.add}
 * throws, and `TypeError` for base models.
 */
export function watch(
  program: SessionSource,
  sources: readonly (string | WatchSource)[],
  options: WatchOptions = {},
): Watch {
  const { spec, card } = program.model;
  if (spec.mode !== "stream") throw new TypeError(`${card.name} takes whole clips: watch with a stream model`);
  const made = new Watch(program, options);
  try {
    for (const source of sources) made.add(source);
    return made;
  } catch (error) {
    void made[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}
