/** The objects of the Python program that wrote a checkpoint: what a variable is follows from whose it is. */
import { fields } from "../bundle-layout.ts";
import { readAll, readMessage } from "./message.ts";

export interface TrackedObject {
  /** The objects that it holds: their places in the graph, by the names under which it holds them. */
  readonly children: ReadonlyMap<string, number>;
  /** Of a variable: the key of its value. */
  readonly key: string | null;
  /** Of a variable: its name, as in `block0_layer0/bneck/expansion/conv3d/kernel`, as far as the program gave it one. */
  readonly fullName: string;
}

/** Objects, names of what they hold, and variables: the SavedModel of A0 stream has 23,000, and A5 has four times its layers. */
const mostParts = 2 ** 19;

const none: ReadonlyMap<string, number> = new Map();

/** Reads a graph of objects. Throws an `Error` where it is damaged. */
export function readObjectGraph(bytes: Uint8Array): readonly TrackedObject[] {
  const objects: TrackedObject[] = [];
  let parts = 0;
  const count = () => {
    if (++parts > mostParts) throw new Error(`its graph of objects has more than ${mostParts} parts`);
  };
  readAll(bytes, (field, pbf) => {
    if (field !== fields.graph.node) return;
    count();
    let children: Map<string, number> | null = null;
    const variable = { key: null as string | null, fullName: "" };
    readMessage(pbf, (part) => {
      if (part === fields.node.child) {
        count();
        let [id, name] = [0, ""];
        readMessage(pbf, (of) => {
          if (of === fields.child.id) id = pbf.readVarint();
          if (of === fields.child.name) name = pbf.readString();
        });
        children ??= new Map();
        children.set(name, id);
      }
      if (part === fields.node.attribute) {
        count();
        readMessage(pbf, (of) => {
          if (of === fields.attribute.fullName) variable.fullName = pbf.readString();
          if (of === fields.attribute.key) variable.key = pbf.readString();
        });
      }
    });
    objects.push({ children: children ?? none, ...variable });
  });
  return objects;
}

/** The object at the end of a path of names; null where there is none. */
export function follow(
  objects: readonly TrackedObject[],
  from: TrackedObject,
  path: readonly string[],
): TrackedObject | null {
  let object: TrackedObject | undefined = from;
  for (const name of path) object = objects[object?.children.get(name) ?? -1];
  return object ?? null;
}
