/** Damage to TensorFlow checkpoints and to archives: to bytes, and behind the checksums to what they guard. */
import { gzipSync } from "node:zlib";
import type { BundleFiles } from "../../src/formats/tensorflow/read/bundle.ts";
import { readTable } from "../../src/formats/tensorflow/read/table.ts";
import { type TarEntry, tarOf } from "../formats/tar.ts";
import { bundleOf, type Stored, storedText, tableOf, textOf } from "../formats/tensorflow/bundles.ts";
import { type Draw, damage, damageJson, pick } from "./mutate.ts";

const graphKey = "_CHECKPOINTABLE_OBJECT_GRAPH";

export function damageCheckpoint(original: ReadonlyMap<string, Stored>, draw: Draw): BundleFiles {
  const stored = new Map(original);
  const how = { shards: 1 + draw(3), snappy: draw(3) === 0 };
  const alter = (key: string, change: (content: Uint8Array) => Uint8Array) => {
    const found = stored.get(key);
    if (found) stored.set(key, storedText(change(textOf(found))));
  };
  switch (draw(6)) {
    case 0:
      alter(graphKey, (graph) => damage(graph, draw));
      return bundleOf(stored, how);
    case 1:
      alter(pick(draw, ["movinet.spec", "movinet.card"]), (text) =>
        new TextEncoder().encode(damageJson(new TextDecoder().decode(text), draw)),
      );
      return bundleOf(stored, how);
    case 2: {
      // Other values under a name, or a name that is gone.
      const keys = [...stored.keys()];
      for (let count = 1 + draw(3); count > 0; count--) {
        const [key, other] = [pick(draw, keys), pick(draw, keys)];
        if (draw(2) === 0) stored.delete(key);
        else stored.set(key, original.get(other) as Stored);
      }
      return bundleOf(stored, how);
    }
    default:
      return damageFiles(bundleOf(stored, how), draw);
  }
}

/** The index, an entry of it behind the right checksum, or a file of values. */
function damageFiles({ index, shards }: BundleFiles, draw: Draw): BundleFiles {
  const kind = draw(4);
  if (kind === 0) return { index: damage(index, draw), shards };
  if (kind === 1) {
    const entries = [...readTable(index)];
    for (let count = 1 + draw(4); count > 0; count--) {
      const at = draw(entries.length);
      const [key, value] = entries[at] as [string, Uint8Array];
      entries[at] = draw(4) === 0 ? [`${key}${draw(10)}`, value] : [key, damage(value, draw)];
    }
    return { index: tableOf(entries, draw(2) === 0), shards };
  }
  const [ending, bytes] = pick(draw, [...shards]);
  const others = new Map(shards);
  if (kind === 2) others.delete(ending);
  else others.set(ending, damage(bytes, draw));
  return { index, shards: others };
}

/** An archive that is damaged itself, or that holds entries which lie. */
export function damageArchive(entries: readonly TarEntry[], draw: Draw): Uint8Array {
  const packed = (tar: Uint8Array) => (draw(2) === 0 ? gzipSync(tar, { level: 1 }) : tar);
  if (draw(3) === 0) return damage(packed(tarOf(entries)), draw);
  if (draw(2) === 0) return packed(damage(tarOf(entries), draw));
  const lies = (entry: TarEntry): TarEntry => {
    switch (draw(5)) {
      case 0:
        return { ...entry, name: pick(draw, ["../x", "/x", "", "variables/variables.index", `${"x/".repeat(45)}y`]) };
      case 1:
        return { ...entry, type: pick(draw, ["1", "2", "5", "L", "x", "g", "S", "\0"]) };
      case 2:
        return { ...entry, size: pick(draw, ["77777777777", "00000000000", "-0000000001", "x", "\x80".repeat(12)]) };
      default:
        return entry;
    }
  };
  return packed(tarOf([...entries, ...entries].slice(draw(2)).map(lies)));
}
