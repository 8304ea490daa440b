import { nameOf, type Spec } from "../arch/spec.ts";
import { Turns } from "../common/turns.ts";
import type { DeviceTensor, Executable } from "../engines/engine.ts";
import { channelsFirst, channelsLast } from "../engines/layout.ts";
import type { InputNode, State } from "../graph/ir.ts";
import { stateBytes, stateDtype, stateShape } from "../graph/states.ts";
import { checkOptions, checkStream, countFrames, countProblems, refuseState, stateProblems } from "./session-rules.ts";
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
  readonly #turns: Turns;

  constructor(spec: Spec, { streams, halfLifeFrames }: SessionShape, single: Executable, chunk: Executable) {
    checkOptions(streams, halfLifeFrames);
    this.#keep = 0.5 ** (1 / halfLifeFrames);
    this.streams = streams;
    this.#spec = spec;
    this.#turns = new Turns(this, "session", nameOf(spec));
    this.#single = single;
    this.#chunk = this.#keep < 1 ? single : chunk;
    this.#ages = Array.from({ length: streams }, () => 0);
    this.#image = single.graph.nodes.find((node) => node.op === "input" && node.role === "image") as InputNode;
    this.stateBytes = stateBytes(single.graph);
    this.#clear();
  }

  async step(frames: Float32Array): Promise<Float32Array> {
    const count = countFrames(frames, this.streams, this.#image.shape);
    const row = frames.length / (count * this.streams);
    return this.#turns.take(async () => {
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
    if (stream !== undefined) checkStream(stream, this.streams);
    return this.#turns.take(async () => {
      if (stream === undefined || this.streams === 1) {
        this.#clear();
        return;
      }
      this.#ages[stream] = 0;
      for (const name of Object.keys(this.#state)) await this.#replaceRow(name, stream, null);
    });
  }

  async snapshot(stream = 0): Promise<StreamState> {
    checkStream(stream, this.streams);
    return this.#turns.take(async () => {
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
    checkStream(stream, this.streams);
    const { states } = this.#single.graph;
    const facts = states.map((part) => ({ name: part.name, shape: stateShape(part), dtype: stateDtype(part) }));
    refuseState([...stateProblems(state, facts), ...countProblems(state, facts)], nameOf(this.#spec));
    const count = states.find((part) => part.kind === "count");
    const age = (count && state[count.name]?.data[0]) ?? 0;
    return this.#turns.take(async () => {
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
    await this.#turns.end(() => {
      for (const tensor of Object.values(this.#state)) tensor.dispose();
      this.#state = {};
    });
  }

  async #advance(executable: Executable, image: Float32Array): Promise<Float32Array> {
    const { graph } = executable;
    if (this.#keep < 1) await this.#age();
    const rows = graph.frames * this.streams;
    const passing: Record<string, DeviceTensor> = { [this.#image.id]: executable.upload(this.#image.id, image) };
    for (const node of graph.nodes) {
      if (node.op !== "input" || (node.role !== "inverseCount" && node.role !== "position")) continue;
      const clock = Float32Array.from({ length: rows }, (_, row) => {
        const seen = (this.#ages[row % this.streams] as number) + Math.floor(row / this.streams);
        return node.role === "position" ? seen : 1 / this.#weight(seen + 1);
      });
      passing[node.id] = executable.upload(node.id, clock);
    }
    const outputs = await executable.run({ ...this.#state, ...passing });
    for (const tensor of Object.values(passing)) tensor.dispose();
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
}
