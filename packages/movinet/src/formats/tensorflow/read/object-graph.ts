/** The objects of the Python program that wrote a checkpoint: the owner of a variable identifies it. */
import { fields } from "../bundle-layout.ts";
import { readAll, readMessage } from "./message.ts";

export interface TrackedObject {
  /** Its children: their positions in the graph, by name. */
  readonly children: ReadonlyMap<string, number>;
  /** For a variable: the key of its value. */
  readonly key: string | null;
  /** For a variable: its name, such as `block0_layer0/bneck/expansion/conv3d/kernel`, if the program set one. */
  readonly fullName: string;
}

/**
 * Limit of objects, child names and variables: the SavedModel of A0 stream has 23,000, and A5 has four times its
 * layers.
 */
const mostParts = 2 ** 19;

const none: ReadonlyMap<string, number> = new Map();

/** Reads an object graph. Throws an `Error` if it is damaged. */
export function readObjectGraph(bytes: Uint8Array): readonly TrackedObject[] {
  const objects: TrackedObject[] = [];
  let parts = 0;
  const count = () => {
    if (++parts > mostParts) throw new Error(`its object graph has more than ${mostParts} parts`);
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

/** The object at the end of a path of names; null if there is none. */
export function follow(
  objects: readonly TrackedObject[],
  from: TrackedObject,
  path: readonly string[],
): TrackedObject | null {
  let object: TrackedObject | undefined = from;
  for (const name of path) object = objects[object?.children.get(name) ?? -1];
  return object ?? null;
}
