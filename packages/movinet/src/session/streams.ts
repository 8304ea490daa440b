import type { DeviceTensor, Engine, Executable, LoadOptions } from "../engines/engine.ts";
import { channelsFirst, channelsLast } from "../engines/layout.ts";
import type { Graph } from "../graph/ir.ts";
import { elementsOf } from "../graph/shapes.ts";
import { type CarriedState, inputsOfState, type StepInterface } from "../graph/step-interface.ts";
import type { Weights } from "../graph/tensor.ts";
import type { StateTensor, StreamState } from "./stream-session.ts";

/** An executable, how it is called, and what its outputs become: scores of a file are turned back into logits. */
export interface Call {
  readonly executable: Executable;
  readonly step: StepInterface;
  toLogits?(values: Float32Array): Float32Array;
}

/** Loads a graph as a call. */
export async function loadCall(
  engine: Engine,
  source: { readonly graph: Graph; readonly weights: Weights },
  options?: LoadOptions,
): Promise<Call> {
  const executable = await engine.load(source, options);
  if (!executable.step) throw new Error(`internal: ${engine.name} does not say how its graphs are called`);
  return { executable, step: executable.step };
}

/** What a call says, by the names of the outputs. */
export type Outputs = Readonly<Record<string, Float32Array>>;

/** Streams that go through executables together, and what they carry from call to call. */
export class Streams {
  readonly count: number;
  readonly #states: readonly CarriedState[];
  /** What the past of a pool is taken times at every frame; 1: pools never forget. */
  readonly #keep: number;
  /** Frames that each stream has seen. */
  readonly #ages: number[];
  /** The executable that holds the states. */
  readonly #executable: Executable;
  readonly #held = new Map<string, DeviceTensor>();
  #pixels = new Float32Array();
  /** Pictures and clocks of the last call, and zeros for what is handed back, by call. */
  readonly #fed = new Map<Call, Record<string, DeviceTensor>>();

  /** `call` says what a stream carries; other calls may take the streams on where their states have the same names. */
  constructor(call: Call, count: number, halfLifeFrames: number) {
    this.count = count;
    this.#states = call.step.states;
    this.#keep = 0.5 ** (1 / halfLifeFrames);
    this.#ages = new Array<number>(count).fill(0);
    this.#executable = call.executable;
    this.begin();
  }

  /** Takes `frames · count` pictures `[3, H, W]`, time-major, through a call. They must not change meanwhile. */
  async advance(call: Call, pictures: Float32Array): Promise<Outputs> {
    const { executable, step, toLogits } = call;
    if (this.#keep < 1) await this.#forget();
    const results = { ...(await executable.run({ ...Object.fromEntries(this.#held), ...this.#feed(call, pictures) })) };
    const take = (name: string) => {
      const tensor = results[name] as DeviceTensor;
      delete results[name];
      return tensor;
    };
    const said: Record<string, Float32Array> = {};
    for (const [name, output] of Object.entries(step.outputs)) {
      const tensor = results[output] as DeviceTensor;
      const values = (await tensor.read()).slice() as Float32Array;
      said[name] = name === "logits" && toLogits ? toLogits(values) : values;
    }
    for (const state of step.states) await this.#next(state, take);
    for (const tensor of Object.values(results)) tensor.dispose();
    for (let stream = 0; stream < this.count; stream++) this.#ages[stream] = this.#age(stream) + step.frames;
    return said;
  }

  begin(): void {
    this.#ages.fill(0);
    for (const state of this.#states) {
      for (const { input, size } of this.#parts(state)) this.#hold(input, zeros(state, size * this.count));
    }
  }

  async reset(stream: number): Promise<void> {
    if (this.count === 1) return this.begin();
    this.#ages[stream] = 0;
    for (const state of this.#states) {
      for (const { input, size } of this.#parts(state)) await this.#write(input, stream, zeros(state, size));
    }
  }

  async save(stream: number): Promise<StreamState> {
    const result: Record<string, StateTensor> = {};
    for (const state of this.#states) result[state.name] = await this.#saved(state, stream);
    return result;
  }

  /** Puts in what {@link Streams.save} gave, of the right names and shapes. */
  async load(stream: number, saved: StreamState): Promise<void> {
    const told = this.#states.find(({ kind, name }) => kind === "count" && saved[name]);
    this.#ages[stream] = (told && saved[told.name]?.data[0]) ?? 0;
    for (const state of this.#states) {
      const { data } = saved[state.name] as StateTensor;
      const parts = this.#parts(state);
      const planes =
        this.#isPlanes(state) && data instanceof Float32Array
          ? channelsFirst(data, frameOf(state))
          : parts.map(({ size }, k) => data.subarray(k * size, (k + 1) * size));
      for (const [k, { input }] of parts.entries()) await this.#write(input, stream, planes[k] as StateTensor["data"]);
    }
  }

  dispose(): void {
    for (const tensors of this.#fed.values()) for (const tensor of Object.values(tensors)) tensor.dispose();
    for (const tensor of this.#held.values()) tensor.dispose();
    this.#fed.clear();
    this.#held.clear();
  }

  #feed(call: Call, pictures: Float32Array): Readonly<Record<string, DeviceTensor>> {
    const { executable, step } = call;
    const { input } = step.picture;
    let fed = this.#fed.get(call);
    if (!fed) {
      const unused = step.unused.map(({ name, shape, dtype }) => [
        name,
        executable.upload(name, zeros({ dtype }, elementsOf(shape))),
      ]);
      fed = Object.fromEntries(unused) as Record<string, DeviceTensor>;
      this.#fed.set(call, fed);
    }
    const image = step.layout === "planes" ? pictures : this.#interleaved(pictures, step);
    fed[input] = executable.upload(input, image, fed[input]);
    for (const clock of step.clocks) {
      const times = Float32Array.from({ length: step.frames * this.count }, (_, row) => {
        const seen = this.#age(row % this.count) + Math.floor(row / this.count);
        return clock.role === "position" ? seen : 1 / this.#weight(seen + 1);
      });
      fed[clock.input] = executable.upload(clock.input, times, fed[clock.input]);
    }
    return fed;
  }

  /** In memory that is used again for each call: a picture has a third of a megabyte. */
  #interleaved(pictures: Float32Array, { frames, picture }: StepInterface): Float32Array {
    const size = pictures.length / (frames * this.count);
    const rows = Array.from({ length: frames }, (_, t) => pictures.subarray(t * size, (t + 1) * size));
    if (this.#pixels.length !== pictures.length) this.#pixels = new Float32Array(pictures.length);
    return channelsLast(rows, picture, this.#pixels);
  }

  /** Moves what a call returned into a state: buffers shift by renaming, nothing is copied. */
  async #next(state: CarriedState, take: (output: string) => DeviceTensor): Promise<void> {
    if (state.kind === "sum" && state.grows) {
      const growth = take(state.output);
      await this.#grow(state.input, growth);
      growth.dispose();
      return;
    }
    const inputs = inputsOfState(state);
    const outputs = state.kind === "buffer" ? state.newest : state.kind === "sum" ? [state.output] : inputs;
    const held = inputs.map((input) => this.#tensor(input));
    for (const old of held.slice(0, outputs.length)) old.dispose();
    const next = [...held.slice(outputs.length), ...outputs.map(take)];
    for (const [k, input] of inputs.entries()) this.#held.set(input, next[k] as DeviceTensor);
  }

  async #grow(input: string, growth: DeviceTensor): Promise<void> {
    const sum = this.#tensor(input);
    if (this.#executable.add) return this.#executable.add(sum, growth);
    const added = await growth.read();
    const grown = (await sum.read()).map((value, i) => value + (added[i] as number));
    this.#hold(input, grown);
  }

  /**
   * Lets pools forget. A network that counts frames itself divides by a whole number, so there pools forget by the nearest
   * one: the mean of n frames becomes ((n − 1) · mean + new) / n.
   */
  async #forget(): Promise<void> {
    const memory = Math.max(1, Math.round(1 / (1 - this.#keep)));
    for (const state of this.#states) {
      if (state.kind !== "sum") continue;
      const frames = state.count === null ? null : ((await this.#tensor(state.count).read())[0] as number);
      if (frames !== null && frames < memory) continue;
      const kept = frames === null ? this.#keep : (memory - 1) / frames;
      const left = (await this.#tensor(state.input).read()).map((value) => value * kept);
      this.#hold(state.input, left);
      if (state.count !== null) this.#hold(state.count, Int32Array.of(memory - 1));
    }
  }

  /** How many frames' worth a pool holds after `age` frames. */
  #weight(age: number): number {
    return this.#keep < 1 ? (1 - this.#keep ** age) / (1 - this.#keep) : age;
  }

  #age(stream: number): number {
    return this.#ages[stream] as number;
  }

  async #saved(state: CarriedState, stream: number): Promise<StateTensor> {
    const { shape } = state;
    const parts = this.#parts(state);
    if (parts.length === 0) return { shape, data: Int32Array.of(this.#age(stream)) };
    const rows = await Promise.all(parts.map(({ input }) => this.#row(input, stream)));
    if (this.#isPlanes(state)) return { shape, data: channelsLast(rows as Float32Array[], frameOf(state)) };
    const data = zeros(state, elementsOf(shape));
    let at = 0;
    for (const row of rows) {
      data.set(row, at);
      at += row.length;
    }
    return { shape, data };
  }

  #isPlanes({ kind }: CarriedState): boolean {
    return kind !== "count" && this.#executable.layout === "planes";
  }

  /** The inputs that hold a state, and the numbers of one stream in each. */
  #parts(state: CarriedState): readonly { readonly input: string; readonly size: number }[] {
    const inputs = inputsOfState(state);
    return inputs.map((input) => ({ input, size: elementsOf(state.shape) / inputs.length }));
  }

  async #row(input: string, stream: number): Promise<StateTensor["data"]> {
    const data = await this.#tensor(input).read();
    const size = data.length / this.count;
    return data.subarray(stream * size, (stream + 1) * size);
  }

  async #write(input: string, stream: number, row: StateTensor["data"]): Promise<void> {
    if (this.count === 1) return this.#hold(input, row.slice());
    const data = (await this.#tensor(input).read()).slice();
    data.set(row, stream * row.length);
    this.#hold(input, data);
  }

  #hold(input: string, data: StateTensor["data"]): void {
    this.#held.set(input, this.#executable.upload(input, data, this.#held.get(input)));
  }

  #tensor(input: string): DeviceTensor {
    return this.#held.get(input) as DeviceTensor;
  }
}

function zeros({ dtype }: Pick<CarriedState, "dtype">, length: number): StateTensor["data"] {
  return dtype === "int32" ? new Int32Array(length) : new Float32Array(length);
}

/** The sides of one frame of a state. */
function frameOf({ shape }: CarriedState) {
  const [, , height = 1, width = 1, channels = 1] = shape;
  return { channels, height, width };
}
