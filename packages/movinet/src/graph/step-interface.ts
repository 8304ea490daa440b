/**
 * How to call a network, whether a graph or a file: which inputs are pictures, clocks and states, and how outputs
 * become the state of the next call. Everything that runs streams uses only this.
 */
import type { Graph, Shape } from "./ir.ts";
import { elementsOf } from "./shapes.ts";
import { poolFrameName, slotName, stateDtype, stateShape } from "./states.ts";

/** An input or output of something that can be run. Dynamic dimensions are 1. */
export interface TensorFacts {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "uint8";
}

/** A state with Google's name and shape (`[1, frames, H, W, C]`, counts `[1]`). */
export interface StateFacts {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
}

/** A state and how it is updated. */
export type CarriedState = StateFacts &
  (
    | {
        /** Frames: those of `inputs`, oldest first, move up, followed by those of the outputs `newest`. */
        readonly kind: "buffer";
        readonly inputs: readonly string[];
        readonly newest: readonly string[];
      }
    | {
        /** A running sum: `output` is the next one, or, if it `grows`, the increment. */
        readonly kind: "sum";
        readonly input: string;
        readonly output: string;
        readonly grows: boolean;
        /** The count that the network divides the sum by, if it has one; otherwise the clocks provide it. */
        readonly count: string | null;
      }
    | {
        /** Frames so far: a tensor like others, or, without an input, provided by the clocks. */
        readonly kind: "count";
        readonly input: string | null;
      }
  );

export interface StepInterface {
  /** New frames per call. */
  readonly frames: number;
  /** The input for new frames, `[frames · streams, C, H, W]` or `[frames, H, W, C]`, according to `layout`. */
  readonly picture: Pick<Shape, "channels" | "height" | "width"> & { readonly input: string };
  /** Values per new frame: `1 / (frames so far, including this one)`, and the index of the frame. */
  readonly clocks: readonly { readonly input: string; readonly role: "inverseCount" | "position" }[];
  /** Empty for base models. */
  readonly states: readonly CarriedState[];
  /** States that are returned unchanged: they are fed with zeros and are not part of snapshots. */
  readonly unused: readonly StateFacts[];
  /** The outputs by name, including `logits`. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The position of channels in pictures and states. */
  readonly layout: "planes" | "channelsLast";
}

/** The interface of a graph called by its own names. */
export function graphInterface(graph: Graph): StepInterface {
  const inputs = graph.nodes.filter((node) => node.op === "input");
  const image = inputs.find(({ role }) => role === "image");
  if (!image) throw new Error(`internal: ${graph.name} has no image`);
  const { channels, height, width } = image.shape;
  return {
    frames: graph.frames,
    picture: { input: image.id, channels, height, width },
    clocks: inputs.flatMap(({ id, role }) =>
      role === "inverseCount" || role === "position" ? [{ input: id, role }] : [],
    ),
    states: graph.states.map((state): CarriedState => {
      const facts = { name: state.name, shape: stateShape(state), dtype: stateDtype(state) };
      if (state.kind === "buffer") return { ...facts, kind: "buffer", inputs: state.slots, newest: state.newest };
      if (state.kind === "count") return { ...facts, kind: "count", input: null };
      return { ...facts, kind: "sum", input: state.input, output: state.output, grows: false, count: null };
    }),
    unused: [],
    outputs: graph.outputs,
    layout: "planes",
  };
}

/**
 * The interface of the file that a graph becomes: in the form `step`, or, without states, `clip`, which includes the
 * clocks. Channels come last.
 */
export function emittedInterface(graph: Graph): StepInterface {
  const { states, clocks, ...own } = graphInterface(graph);
  return {
    ...own,
    clocks: states.length > 0 ? clocks : [],
    states: states.map((state): CarriedState => {
      const { name } = state;
      if (state.kind === "sum") return { ...state, output: poolFrameName(name), grows: true };
      if (state.kind === "count") return state;
      const inputs = state.inputs.map((_, k) => slotName(name, k));
      return { ...state, inputs, newest: [slotName(name, inputs.length)] };
    }),
    outputs: Object.fromEntries(Object.keys(own.outputs).map((name) => [name, name])),
    layout: "channelsLast",
  };
}

/** The tensors of a graph, by value name: its inputs, or its results. */
export function tensorsOf(graph: Graph, names: readonly string[]): readonly TensorFacts[] {
  return names.map((name) => {
    const { frames, channels, height, width } = graph.shapes[name] as Shape;
    return { name, shape: [frames, channels, height, width], dtype: "float32" };
  });
}

export interface Signature {
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  readonly layout: StepInterface["layout"];
  /** Frames per call, if the shapes do not say. */
  readonly frames?: number;
  /** Inputs that are returned unchanged as outputs. */
  readonly passed?: ReadonlySet<string>;
}

/** Result of reading a signature: its interface, or why it is not one. */
export type ReadSignature = { readonly step: StepInterface } | { readonly problems: readonly string[] };

/**
 * The interface of a file, from its signature. Three kinds are known:
 * - `clip`: takes pictures and sometimes clocks, returns `logits`;
 * - `step` (see `slotName`): takes one picture, the slots of buffers, the sums of pools, and clocks; returns `logits`,
 *   the newest frame of each buffer and the increment of each sum;
 * - `official` (spec §3.7): takes `image` `[1, 1, H, W, 3]` and the states, and returns the states under the same
 *   names.
 */
export function signatureInterface(signature: Signature): ReadSignature {
  const { inputs, outputs, layout } = signature;
  const image = inputs.find(({ name }) => name === "image") ?? (inputs.length === 1 ? inputs[0] : undefined);
  const picture = image && pictureOf(image, layout);
  const clocks = (["inverse_count", "position"] as const).flatMap((input) =>
    inputs.some(({ name }) => name === input)
      ? [{ input, role: input === "position" ? ("position" as const) : ("inverseCount" as const) }]
      : [],
  );
  const given = inputs.filter((input) => input !== image && !clocks.some((clock) => clock.input === input.name));
  const { frames = picture?.frames ?? 1 } = signature;
  const said = saidBy(outputs);
  if (given.length === 0 && said && picture) {
    return { step: { frames, picture, clocks, states: [], unused: [], outputs: said, layout } };
  }
  const common = { frames: 1, clocks, layout };
  if (layout === "planes" || image?.shape.length === 4) {
    if (!picture) return { problems: ["it has no float32 image input"] };
    const { states, problems } = stepStates(given, outputs, clocks.length > 1, layout);
    if (problems.length > 0) return { problems };
    const carried = new Set(states.flatMap(outputsOfState));
    const own = saidBy(outputs.filter(({ name }) => !carried.has(name))) ?? {};
    return { step: { ...common, picture, states, unused: [], outputs: own } };
  }
  return officialInterface(signature, given, image?.shape.length === 5 ? picture : undefined);
}

/** The outputs that are not states, by name: including `logits`, or the only one. */
function saidBy(outputs: readonly TensorFacts[]): Readonly<Record<string, string>> | null {
  const [first] = outputs;
  if (first && outputs.length === 1) return { logits: first.name };
  if (!outputs.some(({ name }) => name === "logits")) return null;
  return Object.fromEntries(outputs.map(({ name }) => [name, name]));
}

function pictureOf({ name, shape, dtype }: TensorFacts, layout: StepInterface["layout"]) {
  const sides = layout === "planes" ? shape.slice(-3) : [shape.at(-1), ...shape.slice(-3, -1)];
  const [channels = 0, height = 0, width = 0] = sides as number[];
  const outer = shape.slice(0, -3);
  if (dtype !== "float32" || channels !== 3 || outer.length < 1 || elementsOf(outer.slice(0, -1)) !== 1)
    return undefined;
  return { input: name, channels, height, width, frames: outer.at(-1) as number };
}

const buffer = /^(.+_stream_buffer)_(\d+)$/;
const pool = "_pool_buffer";

/** The states of the step form. */
function stepStates(
  given: readonly TensorFacts[],
  outputs: readonly TensorFacts[],
  positions: boolean,
  layout: StepInterface["layout"],
) {
  const shapeOf = ({ shape }: TensorFacts, frames: number) => {
    const [, ...sides] = shape;
    const [channels = 1, ...rest] = sides;
    return layout === "planes" ? [1, frames, ...rest, channels] : [1, frames, ...sides];
  };
  const slots = new Map<string, TensorFacts[]>();
  for (const input of given) {
    const [, state, slot] = buffer.exec(input.name) ?? [];
    if (state === undefined) continue;
    const found = slots.get(state) ?? [];
    found[Number(slot)] = input;
    slots.set(state, found);
  }
  const buffers = [...slots].map(
    ([name, found]): CarriedState => ({
      kind: "buffer",
      name,
      shape: shapeOf(found[0] ?? (given[0] as TensorFacts), found.length),
      dtype: "float32",
      inputs: Array.from(found, (_, k) => slotName(name, k)),
      newest: [slotName(name, found.length)],
    }),
  );
  const pools = given.filter(({ name }) => name.endsWith(pool));
  const counted = pools.flatMap((input): CarriedState[] => {
    const layer = input.name.slice(0, -pool.length);
    const count = (part: string): CarriedState => ({
      kind: "count",
      name: `${layer}_${part}_frame_count`,
      shape: [1],
      dtype: "int32",
      input: null,
    });
    const sum: CarriedState = {
      kind: "sum",
      name: input.name,
      shape: shapeOf(input, 1),
      dtype: "float32",
      input: input.name,
      output: poolFrameName(input.name),
      grows: true,
      count: null,
    };
    return positions && layer !== "state_head" ? [sum, count("pool"), count("pos_enc")] : [sum, count("pool")];
  });
  const states = [...buffers, ...counted];
  const known = new Set(states.flatMap(inputsOfState));
  const wanted = ["logits", ...states.flatMap(outputsOfState)];
  const problems = [
    ...given.filter(({ name }) => !known.has(name)).map(({ name }) => `unknown input ${name}`),
    ...wanted.filter((name) => !outputs.some((output) => output.name === name)).map((name) => `missing output ${name}`),
  ];
  return { states, problems };
}

/** The inputs that hold a state. */
export function inputsOfState(state: CarriedState): readonly string[] {
  if (state.kind === "buffer") return state.inputs;
  return state.input === null ? [] : [state.input];
}

/** The outputs that update a state: a count tensor is returned under its own name. */
export function outputsOfState(state: CarriedState): readonly string[] {
  if (state.kind === "buffer") return state.newest;
  if (state.kind === "sum") return [state.output];
  return inputsOfState(state);
}

function officialInterface(
  { outputs, layout, passed }: Signature,
  given: readonly TensorFacts[],
  picture: StepInterface["picture"] | undefined,
): ReadSignature {
  const outputOf = new Map(outputs.map((output) => [output.name, output]));
  const others = outputs.filter(({ name }) => !given.some((input) => input.name === name));
  const said = saidBy(others);
  const isSame = (input: TensorFacts) => {
    const output = outputOf.get(input.name);
    return input.dtype !== "uint8" && input.dtype === output?.dtype && String(input.shape) === String(output.shape);
  };
  const problems = picture ? [] : ["it has no float32 image input of shape [1,1,H,W,3]"];
  problems.push(...given.filter((input) => !isSame(input)).map(({ name }) => `${name} is not returned`));
  if (!said || others.some(({ dtype }) => dtype !== "float32")) {
    problems.push(`besides states it returns ${others.map(({ name }) => name).join(", ") || "nothing"}`);
  }
  if (!picture || !said || problems.length > 0) return { problems };
  const facts = given as readonly StateFacts[];
  const carried = facts.filter(({ name }) => !passed?.has(name));
  const names = new Set(carried.map(({ name }) => name));
  const states = carried.map((state): CarriedState => {
    const { name, dtype } = state;
    if (dtype === "int32") return { ...state, kind: "count", input: name };
    if (!name.endsWith(pool)) return { ...state, kind: "buffer", inputs: [name], newest: [name] };
    const count = name.replace(/buffer$/, "frame_count");
    return { ...state, kind: "sum", input: name, output: name, grows: false, count: names.has(count) ? count : null };
  });
  const unused = facts.filter(({ name }) => passed?.has(name));
  return { step: { frames: 1, picture, clocks: [], states, unused, outputs: said, layout } };
}
