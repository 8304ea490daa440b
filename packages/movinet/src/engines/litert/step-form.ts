import { poolFrameName, slotName } from "../../graph/step-names.ts";
import { countProblems, refuseState, type StateFacts } from "../../session/session-rules.ts";
import type { StreamState } from "../../session/stream-session.ts";
import { disposeAll, findPicture, refuseSignature, type StreamForm, zerosFor } from "./form.ts";
import { elementsOf, type RuntimeTensor, type TensorFacts, type TfliteExecutable } from "./runtime.ts";

interface Buffer {
  readonly state: string;
  /** Inputs, oldest frame first. */
  readonly slots: readonly string[];
  /** The output that is the newest frame. */
  readonly newest: string;
  /** Of one frame, `[1, H, W, C]`. */
  readonly shape: readonly number[];
}

const pool = "_pool_buffer";

/**
 * The signature of the step form: nothing above rank 4. In go `image` `[1, H, W, 3]`, the earlier frames of each buffer
 * (`state_…_stream_buffer_0`, oldest first), the sum of each pool (`state_…_pool_buffer`), `inverse_count` and, where the
 * network has one, `position`. Out come `logits`, the newest frame of each buffer (the number after the last slot's) and what
 * each pool's sum grows by (`…_frame`). Null where a file has another signature; throws ModelError
 * (`E_MODEL_SIGNATURE`) where it has parts of this one only.
 */
export function stepForm(executable: TfliteExecutable, subject: string): StreamForm | null {
  const picture = findPicture(executable.inputs, 4);
  if (!picture) return null;
  const inputs = new Map(executable.inputs.map((input) => [input.name, input]));
  const outputs = new Map(executable.outputs.map((output) => [output.name, output]));
  const buffers = findBuffers(executable.inputs);
  const pools = executable.inputs.filter(({ name }) => name.endsWith(pool));
  const clocks = ["inverse_count", "position"].filter((name) => inputs.has(name));
  const known = new Set([
    "image",
    ...clocks,
    ...buffers.flatMap(({ slots }) => slots),
    ...pools.map(({ name }) => name),
  ]);
  const wanted = ["logits", ...buffers.map(({ newest }) => newest), ...pools.map(({ name }) => poolFrameName(name))];
  const problems = [
    ...executable.inputs.filter(({ name }) => !known.has(name)).map(({ name }) => `the input ${name} is unknown`),
    ...wanted.filter((name) => !outputs.has(name)).map((name) => `there is no output ${name}`),
  ];
  if (problems.length > 0) throw refuseSignature(problems, subject);
  const states = statesOf(buffers, pools, inputs.has("position"));

  return {
    ...picture,
    classes: elementsOf(outputs.get("logits")?.shape ?? []),
    states,
    unused: [],
    begin: () => ({ tensors: zerosFor(executable, executable.inputs), age: 0 }),
    async advance(held, frame, keep) {
      const { tensors } = held;
      const weight = keep < 1 ? (1 - keep ** (held.age + 1)) / (1 - keep) : held.age + 1;
      tensors["image"]?.write(frame);
      tensors["inverse_count"]?.write(Float32Array.of(1 / weight));
      tensors["position"]?.write(Float32Array.of(held.age));
      if (keep < 1) {
        for (const { name } of pools) {
          const sum = tensors[name] as RuntimeTensor;
          sum.write(sum.read().map((value) => value * keep));
        }
      }
      const results = { ...(await executable.run(tensors)) };
      for (const { slots, newest } of buffers) {
        const window = [...slots.map((slot) => tensors[slot]), results[newest]] as RuntimeTensor[];
        window[0]?.dispose();
        for (const [k, slot] of slots.entries()) tensors[slot] = window[k + 1] as RuntimeTensor;
        delete results[newest];
      }
      for (const { name } of pools) tensors[name]?.accumulate(results[poolFrameName(name)] as RuntimeTensor, 1);
      held.age++;
      const logits = (results["logits"] as RuntimeTensor).read() as Float32Array;
      disposeAll(results);
      return logits;
    },
    save({ tensors, age }) {
      const state: Record<string, StreamState[string]> = {};
      for (const { name, shape, dtype } of states) {
        const slots = buffers.find(({ state }) => state === name)?.slots;
        const parts = (slots ?? [name]).map((part) => tensors[part]?.read() as Float32Array);
        state[name] = { shape, data: dtype === "int32" ? Int32Array.of(age) : join(parts) };
      }
      return state;
    },
    load(state) {
      refuseState(countProblems(state, states), subject);
      const tensors = zerosFor(executable, executable.inputs);
      for (const { state: name, slots, shape } of buffers) {
        const frames = state[name]?.data as Float32Array;
        const size = elementsOf(shape);
        for (const [k, slot] of slots.entries()) {
          tensors[slot]?.write(frames.subarray(k * size, (k + 1) * size));
        }
      }
      for (const { name } of pools) tensors[name]?.write(state[name]?.data as Float32Array);
      const count = states.find(({ dtype }) => dtype === "int32");
      return { tensors, age: (count && state[count.name]?.data[0]) ?? 0 };
    },
    dispose() {},
  };
}

function findBuffers(inputs: readonly TensorFacts[]): readonly Buffer[] {
  const slots = new Map<string, TensorFacts[]>();
  for (const input of inputs) {
    const [, state, slot] = /^(.+_stream_buffer)_(\d+)$/.exec(input.name) ?? [];
    if (state === undefined) continue;
    const found = slots.get(state) ?? [];
    found[Number(slot)] = input;
    slots.set(state, found);
  }
  return [...slots].map(([state, found]) => ({
    state,
    slots: found.map((_, k) => slotName(state, k)),
    newest: slotName(state, found.length),
    shape: found[0]?.shape ?? [],
  }));
}

/** The states under Google's names and in Google's shapes; the positions of all layers are the age of the stream. */
function statesOf(
  buffers: readonly Buffer[],
  pools: readonly TensorFacts[],
  positions: boolean,
): readonly StateFacts[] {
  const frames = buffers.map(
    ({ state, slots, shape }): StateFacts => ({
      name: state,
      shape: [1, slots.length, ...shape.slice(1)],
      dtype: "float32",
    }),
  );
  const counted = pools.flatMap(({ name, shape }): StateFacts[] => {
    const layer = name.slice(0, -pool.length);
    const count = { name: `${layer}_pool_frame_count`, shape: [1], dtype: "int32" } as const;
    const position = { name: `${layer}_pos_enc_frame_count`, shape: [1], dtype: "int32" } as const;
    const sum = { name, shape: [1, ...shape], dtype: "float32" } as const;
    return positions && layer !== "state_head" ? [sum, count, position] : [sum, count];
  });
  return [...frames, ...counted];
}

function join(frames: readonly Float32Array[]): Float32Array {
  const size = frames[0]?.length ?? 0;
  const joined = new Float32Array(frames.length * size);
  for (const [k, frame] of frames.entries()) joined.set(frame, k * size);
  return joined;
}
