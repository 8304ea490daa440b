/** The layout of TensorFlow's checkpoints ("tensor bundles"): names, keys and constants. */

/** The index entry that describes the whole. */
export const headerKey = "";

/** The entry for the graph of Python objects that own the variables. */
export const objectGraphKey = "_CHECKPOINTABLE_OBJECT_GRAPH";

/** Suffix of an object's path: its value. */
export const valueSuffix = "/.ATTRIBUTES/VARIABLE_VALUE";

export const dtypes = { float32: 1, string: 7, int64: 9, float16: 19 } as const;

/** Field numbers: the header of a bundle, an entry, a shape and its dimensions. */
export const fields = {
  header: { shards: 1, endianness: 2, version: 3 },
  version: { producer: 1 },
  entry: { dtype: 1, shape: 2, shard: 3, offset: 4, size: 5, checksum: 6, slices: 7 },
  shape: { dimension: 2, unknownRank: 3 },
  dimension: { size: 1 },
  graph: { node: 1 },
  node: { child: 1, attribute: 2, hasValues: 5 },
  child: { id: 1, name: 2 },
  attribute: { name: 1, fullName: 2, key: 3 },
  flag: { value: 1 },
} as const;

/** The extension of a shard's data file. */
export function shardEnding(shard: number, shards: number): string {
  const digits = (value: number) => String(value).padStart(5, "0");
  return `.data-${digits(shard)}-of-${digits(shards)}`;
}
