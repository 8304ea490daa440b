import { ModelError, SessionError } from "../../errors.ts";
import { nameOf, type Spec } from "../../model/arch/spec.ts";
import type { InputNode, Shape, State } from "../../model/graph/ir.ts";
import { stateBytes, stateShape } from "../../model/graph/states.ts";
import type { DeviceTensor, Executable } from "./backend.ts";
import type { StreamSession, StreamState } from "./stream-session.ts";

/** Streams, and frames in which pools forget half (Infinity: never). */
export interface SessionShape {
  readonly streams: number;
  readonly halfLifeFrames: number;
}

/** A stream session in this thread. */
export class LocalStreamSession implements StreamSession {
  readonly streams: number;
  readonly stateBytes: number;
  readonly #spec: Spec;
  readonly #single: Executable;
  readonly #chunk: Executable;
  readonly #image: InputNode;
  /** What the past of a pool is taken times at every frame; 1 without ageing. */
  readonly #keep: number;
  /** Frames that each stream has seen. */
  readonly #ages: number[];
  /** Slots of buffers and sums of pools, by the name of the graph's input. */
  #state: Record<string, DeviceTensor> = {};
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(spec: Spec, { streams, halfLifeFrames }: SessionShape, single: Executable, chunk: Executable) {
    if (!Number.isInteger(streams) || streams < 1) throw new TypeError(`streams must be at least 1, got ${streams}`);
    if (!(halfLifeFrames > 0)) throw new TypeError(`halfLifeFrames must be positive, got ${halfLifeFrames}`);
    this.#keep = 0.5 ** (1 / halfLifeFrames);
    this.streams = streams;
    this.#spec = spec;
    this.#single = single;
    this.#chunk = this.#keep < 1 ? single : chunk;
    this.#ages = Array.from({ length: streams }, () => 0);
    this.#image = single.graph.nodes.find((node) => node.op === "input" && node.role === "image") as InputNode;
    this.stateBytes = stateBytes(single.graph);
    this.#clear();
  }

  async step(frames: Float32Array): Promise<Float32Array> {
    const { channels, height, width } = this.#image.shape;
    const row = channels * height * width;
    const count = frames.length / (row * this.streams);
    if (!Number.isInteger(count) || count < 1) {
      throw new TypeError(
        `frames must hold T · ${this.streams} pictures of ${channels} × ${height} × ${width}, got ${frames.length} numbers`,
      );
    }
    return this.#inTurn(async () => {
      let logits: Float32Array = new Float32Array();
      for (let done = 0; done < count; ) {
        const executable = count - done >= this.#chunk.graph.frames ? this.#chunk : this.#single;
        const end = done + executable.graph.frames;
        logits = await this.#advance(executable, frames.subarray(done * this.streams * row, end * this.streams * row));
        done = end;
      }
      return logits;
    });
  }

  async reset(stream?: number): Promise<void> {
    if (stream !== undefined) this.#checkStream(stream);
    return this.#inTurn(async () => {
      if (stream === undefined || this.streams === 1) {
        this.#clear();
        return;
      }
      this.#ages[stream] = 0;
      for (const name of Object.keys(this.#state)) await this.#replaceRow(name, stream, null);
    });
  }

  async snapshot(stream = 0): Promise<StreamState> {
    this.#checkStream(stream);
    return this.#inTurn(async () => {
      const result: Record<string, StreamState[string]> = {};
      for (const state of this.#single.graph.states) {
        const shape = stateShape(state);
        if (state.kind === "count") {
          result[state.name] = { shape, data: Int32Array.of(this.#ages[stream] as number) };
        } else {
          const inputs = state.kind === "buffer" ? state.slots : [state.input];
          const rows = await Promise.all(inputs.map((name) => this.#row(name, stream)));
          result[state.name] = { shape, data: channelsLast(rows, state.shape) };
        }
      }
      return result;
    });
  }

  async restore(state: StreamState, stream = 0): Promise<void> {
    this.#checkStream(stream);
    const { states } = this.#single.graph;
    const age = checkState(state, states, nameOf(this.#spec));
    return this.#inTurn(async () => {
      this.#ages[stream] = age;
      for (const part of states) {
        if (part.kind === "count") continue;
        const inputs = part.kind === "buffer" ? part.slots : [part.input];
        const rows = channelsFirst(state[part.name]?.data as Float32Array, part.shape);
        for (const [k, name] of inputs.entries()) await this.#replaceRow(name, stream, rows[k] as Float32Array);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#last;
    for (const tensor of Object.values(this.#state)) tensor.dispose();
    this.#state = {};
  }

  async #advance(executable: Executable, image: Float32Array): Promise<Float32Array> {
    const { graph } = executable;
    if (this.#keep < 1) await this.#age();
    const rows = graph.frames * this.streams;
    const inputs: Record<string, DeviceTensor> = {
      ...this.#state,
      [this.#image.id]: executable.upload(this.#image.id, image),
    };
    for (const node of graph.nodes) {
      if (node.op !== "input" || (node.role !== "inverseCount" && node.role !== "position")) continue;
      const clock = Float32Array.from({ length: rows }, (_, row) => {
        const seen = (this.#ages[row % this.streams] as number) + Math.floor(row / this.streams);
        return node.role === "position" ? seen : 1 / this.#weight(seen + 1);
      });
      inputs[node.id] = executable.upload(node.id, clock);
    }
    const outputs = await executable.run(inputs);
    for (const state of graph.states) this.#take(state, outputs);
    for (let stream = 0; stream < this.streams; stream++) {
      this.#ages[stream] = (this.#ages[stream] as number) + graph.frames;
    }
    const logits = outputs[graph.logits] as DeviceTensor;
    const result = (await logits.read()).slice();
    logits.dispose();
    return result;
  }

  /** How many frames' worth a pool holds after `age` frames. */
  #weight(age: number): number {
    return this.#keep < 1 ? (1 - this.#keep ** age) / (1 - this.#keep) : age;
  }

  /** Takes the sums of the pools times {@link LocalStreamSession.#keep}. */
  async #age(): Promise<void> {
    for (const state of this.#single.graph.states) {
      if (state.kind !== "sum") continue;
      const sum = this.#state[state.input] as DeviceTensor;
      const aged = (await sum.read()).map((value) => value * this.#keep);
      this.#state[state.input] = this.#single.upload(state.input, aged);
      sum.dispose();
    }
  }

  /** Moves what a call returned into the state: buffers shift by renaming, nothing is copied. */
  #take(state: State, outputs: Readonly<Record<string, DeviceTensor>>): void {
    if (state.kind === "count") return;
    const inputs = state.kind === "buffer" ? state.slots : [state.input];
    const newest = (state.kind === "buffer" ? state.newest : [state.output]).map(
      (name) => outputs[name] as DeviceTensor,
    );
    const held = inputs.map((name) => this.#state[name] as DeviceTensor);
    for (const old of held.slice(0, newest.length)) old.dispose();
    const next = [...held.slice(newest.length), ...newest];
    for (const [k, name] of inputs.entries()) this.#state[name] = next[k] as DeviceTensor;
  }

  #clear(): void {
    for (const tensor of Object.values(this.#state)) tensor.dispose();
    this.#state = {};
    this.#ages.fill(0);
    for (const node of this.#single.graph.nodes) {
      if (node.op !== "input" || (node.role !== "slot" && node.role !== "sum")) continue;
      const { channels, height, width } = node.shape;
      const data = new Float32Array(this.streams * channels * height * width);
      this.#state[node.id] = this.#single.upload(node.id, data);
    }
  }

  async #row(name: string, stream: number): Promise<Float32Array> {
    const data = await (this.#state[name] as DeviceTensor).read();
    const size = data.length / this.streams;
    return data.subarray(stream * size, (stream + 1) * size);
  }

  async #replaceRow(name: string, stream: number, row: Float32Array | null): Promise<void> {
    const tensor = this.#state[name] as DeviceTensor;
    const data = (await tensor.read()).slice();
    const size = data.length / this.streams;
    if (row) data.set(row, stream * size);
    else data.fill(0, stream * size, (stream + 1) * size);
    this.#state[name] = this.#single.upload(name, data);
    tensor.dispose();
  }

  #checkStream(stream: number): void {
    if (!Number.isInteger(stream) || stream < 0 || stream >= this.streams) {
      throw new TypeError(`stream must be in 0..${this.streams - 1}, got ${stream}`);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#disposed) {
      throw new SessionError({
        code: "E_SESSION_DISPOSED",
        subject: nameOf(this.#spec),
        problem: "the session was disposed",
        remedy: "Open a new one",
      });
    }
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** Planes `[C, H, W]` of consecutive frames → `[1, frames, H, W, C]`. */
function channelsLast(planes: readonly Float32Array[], { channels, height, width }: Shape): Float32Array {
  const pixels = height * width;
  const data = new Float32Array(planes.length * channels * pixels);
  for (const [frame, plane] of planes.entries()) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) data[(frame * pixels + p) * channels + c] = plane[c * pixels + p] as number;
    }
  }
  return data;
}

/** `[1, frames, H, W, C]` → planes `[C, H, W]` of consecutive frames. */
function channelsFirst(data: Float32Array, { channels, height, width }: Shape): readonly Float32Array[] {
  const pixels = height * width;
  return Array.from({ length: data.length / (channels * pixels) }, (_, frame) =>
    Float32Array.from(
      { length: channels * pixels },
      (_, i) => data[(frame * pixels + (i % pixels)) * channels + Math.floor(i / pixels)] as number,
    ),
  );
}

/** Checks names, shapes and counts of a state and returns its age in frames. */
function checkState(state: StreamState, states: readonly State[], subject: string): number {
  const names = new Set(states.map((part) => part.name));
  const problems = Object.keys(state)
    .filter((name) => !names.has(name))
    .map((name) => `${name} is unknown`);
  const ages = new Set<number>();
  for (const part of states) {
    const given = state[part.name];
    const expected = stateShape(part);
    if (!given) problems.push(`${part.name} is missing`);
    else if (String(given.shape) !== String(expected) || given.data?.length !== expected.reduce((a, b) => a * b, 1)) {
      problems.push(
        `${part.name} is [${given.shape}] of ${given.data?.length ?? "no"} numbers instead of [${expected}]`,
      );
    } else if (part.kind === "count") {
      const age = given.data[0] as number;
      if (Number.isInteger(age) && age >= 0) ages.add(age);
      else problems.push(`${part.name} is ${age}, no count`);
    }
  }
  if (ages.size > 1) problems.push(`its counts differ: ${[...ages].join(", ")}`);
  if (problems.length > 0) {
    throw new ModelError({
      code: "E_MODEL_STATE",
      subject,
      problem: `the state does not fit: ${problems.join(", ")}`,
      remedy: "Restore a snapshot of the same model at the same resolution",
    });
  }
  return [...ages][0] ?? 0;
}
