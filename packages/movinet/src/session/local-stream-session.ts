import { Turns } from "../common/turns.ts";
import { elementsOf } from "../graph/shapes.ts";
import { checkOptions, checkStream, countFrames, countProblems, refuseState, stateProblems } from "./session-rules.ts";
import type { StepOutputs, StreamSession, StreamState } from "./stream-session.ts";
import { type Call, type Outputs, Streams } from "./streams.ts";

/** Calls of one network: frame by frame, and of several frames where steps bring as many. */
export interface Calls {
  readonly one: Call;
  readonly many: Call;
}

/** A stream session in this thread. Streams go through the network together where the engine takes several at a time. */
export class LocalStreamSession implements StreamSession {
  readonly streams: number;
  readonly stateBytes: number;
  readonly #calls: Calls;
  readonly #groups: readonly Streams[];
  readonly #turns: Turns;

  /** `subject` names the session in errors; `halfLifeFrames` is Infinity where pools never forget. */
  constructor(subject: string, { one, many }: Calls, streams: number, halfLifeFrames: number) {
    checkOptions(streams, halfLifeFrames);
    this.streams = streams;
    this.stateBytes = one.step.states.reduce((bytes, { shape }) => bytes + 4 * elementsOf(shape), 0);
    this.#calls = { one, many: halfLifeFrames < Number.POSITIVE_INFINITY ? one : many };
    const together = one.executable.streams === "any" ? streams : 1;
    this.#groups = Array.from({ length: streams / together }, () => new Streams(one, together, halfLifeFrames));
    this.#turns = new Turns(this, "session", subject);
  }

  async step(frames: Float32Array): Promise<StepOutputs> {
    const { one, many } = this.#calls;
    const count = countFrames(frames, this.streams, one.step.picture);
    const row = frames.length / (count * this.streams);
    return this.#turns.take(async () => {
      let outputs: readonly Outputs[] = [];
      for (let done = 0; done < count; ) {
        const call = count - done >= many.step.frames ? many : one;
        const end = done + call.step.frames;
        const rows = frames.subarray(done * this.streams * row, end * this.streams * row);
        outputs = await this.#advance(call, rows);
        done = end;
      }
      return joined(outputs);
    });
  }

  async reset(stream?: number): Promise<void> {
    if (stream !== undefined) checkStream(stream, this.streams);
    return this.#turns.take(async () => {
      if (stream === undefined) for (const group of this.#groups) group.begin();
      else await this.#at(stream, (group, row) => group.reset(row));
    });
  }

  async snapshot(stream = 0): Promise<StreamState> {
    checkStream(stream, this.streams);
    return this.#turns.take(() => this.#at(stream, (group, row) => group.save(row)));
  }

  async restore(state: StreamState, stream = 0): Promise<void> {
    checkStream(stream, this.streams);
    const { states, unused } = this.#calls.one.step;
    const known = Object.entries(state).filter(([name]) => !unused.some((one) => one.name === name));
    const told = states.filter((one) => one.kind === "count" && one.input === null);
    refuseState(
      [...stateProblems(Object.fromEntries(known), states), ...countProblems(state, told)],
      this.#turns.subject,
    );
    return this.#turns.take(() => this.#at(stream, (group, row) => group.load(row, state)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.end(() => {
      for (const group of this.#groups) group.dispose();
    });
  }

  async #advance(call: Call, rows: Float32Array): Promise<readonly Outputs[]> {
    const [first] = this.#groups;
    if (this.#groups.length === 1 && first) return [await first.advance(call, rows)];
    const size = rows.length / this.streams;
    const outputs = [];
    for (const [stream, group] of this.#groups.entries()) {
      outputs.push(await group.advance(call, rows.subarray(stream * size, (stream + 1) * size)));
    }
    return outputs;
  }

  #at<T>(stream: number, use: (group: Streams, row: number) => T): T {
    const together = this.streams / this.#groups.length;
    return use(this.#groups[Math.floor(stream / together)] as Streams, stream % together);
  }
}

/** What the groups of streams said, one after the other. */
function joined(outputs: readonly Outputs[]): StepOutputs {
  const [first = {}] = outputs;
  if (outputs.length === 1) return first as StepOutputs;
  const entries = Object.keys(first).map((name) => {
    const rows = outputs.map((output) => output[name] as Float32Array);
    const all = new Float32Array(rows.reduce((sum, { length }) => sum + length, 0));
    rows.reduce((at, row) => {
      all.set(row, at);
      return at + row.length;
    }, 0);
    return [name, all] as const;
  });
  return Object.fromEntries(entries) as unknown as StepOutputs;
}
