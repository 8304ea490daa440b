/** The calls of a network for a number of streams, with a place for everything that they name. */
import type { Graph } from "../../../graph/ir.ts";
import { dropIdentities, foldNorm, foldScale, lowerComposites, type Pass } from "../../../graph/passes.ts";
import { Space } from "../space.ts";
import type { Address, Buffer, Call, Encoding } from "./calls.ts";
import { emit } from "./emitters.ts";
import { fuse } from "./fuse.ts";
import { Lowering } from "./lowering.ts";
import { share } from "./share.ts";
import type { Store } from "./store.ts";

/** How the tensors of a network lie. */
export interface Tensors {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Inputs that come as planes. */
  readonly planar: ReadonlySet<string>;
}

/** A table address that differs in each run: that of a tensor plus this many bytes. */
export interface Patch {
  /** Words from the start of the table. */
  readonly word: number;
  /** Among the inputs, then the outputs. */
  readonly tensor: number;
  readonly bytes: number;
}

/** A network as a list of calls for {@link Store.run}; addresses of the arena are counted from its start. */
export interface Table {
  readonly words: Uint32Array;
  /** Where each thread's part of it begins, and where the last ends: bytes from its start. */
  readonly bounds: readonly number[];
  readonly patches: readonly Patch[];
  /** Which words are addresses of the arena. */
  readonly planned: readonly number[];
  readonly arenaBytes: number;
  /** Each with the bytes into the arena at which it is written. */
  readonly encodings: readonly (Encoding & { readonly place: number })[];
}

/** The form in which a graph becomes calls: convolutions over time are left to the kernels. */
export const lowerForCalls: Pass = (graph) =>
  [lowerComposites, foldNorm, foldScale, dropIdentities].reduce((lowered, pass) => pass(lowered), graph);

export function tableOf(
  graph: Graph,
  streams: number,
  tensors: Tensors,
  store: Store,
  param: (name: string) => Float32Array,
): Table {
  const lowering = new Lowering(graph, streams, tensors.outputs, store, param);
  for (const [index, value] of tensors.inputs.entries()) {
    const start: Address = { buffer: { kind: "input", index }, bytes: 0 };
    lowering.set(value, lowering.viewOf(lowering.shape(value), start, tensors.planar.has(value)));
  }
  for (const node of fuse(graph)) emit(node, lowering);
  lowering.finish();
  return encode(lowering.calls, [...lowering.encodings.values()], tensors.inputs.length, store);
}

function encode(calls: readonly Call[], encodings: readonly Encoding[], inputs: number, store: Store): Table {
  const { places, bytes } = planArena(calls, encodings);
  const placeOf = (buffer: Buffer) => places.get(buffer) ?? 0;
  const words: number[] = [];
  const patches: Patch[] = [];
  const planned: number[] = [];
  const { threads, meeting } = store;
  const lists = threads > 1 ? share(calls, threads, { buffer: { kind: "fixed", at: meeting }, bytes: 0 }) : [calls];
  const bounds = [0];
  for (const list of lists) {
    for (const call of list) {
      words.push(call.operation, call.words.length + 2);
      for (const word of call.words) {
        if (typeof word === "number") {
          words.push(word);
          continue;
        }
        const { buffer } = word;
        if (buffer.kind === "fixed") words.push(buffer.at + word.bytes);
        else if (buffer.kind === "planned") {
          planned.push(words.length);
          words.push(placeOf(buffer) + word.bytes);
        } else {
          const tensor = buffer.kind === "input" ? buffer.index : inputs + buffer.index;
          patches.push({ word: words.length, tensor, bytes: word.bytes });
          words.push(0);
        }
      }
    }
    bounds.push(4 * words.length);
  }
  const placed = encodings.map((encoding) => ({ ...encoding, place: placeOf(encoding.to) }));
  return { words: Uint32Array.from(words), bounds, patches, planned, arenaBytes: bytes, encodings: placed };
}

/** A place for each planned buffer from the first call that names it to the last; what the host makes is there from the start. */
function planArena(calls: readonly Call[], encodings: readonly Encoding[]) {
  const last = new Map<Buffer, number>();
  for (const [i, { words }] of calls.entries()) {
    for (const word of words) if (typeof word !== "number") last.set(word.buffer, i);
  }
  const space = new Space(0);
  const places = new Map<Buffer, number>();
  const settle = (buffer: Buffer) => {
    if (buffer.kind === "planned" && !places.has(buffer)) places.set(buffer, space.take(buffer.bytes));
  };
  for (const { to } of encodings) settle(to);
  for (const [i, { words }] of calls.entries()) {
    const named = words.filter((word) => typeof word !== "number");
    for (const { buffer } of named) settle(buffer);
    for (const buffer of new Set(named.map((address) => address.buffer))) {
      if (buffer.kind === "planned" && last.get(buffer) === i) space.free(places.get(buffer) as number, buffer.bytes);
    }
  }
  return { places, bytes: space.end };
}
