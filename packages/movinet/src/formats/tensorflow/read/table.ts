/**
 * Sorted tables of keys and values, the index format of TensorFlow's checkpoints: blocks of entries with shared key
 * prefixes, then an index block, then a footer of 48 bytes.
 */
import { crc32c, masked } from "../crc32c.ts";
import { compression, footerBytes, magic, trailerBytes } from "../table-layout.ts";
import { unsnap } from "./snappy.ts";

/** Limits beyond the index of any MoViNet: A5 with complete optimizer state has 6,000 entries. */
const most = { entries: 2 ** 16, keyBytes: 512, bytes: 2 ** 26 } as const;

/** Whether bytes end like such a table. */
export function isTable(bytes: Uint8Array): boolean {
  return bytes.length >= footerBytes && magic.every((byte, i) => bytes[bytes.length - magic.length + i] === byte);
}

/** The values by key, as views if not compressed. Throws an `Error` if the bytes are damaged. */
export function readTable(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  if (!isTable(bytes)) throw new Error("it does not end like an index");
  const footer = new Cursor(bytes.subarray(-footerBytes));
  footer.handle();
  let [entries, unpacked, end] = [0, 0, 0];
  const blockAt = ({ offset, size }: Handle) => {
    const trailer = bytes.subarray(offset + size, offset + size + trailerBytes);
    if (trailer.length < trailerBytes) throw new Error("a block is outside the file");
    const sum = new DataView(trailer.buffer, trailer.byteOffset + 1, 4).getUint32(0, true);
    if (masked(crc32c(bytes.subarray(offset, offset + size + 1))) !== sum) {
      throw new Error("the checksum of a block does not match");
    }
    const content = bytes.subarray(offset, offset + size);
    if (trailer[0] === compression.none) return content;
    if (trailer[0] !== compression.snappy) throw new Error("a block has an unknown compression");
    const block = unsnap(content, most.bytes - unpacked);
    unpacked += block.length;
    return block;
  };
  const values = new Map<string, Uint8Array>();
  const blocks = [...entriesOf(blockAt(footer.handle()))].map(([, value]) => new Cursor(value).handle());
  for (const handle of blocks) {
    // In a genuine file, blocks do not overlap; otherwise a small file could be read endlessly.
    if (handle.offset < end) throw new Error("its blocks overlap");
    end = handle.offset + handle.size + trailerBytes;
    for (const [key, value] of entriesOf(blockAt(handle))) {
      if (++entries > most.entries) throw new Error(`it has more than ${most.entries} entries`);
      const name = textOf(key);
      if (values.has(name)) throw new Error(`it has two entries named ${name.slice(0, 80)}`);
      values.set(name, value);
    }
  }
  return values;
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

interface Handle {
  readonly offset: number;
  readonly size: number;
}

function* entriesOf(block: Uint8Array): Generator<[key: Uint8Array, value: Uint8Array]> {
  const restarts =
    block.length < 4 ? 0 : new DataView(block.buffer, block.byteOffset + block.length - 4).getUint32(0, true);
  const end = block.length - 4 - 4 * restarts;
  if (end < 0) throw new Error("a block is truncated");
  const cursor = new Cursor(block.subarray(0, end));
  let key = new Uint8Array();
  for (let count = 0; !cursor.ended; count++) {
    if (count > most.entries) throw new Error(`a block has more than ${most.entries} entries`);
    const [shared, rest, size] = [cursor.varint(), cursor.varint(), cursor.varint()];
    if (shared > key.length || shared + rest > most.keyBytes) throw new Error("a key is damaged or too long");
    const next = new Uint8Array(shared + rest);
    next.set(key.subarray(0, shared));
    next.set(cursor.bytes(rest), shared);
    key = next;
    yield [key, cursor.bytes(size)];
  }
}

/** Reads from the front. Throws an `Error` at the end. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 53; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error("a block is truncated");
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new Error("a number is too large");
  }

  bytes(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw new Error("a block is truncated");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  handle(): Handle {
    return { offset: this.varint(), size: this.varint() };
  }
}
