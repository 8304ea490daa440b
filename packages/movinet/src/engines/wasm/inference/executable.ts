import { type Graph, type InputNode, outputsOf, type Shape } from "../../../graph/ir.ts";
import { graphInterface, tensorsOf } from "../../../graph/step-interface.ts";
import type { Executable } from "../../engine.ts";
import type { Block, Blocks, Layout } from "./block.ts";
import { padded, pictureBytes } from "./calls.ts";
import { type Table, type Tensors, tableOf } from "./plan.ts";
import type { Store } from "./store.ts";

/** A table in the memory, its addresses those of the arena as it lies. */
interface LoadedTable extends Table {
  readonly at: number;
  arena: number;
}

/** A lowered graph as calls over a store; a table for each number of streams that runs bring. */
export function executableOf(
  graph: Graph,
  store: Store,
  blocks: Blocks,
  param: (name: string) => Float32Array,
  release: () => void,
): Executable {
  const inputs = graph.nodes.filter((node): node is InputNode => node.op === "input");
  const outputs = [...new Set(outputsOf(graph))];
  const isPlanar = ({ role, shape }: InputNode) => role === "image" && shape.height * shape.width > 1;
  const tensors: Tensors = {
    inputs: inputs.map(({ id }) => id),
    outputs,
    planar: new Set(inputs.filter(isPlanar).map(({ id }) => id)),
  };
  const layouts = new Map<string, Layout>(
    [...tensors.inputs, ...outputs].map((value) => [
      value,
      { shape: graph.shapes[value] as Shape, planar: tensors.planar.has(value) },
    ]),
  );
  const outputLayouts = outputs.map((value) => layouts.get(value) as Layout);
  const tables = new Map<number, LoadedTable>();
  const load = (streams: number): LoadedTable => {
    const table = tableOf(graph, streams, tensors, store, param);
    store.reserve(table.arenaBytes);
    const loaded = { ...table, at: store.take(table.words.byteLength), arena: -1 };
    tables.set(streams, loaded);
    return loaded;
  };
  const [first] = inputs.filter(({ role }) => role === "image");
  const image = inputs.indexOf(first as InputNode);
  const imageFloats = floatsOf(layouts.get(first?.id ?? "") as Layout);
  let live = true;
  load(1);
  return {
    step: graphInterface(graph),
    inputs: tensorsOf(graph, tensors.inputs),
    outputs: tensorsOf(graph, outputs),
    layout: "planes",
    streams: "any",
    upload(input, data, instead) {
      const layout = layouts.get(input) as Layout;
      const { frames, channels, height, width } = layout.shape;
      const bytes = (4 * data.length * floatsOf(layout)) / (frames * channels * height * width);
      let block = instead as Block | undefined;
      if (block?.bytes !== bytes) {
        // The old one is its holder's until there is a new one.
        const next = blocks.take(bytes, layout);
        block?.dispose();
        block = next;
      }
      block.write(data as Float32Array);
      return block;
    },
    async run(given) {
      const streams = (given[image] as Block).bytes / 4 / imageFloats;
      const table = tables.get(streams) ?? load(streams);
      const results = blocks.takeAll(outputLayouts, (layout) => 4 * floatsOf(layout) * streams);
      place(table, store);
      const start = table.at / 4;
      for (const { word, tensor, bytes } of table.patches) {
        const block = (tensor < inputs.length ? given[tensor] : results[tensor - inputs.length]) as Block;
        store.words[start + word] = block.at + bytes;
      }
      for (const encoding of table.encodings) encode(encoding, given[encoding.positions] as Block, store);
      try {
        store.runAll(table.at, table.bounds);
      } catch (error) {
        for (const block of results) block.dispose();
        throw error;
      }
      return results;
    },
    async dispose() {
      if (!live) return;
      live = false;
      for (const { at, words } of tables.values()) store.free(at, words.byteLength);
      release();
    },
  };
}

/** Floats of a value for one stream. */
function floatsOf({ shape, planar }: Layout): number {
  const { frames, channels, height, width } = shape;
  return planar ? frames * channels * height * width : (frames * pictureBytes(shape)) / 4;
}

/** Writes a table, or writes it anew where the arena has moved. */
function place(table: LoadedTable, store: Store): void {
  if (table.arena === store.arena) return;
  const start = table.at / 4;
  store.words.set(table.words, start);
  for (const word of table.planned) store.words[start + word] = (table.words[word] as number) + store.arena;
  table.arena = store.arena;
}

/** Sines, then cosines, of the position of each row. */
function encode({ from, place, rows, frequencies }: Table["encodings"][number], positions: Block, store: Store): void {
  const { arena, floats } = store;
  const [sines, cosines] = frequencies;
  const channels = sines.length + cosines.length;
  for (let row = 0; row < rows; row++) {
    const position = floats[(positions.at + from) / 4 + row * padded(1)] as number;
    const at = (arena + place) / 4 + row * padded(channels);
    for (let i = 0; i < sines.length; i++) floats[at + i] = Math.sin(position * (sines[i] as number));
    for (let i = 0; i < cosines.length; i++) {
      floats[at + sines.length + i] = Math.cos(position * (cosines[i] as number));
    }
  }
}
