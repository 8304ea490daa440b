import { PbfWriter } from "pbf";
import { dtypes, fields, headerKey } from "../bundle-layout.ts";
import { crc32c, masked } from "../crc32c.ts";
import { fixed32, varint, writeTable } from "./table.ts";

/** What is stored under a key: float32 numbers, a number of 64 bits, or a text. */
export type Value =
  | { readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly count: bigint }
  | { readonly text: Uint8Array };

/** The two files of a checkpoint: what there is, and the values, in the order in which they are given. */
export function writeBundle(values: ReadonlyMap<string, Value>): {
  readonly index: Uint8Array;
  readonly data: Uint8Array;
} {
  const stored = [...values].map(([key, value]) => ({ key, ...store(value) }));
  const data = new Uint8Array(stored.reduce((sum, { parts }) => sum + lengthOf(parts), 0));
  const entries = new Map<string, Uint8Array>([[headerKey, header()]]);
  let at = 0;
  for (const { key, dtype, shape, parts, checksum } of stored) {
    const offset = at;
    for (const part of parts) {
      data.set(part, at);
      at += part.length;
    }
    entries.set(key, entry({ dtype, shape, offset, size: at - offset, checksum }));
  }
  return { index: writeTable(entries), data };
}

interface Stored {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly parts: readonly Uint8Array[];
  readonly checksum: number;
}

function store(value: Value): Stored {
  if ("text" in value) return storeText(value.text);
  const { data, dtype, shape } =
    "count" in value
      ? { data: BigInt64Array.of(value.count), dtype: dtypes.int64, shape: [] }
      : { data: value.data, dtype: dtypes.float32, shape: value.shape };
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dtype, shape, parts: [bytes], checksum: masked(crc32c(bytes)) };
}

/** The length, a checksum of it, and the text; the checksum of all takes the length as a number of 32 bits. */
function storeText(text: Uint8Array): Stored {
  const ofLength = crc32c(Uint8Array.from(fixed32(text.length)));
  const lengthSum = Uint8Array.from(fixed32(masked(ofLength)));
  const checksum = masked(crc32c(text, crc32c(lengthSum, ofLength)));
  return { dtype: dtypes.string, shape: [], parts: [Uint8Array.from(varint(text.length)), lengthSum, text], checksum };
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function header(): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(fields.header.shards, 1);
  pbf.writeMessage(fields.header.version, (of, inner) => inner.writeVarintField(fields.version.producer, of), 1);
  return pbf.finish();
}

interface Entry {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
  readonly checksum: number;
}

function entry({ dtype, shape, offset, size, checksum }: Entry): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(fields.entry.dtype, dtype);
  pbf.writeMessage(fields.entry.shape, writeShape, shape);
  pbf.writeVarintField(fields.entry.offset, offset);
  pbf.writeVarintField(fields.entry.size, size);
  pbf.writeFixed32Field(fields.entry.checksum, checksum);
  return pbf.finish();
}

function writeShape(shape: readonly number[], pbf: PbfWriter): void {
  for (const size of shape) {
    pbf.writeMessage(fields.shape.dimension, (of, inner) => inner.writeVarintField(fields.dimension.size, of), size);
  }
}
