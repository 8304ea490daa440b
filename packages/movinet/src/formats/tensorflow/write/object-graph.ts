import { PbfWriter } from "pbf";
import { fields } from "../bundle-layout.ts";

/** An object of a Python program, as far as it leads to variables. */
export class TrackedObject {
  readonly #children = new Map<string, TrackedObject>();
  #variable: Variable | null = null;

  /** The object at the end of a path, made where it is not there. */
  at(path: readonly string[]): TrackedObject {
    const [name, ...rest] = path;
    if (name === undefined) return this;
    const child = this.#children.get(name) ?? new TrackedObject();
    this.#children.set(name, child);
    return child.at(rest);
  }

  /** Holds an object under a name, whoever else holds it. */
  hold(name: string, object: TrackedObject): void {
    this.#children.set(name, object);
  }

  /** Makes it a variable. */
  become(variable: Variable): void {
    this.#variable = variable;
  }

  /** The graph of what it leads to, itself in front. */
  bytes(): Uint8Array {
    const ids = new Map<TrackedObject, number>([[this, 0]]);
    // Whoever is added while this goes on is visited, too.
    for (const object of ids.keys()) {
      for (const child of object.#children.values()) if (!ids.has(child)) ids.set(child, ids.size);
    }
    const pbf = new PbfWriter();
    for (const object of ids.keys()) pbf.writeMessage(fields.graph.node, (_, node) => object.#write(node, ids), null);
    return pbf.finish();
  }

  #write(node: PbfWriter, ids: ReadonlyMap<TrackedObject, number>): void {
    for (const [name, child] of this.#children) {
      node.writeMessage(fields.node.child, writeChild, { name, id: ids.get(child) ?? 0 });
    }
    if (this.#variable) node.writeMessage(fields.node.attribute, writeAttribute, this.#variable);
    node.writeMessage(fields.node.hasValues, (yes, flag) => flag.writeBooleanField(fields.flag.value, yes), true);
  }
}

export interface Variable {
  readonly fullName: string;
  /** Of its value in the checkpoint. */
  readonly key: string;
}

function writeChild({ name, id }: { readonly name: string; readonly id: number }, pbf: PbfWriter): void {
  pbf.writeVarintField(fields.child.id, id);
  pbf.writeStringField(fields.child.name, name);
}

function writeAttribute({ fullName, key }: Variable, pbf: PbfWriter): void {
  pbf.writeStringField(fields.attribute.name, "VARIABLE_VALUE");
  pbf.writeStringField(fields.attribute.fullName, fullName);
  pbf.writeStringField(fields.attribute.key, key);
}
