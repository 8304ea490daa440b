/** Checkpoints as other programs write them, made anew from ours by a second writer: in several files, compressed, under other keys. */
import { PbfReader, PbfWriter } from "pbf";
import { crc32c, masked } from "../../../src/formats/tensorflow/crc32c.ts";
import type { BundleFiles } from "../../../src/formats/tensorflow/read/bundle.ts";
import { readTable } from "../../../src/formats/tensorflow/read/table.ts";

export interface Stored {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly content: Uint8Array;
  readonly checksum: number;
  readonly sliced?: boolean;
}

/** What is stored in the files of a checkpoint of ours, by its keys. */
export function storedIn(files: ReadonlyMap<string, Uint8Array>): Map<string, Stored> {
  const data = files.get(".data-00000-of-00001") as Uint8Array;
  const stored = new Map<string, Stored>();
  for (const [key, value] of readTable(files.get(".index") as Uint8Array)) {
    if (key === "") continue;
    const found = { dtype: 0, shape: [] as number[], offset: 0, size: 0, checksum: 0 };
    new PbfReader(value).readFields((field, _, pbf) => {
      if (field === 1) found.dtype = pbf.readVarint();
      if (field === 2) {
        pbf.readMessage((_dimension, __, inner) => {
          const size = inner.readBytes();
          found.shape.push(size.length === 0 ? 0 : new PbfReader(size.subarray(1)).readVarint());
        }, null);
      }
      if (field === 4) found.offset = pbf.readVarint();
      if (field === 5) found.size = pbf.readVarint();
      if (field === 6) found.checksum = pbf.readFixed32();
    }, null);
    const { dtype, shape, offset, size, checksum } = found;
    stored.set(key, { dtype, shape, checksum, content: data.subarray(offset, offset + size) });
  }
  return stored;
}

export interface BundleOptions {
  readonly shards?: number;
  readonly snappy?: boolean;
}

/** The files of a checkpoint: values go to its shards in turn. */
export function bundleOf(
  values: ReadonlyMap<string, Stored>,
  { shards = 1, snappy = false }: BundleOptions = {},
): BundleFiles {
  const parts: Uint8Array[][] = Array.from({ length: shards }, () => []);
  const sizes = new Array<number>(shards).fill(0);
  const header = new PbfWriter();
  header.writeVarintField(1, shards);
  const entries: [string, Uint8Array][] = [["", header.finish()]];
  for (const [i, [key, { dtype, shape, content, checksum, sliced }]] of [...values].entries()) {
    const shard = i % shards;
    const pbf = new PbfWriter();
    pbf.writeVarintField(1, dtype);
    pbf.writeMessage(
      2,
      (dims, inner) => {
        for (const size of dims) inner.writeMessage(2, (of, last) => last.writeVarintField(1, of), size);
      },
      shape,
    );
    pbf.writeVarintField(3, shard);
    pbf.writeVarintField(4, sizes[shard] as number);
    pbf.writeVarintField(5, content.length);
    pbf.writeFixed32Field(6, checksum);
    if (sliced) pbf.writeMessage(7, () => {}, null);
    entries.push([key, pbf.finish()]);
    parts[shard]?.push(content);
    sizes[shard] = (sizes[shard] as number) + content.length;
  }
  const digits = (value: number) => String(value).padStart(5, "0");
  return {
    index: tableOf(entries, snappy),
    shards: new Map(
      parts.map((part, i) => [`.data-${digits(i)}-of-${digits(shards)}`, new Uint8Array(Buffer.concat(part))]),
    ),
  };
}

/** A sorted table whose keys are all whole, some entries to a block. */
export function tableOf(entries: readonly (readonly [string, Uint8Array])[], snappy: boolean): Uint8Array {
  const file: Uint8Array[] = [];
  let length = 0;
  const append = (bytes: Uint8Array) => {
    file.push(bytes);
    length += bytes.length;
  };
  const block = (rows: readonly (readonly [string, Uint8Array])[]) => {
    const plain = Buffer.concat([
      ...rows.map(([key, value]) =>
        Buffer.concat([Buffer.from([0, ...varint(key.length), ...varint(value.length)]), Buffer.from(key), value]),
      ),
      Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]),
    ]);
    const content = Buffer.concat([snappy ? literally(plain) : plain, Buffer.from([snappy ? 1 : 0])]);
    const handle = Uint8Array.from([...varint(length), ...varint(content.length - 1)]);
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(masked(crc32c(content)));
    append(content);
    append(sum);
    return handle;
  };
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const blocks: [string, Uint8Array][] = [];
  for (let at = 0; at < sorted.length; at += 50) {
    const rows = sorted.slice(at, at + 50);
    blocks.push([rows.at(-1)?.[0] ?? "", block(rows)]);
  }
  const handles = Buffer.concat([block([]), block(blocks)]);
  append(Buffer.concat([handles, Buffer.alloc(40 - handles.length), Buffer.from("57fb808b247547db", "hex")]));
  return new Uint8Array(Buffer.concat(file));
}

/** Snappy data without any copies. */
function literally(bytes: Uint8Array): Buffer {
  const parts: Buffer[] = [Buffer.from(varint(bytes.length))];
  for (let at = 0; at < bytes.length; at += 256) {
    const part = bytes.subarray(at, at + 256);
    parts.push(Buffer.from([60 << 2, part.length - 1]), Buffer.from(part));
  }
  return Buffer.concat(parts);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}
