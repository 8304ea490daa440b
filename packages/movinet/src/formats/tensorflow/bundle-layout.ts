/** What TensorFlow's checkpoints ("tensor bundles") are made of: names, keys and numbers that stand in them. */

/** The entry of the index that tells of the whole. */
export const headerKey = "";

/** The entry under which the graph of Python objects is kept that the variables belong to. */
export const objectGraphKey = "_CHECKPOINTABLE_OBJECT_GRAPH";

/** Behind the path of an object: its value. */
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

/** The ending of the file that holds a shard's values. */
export function shardEnding(shard: number, shards: number): string {
  const digits = (value: number) => String(value).padStart(5, "0");
  return `.data-${digits(shard)}-of-${digits(shards)}`;
}
