import { crc32c, masked } from "../crc32c.ts";
import { compression, footerBytes, magic } from "../table-layout.ts";

/** The sizes that TensorFlow uses: bytes of a block, and entries after which a key is written whole. */
const [blockBytes, restartInterval] = [2 ** 18, 16];

/** A table of these values, in the order of their keys' bytes, uncompressed: the same values always give the same bytes. */
export function writeTable(values: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const encoder = new TextEncoder();
  const entries = [...values].map(([key, value]) => ({ key: encoder.encode(key), value }));
  entries.sort((a, b) => compare(a.key, b.key));
  const file = new Bytes();
  const index = new Block();
  let block = new Block();
  for (const [i, { key, value }] of entries.entries()) {
    block.add(key, value);
    if (block.length < blockBytes && i < entries.length - 1) continue;
    index.add(key, appendBlock(file, block));
    block = new Block();
  }
  const footer = new Bytes();
  footer.append(appendBlock(file, new Block()));
  footer.append(appendBlock(file, index));
  footer.append(new Uint8Array(footerBytes - magic.length - footer.length));
  footer.append(magic);
  file.append(footer.whole());
  return file.whole();
}

/** Adds a block with its trailer, and returns its place as the bytes of a handle. */
function appendBlock(file: Bytes, block: Block): Uint8Array {
  const content = block.whole();
  const place = Uint8Array.from([...varint(file.length), ...varint(content.length)]);
  file.append(content);
  file.append([compression.none]);
  file.append(fixed32(masked(crc32c(Uint8Array.of(compression.none), crc32c(content)))));
  return place;
}

/** Entries whose keys share their beginnings with the ones before them. */
class Block {
  readonly #bytes = new Bytes();
  readonly #restarts: number[] = [0];
  #last = new Uint8Array();
  #count = 0;

  get length(): number {
    return this.#bytes.length;
  }

  add(key: Uint8Array<ArrayBuffer>, value: Uint8Array): void {
    let shared = 0;
    if (this.#count > 0 && this.#count % restartInterval === 0) this.#restarts.push(this.#bytes.length);
    else while (shared < key.length && key[shared] === this.#last[shared]) shared++;
    this.#bytes.append([...varint(shared), ...varint(key.length - shared), ...varint(value.length)]);
    this.#bytes.append(key.subarray(shared));
    this.#bytes.append(value);
    this.#last = key;
    this.#count++;
  }

  whole(): Uint8Array {
    const all = new Bytes();
    all.append(this.#bytes.whole());
    for (const restart of this.#restarts) all.append(fixed32(restart));
    all.append(fixed32(this.#restarts.length));
    return all.whole();
  }
}

/** Bytes that grow. */
class Bytes {
  readonly #parts: ArrayLike<number>[] = [];
  length = 0;

  append(part: ArrayLike<number>): void {
    this.#parts.push(part);
    this.length += part.length;
  }

  whole(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

export function fixed32(value: number): readonly number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}

export function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const different = a.findIndex((byte, i) => byte !== b[i]);
  return different < 0 ? a.length - b.length : (a[different] as number) - (b[different] ?? -1);
}
