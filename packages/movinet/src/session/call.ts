import type { DeviceTensor, Engine, Executable, LoadOptions } from "../engines/engine.ts";
import type { Graph } from "../graph/ir.ts";
import { elementsOf } from "../graph/shapes.ts";
import {
  type CarriedState,
  inputsOfState,
  outputsOfState,
  type StepInterface,
  type TensorFacts,
} from "../graph/step-interface.ts";
import type { Weights } from "../graph/tensor.ts";

/** An executable, how to call it, and how to convert its outputs: a file's scores become logits again. */
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

/** The outputs of a call, by name. */
export type Outputs = Readonly<Record<string, Float32Array>>;

/** The positions of a call's tensors among those of its executable. */
export interface Plan {
  /** All inputs of the next run: pictures, clocks and pass-through states stay there until replaced. */
  readonly inputs: DeviceTensor[];
  readonly picture: number;
  readonly clocks: readonly Clock[];
  /** Positions of the state inputs, in order. */
  readonly held: readonly number[];
  readonly said: readonly { readonly name: string; readonly at: number }[];
  readonly moves: readonly Move[];
  /** Outputs that are not states. */
  readonly spare: readonly number[];
}

interface Clock {
  readonly input: string;
  readonly role: "inverseCount" | "position";
  readonly at: number;
  readonly times: Float32Array;
}

/** How a call's outputs update a state of `length` tensors: they follow those that move up, or one is added. */
export interface Move {
  readonly from: number;
  readonly length: number;
  readonly outputs: readonly number[];
  readonly grows: boolean;
}

/** An input for a state, or a frame of it; `size` is the number of elements per stream. */
export interface Slot {
  readonly state: CarriedState;
  readonly input: string;
  readonly size: number;
}

export function slotsOf(state: CarriedState): readonly Slot[] {
  const inputs = inputsOfState(state);
  return inputs.map((input) => ({ state, input, size: elementsOf(state.shape) / inputs.length }));
}

export function placeOf(name: string, tensors: readonly TensorFacts[]): number {
  const at = tensors.findIndex((tensor) => tensor.name === name);
  if (at < 0) throw new Error(`internal: unknown tensor ${name}`);
  return at;
}

/** For a call that advances `count` streams, with `slots` for their states. */
export function planOf(
  { executable, step }: Call,
  states: readonly CarriedState[],
  slots: readonly Slot[],
  count: number,
): Plan {
  const input = (name: string) => placeOf(name, executable.inputs);
  const output = (name: string) => placeOf(name, executable.outputs);
  const moves = states.flatMap(({ name }): Move[] => {
    const state = step.states.find((one) => one.name === name);
    if (!state) throw new Error(`internal: unknown state ${name}`);
    const length = inputsOfState(state).length;
    if (length === 0) return [];
    const outputs = outputsOfState(state).map(output);
    const from = slots.findIndex((slot) => slot.state.name === name);
    return [{ from, length, outputs, grows: state.kind === "sum" && state.grows }];
  });
  const taken = new Set(moves.flatMap(({ outputs }) => outputs));
  return {
    inputs: new Array<DeviceTensor>(executable.inputs.length),
    picture: input(step.picture.input),
    clocks: step.clocks.map((clock) => ({
      ...clock,
      at: input(clock.input),
      times: new Float32Array(step.frames * count),
    })),
    held: slots.map((slot) => input(slot.input)),
    said: Object.entries(step.outputs).map(([name, value]) => ({ name, at: output(value) })),
    moves,
    spare: executable.outputs.map((_, at) => at).filter((at) => !taken.has(at)),
  };
}
