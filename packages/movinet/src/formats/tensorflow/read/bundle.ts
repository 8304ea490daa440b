/** Reads the tensors of a checkpoint: `.index`, a table of contents, and `.data-?????-of-?????`, the values. */
import { PbfReader } from "pbf";
import type { ModelError } from "../../../common/errors.ts";
import { halvesToFloats } from "../../../common/half.ts";
import { elementsOf } from "../../../graph/shapes.ts";
import { dtypes, fields, headerKey, shardEnding } from "../bundle-layout.ts";
import { crc32c, masked } from "../crc32c.ts";
import { readAll, readMessage } from "./message.ts";
import { readTable } from "./table.ts";

/** Files of a checkpoint. */
export interface BundleFiles {
  readonly index: Uint8Array;
  /** By extension, as in `.data-00000-of-00001`. */
  readonly shards: ReadonlyMap<string, Uint8Array>;
}

/** A tensor as described in the index. */
export interface BundleEntry {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly checksum: number;
  /** It is stored in slices, each under its own name. */
  readonly sliced: boolean;
}

export interface Bundle {
  readonly entries: ReadonlyMap<string, BundleEntry>;
  /** Values of a float32 or float16 tensor. Throws for other types, and if the bytes are damaged. */
  floats(key: string): Float32Array;
  /** The bytes of a scalar string. Throws for others, and if the bytes are damaged. */
  text(key: string): Uint8Array;
}

const most = { shards: 1000, dimensions: 8 } as const;

/** Opens a checkpoint; values are read, and their checksums verified, on demand. Throws what `refuse` returns. */
export function openBundle(
  { index, shards }: BundleFiles,
  refuse: (problem: string, cause?: unknown) => ModelError,
): Bundle {
  const { entries, count } = attempt(() => readIndex(index));
  const entryOf = (key: string) => {
    const entry = entries.get(key);
    if (entry === undefined) throw refuse(`it has no ${key}`);
    if (entry.sliced) throw refuse(`${key} is stored in slices, like a model trained on several machines`);
    return entry;
  };
  const bytesOf = (key: string, { shard, offset, size }: BundleEntry) => {
    const ending = shardEnding(shard, count);
    const bytes = shards.get(ending);
    if (bytes === undefined) throw refuse(`the file ${ending}, which contains ${key}, is missing`);
    if (offset + size > bytes.length) throw refuse(`its file ${ending} is truncated: it ends inside ${key}`);
    return bytes.subarray(offset, offset + size);
  };
  const damaged = (key: string) => refuse(`the checksum of ${key} does not match, so its values are damaged`);

  return {
    entries,
    floats(key) {
      const entry = entryOf(key);
      const { dtype, shape, size, checksum } = entry;
      const width = { [dtypes.float32]: 4, [dtypes.float16]: 2 }[dtype];
      if (width === undefined) throw refuse(`${key} has type ${dtype}, which weights never have`);
      if (size !== width * elementsOf(shape)) throw refuse(`the size of ${key} does not match its shape [${shape}]`);
      // A copy: the values may have any offset, and should not keep all others in memory.
      const values = new Uint8Array(bytesOf(key, entry));
      if (masked(crc32c(values)) !== checksum) throw damaged(key);
      return width === 4 ? new Float32Array(values.buffer) : halvesToFloats(new Uint16Array(values.buffer));
    },
    text(key) {
      const entry = entryOf(key);
      const { dtype, shape, checksum } = entry;
      if (dtype !== dtypes.string || shape.length > 0) throw refuse(`${key} is not a single string`);
      const bytes = bytesOf(key, entry);
      const reader = new PbfReader(bytes);
      const length = attempt(() => reader.readVarint());
      const content = bytes.subarray(reader.pos + 4);
      if (content.length !== length) throw refuse(`the size of ${key} does not match its text`);
      // The checksum covers the length as a 32-bit number, then everything after the length.
      const sum = crc32c(bytes.subarray(reader.pos), crc32c(new Uint8Array(Uint32Array.of(length).buffer)));
      if (masked(sum) !== checksum) throw damaged(key);
      return content;
    },
  };

  function attempt<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw refuse(`its index is damaged: ${(cause as Error).message}`, cause);
    }
  }
}

function readIndex(index: Uint8Array) {
  const table = readTable(index);
  const header = table.get(headerKey);
  if (header === undefined) throw new Error("it has no header");
  const count = readHeader(header);
  const entries = new Map<string, BundleEntry>();
  for (const [key, value] of table) if (key !== headerKey) entries.set(key, readEntry(value));
  return { entries, count };
}

function readHeader(bytes: Uint8Array): number {
  let [shards, endianness] = [1, 0];
  readAll(bytes, (field, pbf) => {
    if (field === fields.header.shards) shards = pbf.readVarint();
    if (field === fields.header.endianness) endianness = pbf.readVarint();
  });
  if (endianness !== 0) throw new Error("its numbers are big-endian");
  if (shards < 1 || shards > most.shards) throw new Error(`it lists ${shards} data files`);
  return shards;
}

function readEntry(bytes: Uint8Array): BundleEntry {
  const entry = { dtype: 0, shape: [] as number[], shard: 0, offset: 0, size: 0, checksum: 0, sliced: false };
  readAll(bytes, (field, pbf) => {
    if (field === fields.entry.dtype) entry.dtype = pbf.readVarint();
    if (field === fields.entry.shape) readMessage(pbf, (part) => readShapePart(part, pbf, entry.shape));
    if (field === fields.entry.shard) entry.shard = pbf.readVarint();
    if (field === fields.entry.offset) entry.offset = pbf.readVarint();
    if (field === fields.entry.size) entry.size = pbf.readVarint();
    if (field === fields.entry.checksum) entry.checksum = pbf.readFixed32();
    if (field === fields.entry.slices) entry.sliced = true;
  });
  return entry;
}

function readShapePart(part: number, pbf: PbfReader, shape: number[]): void {
  if (part === fields.shape.unknownRank) throw new Error("a tensor has an unknown shape");
  if (part !== fields.shape.dimension) return;
  if (shape.length === most.dimensions) throw new Error(`a tensor has more than ${most.dimensions} dimensions`);
  let size = 0;
  readMessage(pbf, (field) => {
    if (field === fields.dimension.size) size = pbf.readVarint();
  });
  shape.push(size);
}
