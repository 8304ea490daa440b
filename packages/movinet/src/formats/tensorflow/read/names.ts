import type { ModelError } from "../../../common/errors.ts";
import { blockLayerOf, type LayerKind, layerKindOf, objectPaths } from "../../weights/origins/tensorflow.ts";
import { follow, type TrackedObject } from "./object-graph.ts";

/**
 * The keys of variables by our names, for objects of the official code: whatever contains the network (a model, a
 * SavedModel, a trainer), layers are recognized by their content. Throws what `refuse` returns if there are two
 * networks.
 */
export function namesOfObjects(
  objects: readonly TrackedObject[],
  refuse: (problem: string) => ModelError,
): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const object of objects) {
    const kind = layerKindOf(object.children);
    if (kind === null) continue;
    const variables = variablesOf(objects, object, kind);
    const [place = "block"] = [...variables.values()].flatMap(({ fullName }) => blockLayerOf(fullName) ?? []);
    const owner = kind === "block" ? `${place}.` : "";
    for (const [name, { key }] of variables) {
      if (keys.has(owner + name)) throw refuse(`it contains more than one network: ${owner + name} appears twice`);
      keys.set(owner + name, key);
    }
  }
  return keys;
}

const both = (kind: LayerKind) => [...objectPaths(kind, true), ...objectPaths(kind, false)];
const pathsOf = { stem: both("stem"), block: both("block"), head: both("head"), classifier: both("classifier") };

/** The variables of a layer by our names; either all of its convolutions are flat, or none. */
function variablesOf(objects: readonly TrackedObject[], layer: TrackedObject, kind: LayerKind) {
  const found = pathsOf[kind].map(([name, path]) => [name, follow(objects, layer, path)] as const);
  return new Map(found.flatMap(([name, object]) => (object?.key ? [[name, { ...object, key: object.key }]] : [])));
}
