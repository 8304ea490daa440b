import type { DeviceTensor, Executable } from "../engines/engine.ts";
import { channelsFirst, channelsLast } from "../engines/layout.ts";
import { elementsOf } from "../graph/shapes.ts";
import type { CarriedState, StepInterface } from "../graph/step-interface.ts";
import { type Call, type Move, type Outputs, type Plan, placeOf, planOf, type Slot, slotsOf } from "./call.ts";
import { keepOf, weightOf } from "./head-pool.ts";
import type { StateTensor, StreamState } from "./stream-session.ts";

/** Streams that go through executables together, and their state between calls. */
export class Streams {
  readonly count: number;
  readonly #states: readonly CarriedState[];
  /** The state inputs, and the number of elements per stream in each. */
  readonly #slots: readonly Slot[];
  /** Factor applied to the past of a pool at every frame; 1: pools never forget. */
  readonly #keep: number;
  /** Frames seen by each stream. */
  readonly #ages: number[];
  /** The executable that owns the states. */
  readonly #executable: Executable;
  /** The tensor of each slot. */
  readonly #held: DeviceTensor[] = [];
  readonly #plans = new Map<Call, Plan>();
  #pixels = new Float32Array();

  /** `call` defines the state of a stream; other calls may continue the streams if their states have the same names. */
  constructor(call: Call, count: number, halfLifeFrames: number) {
    this.count = count;
    this.#states = call.step.states;
    this.#slots = this.#states.flatMap(slotsOf);
    this.#keep = keepOf(halfLifeFrames);
    this.#ages = new Array<number>(count).fill(0);
    this.#executable = call.executable;
    try {
      this.begin();
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Runs `frames · count` pictures `[3, H, W]`, time-major, through a call. They must not change meanwhile. */
  async advance(call: Call, pictures: Float32Array): Promise<Outputs> {
    const plan = this.#planOf(call);
    if (this.#keep < 1) await this.#forget();
    this.#feed(call, plan, pictures);
    const results = await call.executable.run(plan.inputs);
    const said: Record<string, Float32Array> = {};
    for (const { name, at } of plan.said) {
      const values = (await (results[at] as DeviceTensor).read()).slice() as Float32Array;
      said[name] = name === "logits" && call.toLogits ? call.toLogits(values) : values;
    }
    for (const move of plan.moves) {
      if (move.grows) await this.#grow(move, results);
      else this.#shift(move, results);
    }
    for (const at of plan.spare) results[at]?.dispose();
    for (let stream = 0; stream < this.count; stream++) this.#ages[stream] = this.#age(stream) + call.step.frames;
    return said;
  }

  begin(): void {
    this.#ages.fill(0);
    for (const [slot, { state, size }] of this.#slots.entries()) this.#hold(slot, zeros(state, size * this.count));
  }

  async reset(stream: number): Promise<void> {
    if (this.count === 1) return this.begin();
    this.#ages[stream] = 0;
    for (const [slot, { state, size }] of this.#slots.entries()) await this.#write(slot, stream, zeros(state, size));
  }

  async save(stream: number): Promise<StreamState> {
    const result: Record<string, StateTensor> = {};
    for (const state of this.#states) result[state.name] = await this.#saved(state, stream);
    return result;
  }

  /** Restores what {@link Streams.save} returned, with the right names and shapes. */
  async load(stream: number, saved: StreamState): Promise<void> {
    const told = this.#states.find(({ kind, name }) => kind === "count" && saved[name]);
    this.#ages[stream] = (told && saved[told.name]?.data[0]) ?? 0;
    for (const state of this.#states) {
      const { data } = saved[state.name] as StateTensor;
      const own = this.#slotsOf(state);
      const planes = this.#isPlanes(state)
        ? channelsFirst(data as Float32Array, frameOf(state))
        : own.map(([, { size }], k) => data.subarray(k * size, (k + 1) * size));
      for (const [k, [slot]] of own.entries()) await this.#write(slot, stream, planes[k] as StateTensor["data"]);
    }
  }

  dispose(): void {
    for (const { inputs, held } of this.#plans.values()) {
      for (const at of held) delete inputs[at];
      for (const tensor of inputs) tensor?.dispose();
    }
    for (const tensor of this.#held) tensor.dispose();
    this.#plans.clear();
    this.#held.length = 0;
  }

  #planOf(call: Call): Plan {
    const known = this.#plans.get(call);
    if (known) return known;
    const plan = planOf(call, this.#states, this.#slots, this.count);
    for (const { name, shape, dtype } of call.step.unused) {
      const at = placeOf(name, call.executable.inputs);
      plan.inputs[at] = call.executable.upload(name, zeros({ dtype }, elementsOf(shape)));
    }
    this.#plans.set(call, plan);
    return plan;
  }

  #feed({ executable, step }: Call, { inputs, picture, clocks, held }: Plan, pictures: Float32Array): void {
    const image = step.layout === "planes" ? pictures : this.#interleaved(pictures, step);
    inputs[picture] = executable.upload(step.picture.input, image, inputs[picture]);
    for (const { input, role, at, times } of clocks) {
      for (let row = 0; row < times.length; row++) {
        const seen = this.#age(row % this.count) + Math.floor(row / this.count);
        times[row] = role === "position" ? seen : 1 / weightOf(seen + 1, this.#keep);
      }
      inputs[at] = executable.upload(input, times, inputs[at]);
    }
    for (let slot = 0; slot < held.length; slot++) inputs[held[slot] as number] = this.#held[slot] as DeviceTensor;
  }

  /** In memory reused for each call: a picture has a third of a megabyte. */
  #interleaved(pictures: Float32Array, { frames, picture }: StepInterface): Float32Array {
    const size = pictures.length / (frames * this.count);
    const rows = Array.from({ length: frames }, (_, t) => pictures.subarray(t * size, (t + 1) * size));
    if (this.#pixels.length !== pictures.length) this.#pixels = new Float32Array(pictures.length);
    return channelsLast(rows, picture, this.#pixels);
  }

  /** Moves a call's results into a state: frames move up by renaming, nothing is copied. */
  #shift({ from, length, outputs }: Move, results: readonly DeviceTensor[]): void {
    const kept = length - outputs.length;
    for (let k = 0; k < outputs.length; k++) (this.#held[from + k] as DeviceTensor).dispose();
    this.#held.copyWithin(from, from + outputs.length, from + length);
    for (let k = 0; k < outputs.length; k++) {
      this.#held[from + kept + k] = results[outputs[k] as number] as DeviceTensor;
    }
  }

  async #grow({ from, outputs }: Move, results: readonly DeviceTensor[]): Promise<void> {
    const sum = this.#held[from] as DeviceTensor;
    const growth = results[outputs[0] as number] as DeviceTensor;
    if (this.#executable.add) {
      this.#executable.add(sum, growth);
    } else {
      const added = await growth.read();
      const grown = (await sum.read()).map((value, i) => value + (added[i] as number));
      this.#hold(from, grown);
    }
    growth.dispose();
  }

  /**
   * Lets pools forget. A network that counts frames itself divides by an integer, so its pools use the nearest one:
   * the mean of n frames becomes ((n − 1) · mean + new) / n.
   */
  async #forget(): Promise<void> {
    const memory = Math.max(1, Math.round(1 / (1 - this.#keep)));
    const slotOf = (input: string) => this.#slots.findIndex((slot) => slot.input === input);
    const read = (slot: number) => (this.#held[slot] as DeviceTensor).read();
    for (const state of this.#states) {
      if (state.kind !== "sum") continue;
      const [sum, count] = [slotOf(state.input), state.count === null ? null : slotOf(state.count)];
      const frames = count === null ? null : ((await read(count))[0] as number);
      if (frames !== null && frames < memory) continue;
      const kept = frames === null ? this.#keep : (memory - 1) / frames;
      const left = (await read(sum)).map((value) => value * kept);
      this.#hold(sum, left);
      if (count !== null) this.#hold(count, Int32Array.of(memory - 1));
    }
  }

  #age(stream: number): number {
    return this.#ages[stream] as number;
  }

  async #saved(state: CarriedState, stream: number): Promise<StateTensor> {
    const { shape } = state;
    const own = this.#slotsOf(state);
    if (own.length === 0) return { shape, data: Int32Array.of(this.#age(stream)) };
    const rows = await Promise.all(own.map(([slot]) => this.#row(slot, stream)));
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

  #slotsOf(state: CarriedState): readonly (readonly [number, Slot])[] {
    return [...this.#slots.entries()].filter(([, slot]) => slot.state === state);
  }

  async #row(slot: number, stream: number): Promise<StateTensor["data"]> {
    const data = await (this.#held[slot] as DeviceTensor).read();
    const size = data.length / this.count;
    return data.subarray(stream * size, (stream + 1) * size);
  }

  async #write(slot: number, stream: number, row: StateTensor["data"]): Promise<void> {
    if (this.count === 1) return this.#hold(slot, row.slice());
    const data = (await (this.#held[slot] as DeviceTensor).read()).slice();
    data.set(row, stream * row.length);
    this.#hold(slot, data);
  }

  #hold(slot: number, data: StateTensor["data"]): void {
    const { input } = this.#slots[slot] as Slot;
    this.#held[slot] = this.#executable.upload(input, data, this.#held[slot]);
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
