import { Turns } from "../common/turns.ts";
import { headFeatures } from "../graph/passes.ts";
import { elementsOf } from "../graph/shapes.ts";
import type { CarriedState } from "../graph/step-interface.ts";
import type { Call, Outputs } from "./call.ts";
import { Classifier, type ClassifierCalls, concat, joined } from "./classifier.ts";
import { HeadPool } from "./head-pool.ts";
import { checkOptions, checkStream, countFrames, countProblems, refuseState, stateProblems } from "./session-rules.ts";
import { rememberedFrames, type StepOutputs, type StreamSession, type StreamState } from "./stream-session.ts";
import { Streams } from "./streams.ts";

/** The calls of one network. */
export interface Calls {
  /** One frame of each stream. */
  readonly one: Call;
  /** Several frames, if steps have as many. */
  readonly many: Call;
  /** The part after the pool of its head, and the states of that pool; null: the calls run the whole network. */
  readonly head: { readonly classifier: ClassifierCalls; readonly states: readonly CarriedState[] } | null;
}

export interface SessionOptions {
  readonly streams: number;
  readonly halfLifeFrames: number;
  /** Of a second memory, the source of `recent`; null: none. */
  readonly recentHalfLifeFrames: number | null;
}

/** What is kept of a frame until outputs are requested. */
interface Noted {
  /** The outputs of the calls, also of the second memory if they run the whole network. */
  readonly said: Outputs;
  /** Means of the head's pool, `[memories · streams, channels]`. */
  readonly means: Float32Array;
}

/** A stream session in this thread. Streams go through the network together if the engine supports several. */
export class LocalStreamSession implements StreamSession {
  readonly streams: number;
  readonly stateBytes: number;
  readonly #calls: Calls;
  readonly #groups: readonly Streams[];
  /** The streams again, in a network whose own pools age: needed for the recent past if there are such pools. */
  readonly #ageing: Streams | null;
  /** For the head, one per memory. */
  readonly #pools: readonly HeadPool[];
  readonly #classifier: Classifier | null;
  /** For the head's pool. */
  readonly #channels: number;
  readonly #hasRecent: boolean;
  #noted: Noted[] = [];
  readonly #turns: Turns;

  /** `subject` names the session in errors; half-lives are Infinity for pools that never forget. */
  constructor(subject: string, calls: Calls, { streams, halfLifeFrames, recentHalfLifeFrames }: SessionOptions) {
    checkOptions(streams, halfLifeFrames);
    checkOptions(streams, recentHalfLifeFrames ?? Number.POSITIVE_INFINITY);
    const { one, many, head } = calls;
    this.streams = streams;
    this.#calls = { one, many: halfLifeFrames < Number.POSITIVE_INFINITY ? one : many, head };
    const together = one.executable.streams === "any" ? streams : one.executable.streams;
    const made: Streams[] = [];
    const make = (count: number, halfLife: number) => {
      try {
        const begun = new Streams(one, count, halfLife);
        made.push(begun);
        return begun;
      } catch (error) {
        for (const begun of made) begun.dispose();
        throw error;
      }
    };
    this.#groups = Array.from({ length: streams / together }, () => make(together, halfLifeFrames));
    this.#hasRecent = recentHalfLifeFrames !== null;
    const hasPools = head === null || one.step.states.some(({ kind }) => kind === "sum");
    this.#ageing = recentHalfLifeFrames !== null && hasPools ? make(streams, recentHalfLifeFrames) : null;
    const memories = recentHalfLifeFrames === null ? [halfLifeFrames] : [halfLifeFrames, recentHalfLifeFrames];
    this.#pools = head ? memories.map((halfLife) => new HeadPool(head.states, streams, halfLife)) : [];
    this.#classifier = head && new Classifier(head.classifier);
    this.#channels = elementsOf(head?.states.find(({ kind }) => kind === "sum")?.shape ?? []);
    const bytes = (states: readonly CarriedState[]) =>
      states.reduce((sum, { shape }) => sum + 4 * elementsOf(shape), 0);
    this.stateBytes = bytes(one.step.states) * (this.#ageing ? 2 : 1) + bytes(head?.states ?? []) * this.#pools.length;
    this.#turns = new Turns(this, "session", subject);
  }

  async step(frames: Float32Array): Promise<StepOutputs> {
    const count = countFrames(frames, this.streams, this.#calls.one.step.picture);
    return this.#turns.take(async () => {
      await this.#advance(frames, count);
      return this.#outputs(1);
    });
  }

  async advance(frames: Float32Array): Promise<void> {
    const count = countFrames(frames, this.streams, this.#calls.one.step.picture);
    return this.#turns.take(() => this.#advance(frames, count));
  }

  async outputs(frames = 1): Promise<StepOutputs> {
    return this.#turns.take(() => {
      const known = this.#noted.length;
      if (known === 0)
        throw new TypeError("no outputs yet: step or advance a frame first (also after reset and restore)");
      if (Number.isInteger(frames) && frames >= 1 && frames <= known) return this.#outputs(frames);
      throw new TypeError(`frames must be in 1..${known}, got ${frames}`);
    });
  }

  async reset(stream?: number): Promise<void> {
    if (stream !== undefined) checkStream(stream, this.streams);
    return this.#turns.take(async () => {
      this.#noted = [];
      if (stream !== undefined) {
        await this.#at(stream, (group, row) => group.reset(row));
        for (const pool of this.#pools) pool.reset(stream);
        if (this.#ageing) await this.#ageing.reset(stream);
        return;
      }
      for (const group of this.#groups) group.begin();
      for (const pool of this.#pools) pool.begin();
      this.#ageing?.begin();
    });
  }

  async snapshot(stream = 0): Promise<StreamState> {
    this.#refuseRecent();
    checkStream(stream, this.streams);
    return this.#turns.take(async () => ({
      ...(await this.#at(stream, (group, row) => group.save(row))),
      ...this.#pools[0]?.save(stream),
    }));
  }

  async restore(state: StreamState, stream = 0): Promise<void> {
    this.#refuseRecent();
    checkStream(stream, this.streams);
    const { step } = this.#calls.one;
    const states = [...step.states, ...(this.#calls.head?.states ?? [])];
    const known = Object.entries(state).filter(([name]) => !step.unused.some((one) => one.name === name));
    const told = states.filter((one) => one.kind === "count" && one.input === null);
    refuseState(
      [...stateProblems(Object.fromEntries(known), states), ...countProblems(state, told)],
      this.#turns.subject,
    );
    return this.#turns.take(async () => {
      this.#noted = [];
      await this.#at(stream, (group, row) => group.load(row, state));
      this.#pools[0]?.load(stream, state);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => {
      for (const group of this.#groups) group.dispose();
      this.#ageing?.dispose();
      this.#classifier?.dispose();
    });
  }

  async #advance(frames: Float32Array, count: number): Promise<void> {
    const { one, many } = this.#calls;
    const row = frames.length / count;
    for (let done = 0; done < count; ) {
      const call = count - done >= many.step.frames ? many : one;
      const end = done + call.step.frames;
      const pictures = frames.subarray(done * row, end * row);
      const said = await this.#call(call, pictures);
      const again = this.#ageing && (await this.#ageing.advance(call, pictures));
      for (let t = 0; t < call.step.frames; t++) this.#note(rowsOf(said, t, call), again && rowsOf(again, t, call));
      done = end;
    }
  }

  async #call(call: Call, pictures: Float32Array): Promise<Outputs> {
    const [first] = this.#groups;
    if (this.#groups.length === 1 && first) return first.advance(call, pictures);
    const size = pictures.length / this.streams;
    const said: Outputs[] = [];
    for (const [stream, group] of this.#groups.entries()) {
      said.push(await group.advance(call, pictures.subarray(stream * size, (stream + 1) * size)));
    }
    return joined(said);
  }

  /** Stores the outputs for one frame of each stream; `again` has those of the second memory. */
  #note(said: Outputs, again: Outputs | null): void {
    const { [headFeatures]: features, ...others } = said;
    if (!features) {
      const recent = again?.["logits"];
      this.#keep({ said: recent ? { ...said, recent } : said, means: new Float32Array() });
      return;
    }
    const means = new Float32Array(this.#pools.length * features.length);
    for (const [memory, pool] of this.#pools.entries()) {
      const seen = (memory > 0 && again?.[headFeatures]) || features;
      pool.add(seen, means.subarray(memory * features.length, (memory + 1) * features.length));
    }
    this.#keep({ said: others, means });
  }

  #keep(noted: Noted): void {
    this.#noted.push(noted);
    if (this.#noted.length > rememberedFrames) this.#noted.shift();
  }

  async #outputs(frames: number): Promise<StepOutputs> {
    const noted = this.#noted.slice(-frames);
    const said = joined(noted.map((one) => one.said));
    if (!this.#classifier) return said as StepOutputs;
    const given = await this.#classifier.run(concat(noted.map(({ means }) => means)), this.#channels);
    if (!this.#hasRecent) return { ...said, ...given } as unknown as StepOutputs;
    // One stream: rows of its two memories alternate.
    const everyOther = (values: Float32Array, first: number) =>
      concat(noted.map((_, t) => part(values, 2 * t + first, 2 * frames)));
    const whole = Object.entries(given).map(([name, values]) => [name, everyOther(values, 0)] as const);
    const recent = everyOther(given["logits"] as Float32Array, 1);
    return { ...said, ...Object.fromEntries(whole), recent } as unknown as StepOutputs;
  }

  #refuseRecent(): void {
    this.#turns.check();
    if (this.#hasRecent) throw new TypeError("sessions with recentHalfLifeFrames do not support snapshots");
  }

  #at<T>(stream: number, use: (group: Streams, row: number) => T): T {
    const together = this.streams / this.#groups.length;
    return use(this.#groups[Math.floor(stream / together)] as Streams, stream % together);
  }
}

/** The outputs for frame `t`, from the time-major outputs of a call with several frames. */
function rowsOf(said: Outputs, t: number, { step: { frames } }: Call): Outputs {
  if (frames === 1) return said;
  return Object.fromEntries(Object.entries(said).map(([name, values]) => [name, part(values, t, frames)]));
}

/** The `k`-th of `count` equal parts. */
function part(values: Float32Array, k: number, count: number): Float32Array {
  const size = values.length / count;
  return values.subarray(k * size, (k + 1) * size);
}
