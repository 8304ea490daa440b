/** Checkpoints as other programs write them, made anew from ours by a second writer: in several files, compressed, under other keys. */
import { PbfReader, PbfWriter } from "pbf";
import { buildGraph } from "../../../src/arch/build.ts";
import { crc32c, masked } from "../../../src/formats/tensorflow/crc32c.ts";
import type { BundleFiles } from "../../../src/formats/tensorflow/read/bundle.ts";
import { readTable } from "../../../src/formats/tensorflow/read/table.ts";
import { hubKeys } from "../../../src/formats/weights/origins/hub.ts";
import type { Tensor } from "../../../src/graph/tensor.ts";
import type { Model } from "../../../src/model/model.ts";

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
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const blocks: Block[] = [];
  for (let at = 0; at < sorted.length; at += 50) {
    const rows = sorted.slice(at, at + 50);
    const plain = rowsOf(rows);
    blocks.push({ last: rows.at(-1)?.[0] ?? "", content: snappy ? literally(plain) : plain, snappy });
  }
  return tableOfBlocks(blocks);
}

interface Block {
  /** Its last key. */
  readonly last: string;
  readonly content: Uint8Array;
  readonly snappy: boolean;
}

function rowsOf(rows: readonly (readonly [string, Uint8Array])[]): Buffer {
  const entries = rows.flatMap(([key, value]) => [
    Buffer.from([0, ...varint(key.length), ...varint(value.length)]),
    Buffer.from(key),
    value,
  ]);
  return Buffer.concat([...entries, Buffer.from([0, 0, 0, 0, 1, 0, 0, 0])]);
}

/** A table of blocks that are anything. */
export function tableOfBlocks(blocks: readonly Block[]): Uint8Array {
  const file: Uint8Array[] = [];
  let length = 0;
  const append = (content: Uint8Array, snappy = false) => {
    const handle = Uint8Array.from([...varint(length), ...varint(content.length)]);
    const trailer = Buffer.from([snappy ? 1 : 0, 0, 0, 0, 0]);
    trailer.writeUInt32LE(masked(crc32c(trailer.subarray(0, 1), crc32c(content))), 1);
    file.push(content, trailer);
    length += content.length + trailer.length;
    return handle;
  };
  const index = blocks.map(({ last, content, snappy }) => [last, append(content, snappy)] as const);
  const handles = Buffer.concat([append(rowsOf([])), append(rowsOf(index))]);
  file.push(handles, Buffer.alloc(40 - handles.length), Buffer.from("57fb808b247547db", "hex"));
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

export function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

/** A text as it is stored. */
export function storedText(text: Uint8Array): Stored {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const ofLength = crc32c(length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(masked(ofLength));
  const content = new Uint8Array(Buffer.concat([Buffer.from(varint(text.length)), sum, text]));
  return { dtype: 7, shape: [], content, checksum: masked(crc32c(text, crc32c(sum, ofLength))) };
}

/** What is in a stored text. */
export function textOf({ content }: Stored): Uint8Array {
  return content.subarray(content.findIndex((byte) => byte < 128) + 5);
}

/** The variables of a model under the keys that the hub gives them. */
export function storedInHub({ spec, weights }: Model): Map<string, Stored> {
  const { params } = buildGraph(spec, { form: "clip", frames: 1 });
  return new Map(
    [...hubKeys(params)].map(([name, key]) => {
      const { shape, data } = weights.get(name) as Tensor;
      const content = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return [`${key}/.ATTRIBUTES/VARIABLE_VALUE`, { dtype: 1, shape, content, checksum: masked(crc32c(content)) }];
    }),
  );
}
