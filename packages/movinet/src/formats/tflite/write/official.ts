import { type Spec, stagesOf, stateName } from "../../../arch/spec.ts";
import type { State } from "../../../graph/ir.ts";
import { stateDtype, stateShape } from "../../../graph/states.ts";
import { padding } from "../read/schema.ts";
import type { Emission } from "./emission.ts";
import { binary, concatenate, convolve } from "./emitters.ts";
import { byFingerprint } from "./fingerprint.ts";
import type { Form } from "./forms.ts";

interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: "float32" | "int32";
}

/**
 * The interface of the official exports (spec §3.7): a picture and states of rank 5, counts as int32, every state with
 * the same name as input and output, all at the positions of Google's files. Within the graph maps have rank 4, and a
 * buffer is `[1, frames, pixels, channels]`.
 */
export function officialForm(out: Emission, spec: Spec): Form {
  const { graph } = out;
  const { height, width } = spec.resolution;
  const own = graph.states.map((state) => ({ name: state.name, shape: stateShape(state), type: stateDtype(state) }));
  const unused = spec.squeezeExcite === "none" ? poolsOf(spec) : [];
  const image: Slot = { name: "image", shape: [1, 1, height, width, 3], type: "float32" };
  const slots = new Map([image, ...own, ...unused].map((slot) => [slot.name, slot]));
  // The first tensors of the file: some clients identify an input by its tensor number.
  const inputs = Object.fromEntries(
    byFingerprint([...slots.keys()]).map((name) => {
      const { shape, type } = slots.get(name) as Slot;
      return [name, out.tensor(`serving_default_${name}:0`, shape, type)];
    }),
  );
  /** The outputs of the file. Tensors are numbered alphabetically, but listed in the order of the inputs. */
  const results = [...Object.keys(graph.outputs), ...[...own, ...unused].map(({ name }) => name)].sort();
  const resultName = (name: string) => `StatefulPartitionedCall:${results.indexOf(name)}`;
  const outputs: Record<string, number> = {};
  const counts = new Map<string, number>();
  const windows = new Map<string, number>();

  const bufferOf = (slot: string) => graph.states.find((s) => s.kind === "buffer" && s.slots.includes(slot));
  function countOf(value: string): string {
    const count = graph.states.find((state) => state.kind === "count" && state.of === value);
    if (!count) throw new Error(`internal: nothing counts the frames of ${value}`);
    return count.name;
  }
  /** The count after this frame, as int32. */
  function counted(name: string): number {
    const count =
      counts.get(name) ??
      out.op("ADD", [inputs[name] as number, out.ints([1])], { name: resultName(name), shape: [1], type: "int32" });
    counts.set(name, count);
    return count;
  }
  function toFloat(tensor: number, name: string): number {
    return out.op("CAST", [tensor], { name, shape: [1], type: "float32" });
  }
  /** A buffer followed by the newest frame: `[1, slots + 1, pixels, channels]`. */
  function windowOf(state: State & { readonly kind: "buffer" }): number {
    const made = windows.get(state.name);
    if (made !== undefined) return made;
    const { channels } = state.shape;
    const pixels = state.shape.height * state.shape.width;
    const before = state.slots.length;
    const rows = out.reshape(inputs[state.name] as number, `${state.name}/rows`, [1, before, pixels, channels]);
    const buffer = out.stored(rows, state.newest[0] as string);
    const frame = out.reshape(out.held(state.newest[0] as string), `${state.name}/newest`, [1, 1, pixels, channels]);
    const window = concatenate(out, `${state.name}/window`, [buffer, frame], [1, before + 1, pixels, channels], 1);
    windows.set(state.name, window);
    return window;
  }

  return {
    input({ id, role, shape: { height, width, channels } }) {
      if (role === "image") out.bind(id, out.reshape(inputs["image"] as number, id, [1, height, width, channels]));
      if (role === "sum") out.bind(id, out.reshape(inputs[id] as number, id, [1, 1, 1, channels]));
      const buffer = role === "slot" ? bufferOf(id) : undefined;
      if (buffer?.kind !== "buffer" || isWindowOnly(id, out)) return;
      const frames = `${buffer.name}/frames`;
      const shape = [buffer.slots.length, height, width, channels];
      if (!out.has(frames)) out.bind(frames, out.reshape(inputs[buffer.name] as number, frames, shape));
      const from = out.ints([buffer.slots.indexOf(id), 0, 0, 0]);
      const size = [1, height, width, channels];
      out.bind(id, out.op("SLICE", [out.value(frames), from, out.ints(size)], { name: id, shape: size }));
    },
    temporal(node, kernel, bias) {
      const { height, width, channels } = out.shape(node.id);
      const join = graph.nodes.find(({ id }) => id === node.x);
      const buffer = join?.op === "join" ? bufferOf(join.xs[0] as string) : undefined;
      if (buffer?.kind !== "buffer") throw new Error(`internal: ${node.id} reads no stream buffer`);
      const inputsOf = [out.operand(windowOf(buffer)), kernel, bias];
      const shape = [1, 1, height * width, channels];
      convolve(out, "DEPTHWISE_CONV_2D", node.id, inputsOf, { padding: padding.valid }, shape);
    },
    average(node) {
      const sum = graph.nodes.find(({ id }) => id === node.a);
      if (sum?.op !== "cumulativeSum" || sum.initial === null) return false;
      const count = countOf(sum.id);
      const divisor = toFloat(counted(count), `${count}/float`);
      out.bind(node.id, binary(out, "DIV", node.id, out.value(node.a), divisor));
      return true;
    },
    position(node) {
      const count = countOf(node.id);
      return out.reshape(toFloat(inputs[count] as number, `${count}/float`), `${count}/position`, [1, 1, 1, 1]);
    },
    leave(value) {
      for (const [name, from] of Object.entries(graph.outputs)) {
        if (from === value) outputs[name] = out.result(value, resultName(name));
      }
      for (const state of graph.states) {
        const { name } = state;
        const shape = stateShape(state);
        if (state.kind === "sum" && state.output === value) {
          outputs[name] = out.reshape(out.value(value), resultName(name), shape);
        }
        if (state.kind !== "buffer" || state.newest[0] !== value) continue;
        const { height, width, channels } = state.shape;
        const size = [1, state.slots.length, height * width, channels];
        const from = out.ints([0, 1, 0, 0]);
        const kept = out.op("SLICE", [windowOf(state), from, out.ints(size)], { name: `${name}/kept`, shape: size });
        outputs[name] = out.reshape(out.real(kept), resultName(name), shape);
      }
    },
    finish() {
      for (const { name } of unused) outputs[name] = inputs[name] as number;
      for (const { name, kind } of graph.states) if (kind === "count") outputs[name] = counted(name);
      return {
        inputs,
        outputs: Object.fromEntries(byFingerprint(results).map((name) => [name, outputs[name] as number])),
      };
    },
  };
}

/** Whether a slot is read only by the window of a convolution over time. */
function isWindowOnly(slot: string, out: Emission): boolean {
  const join = out.onlyReader(slot);
  const reader = join?.op === "join" ? out.onlyReader(join.id) : undefined;
  return reader?.op === "depthwise" && reader.time.taps > 1;
}

/** The pool states of the layers' gates, which Google's file without gates passes through. */
function poolsOf(spec: Spec): readonly Slot[] {
  const [, ...blocks] = stagesOf(spec);
  return spec.blocks.flatMap(({ layers }, b) =>
    layers.flatMap(({ expand }, l): Slot[] => {
      const owner = blocks[b]?.[l] as string;
      return [
        { name: stateName(owner, "pool_buffer"), shape: [1, 1, 1, 1, expand], type: "float32" },
        { name: stateName(owner, "pool_frame_count"), shape: [1], type: "int32" },
      ];
    }),
  );
}
