/** Decompresses DEFLATE (RFC 1951), for small texts embedded in a model file. */

const lengthBases = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBases = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Symbols of a Huffman code: their number per length, and all in code order. */
interface Huffman {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

function huffman(lengths: readonly number[]): Huffman {
  const counts = new Uint16Array(16);
  for (const length of lengths) if (length > 0) counts[length] = (counts[length] as number) + 1;
  const symbols = lengths
    .map((length, symbol) => ({ length, symbol }))
    .filter(({ length }) => length > 0)
    .sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  return { counts, symbols: Uint16Array.from(symbols, ({ symbol }) => symbol) };
}

const fixed = {
  literals: huffman(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  distances: huffman(new Array<number>(30).fill(5)),
};

/** The `size` bytes compressed in `packed`. Throws an `Error` if it is invalid. */
export function inflate(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let [length, at, bit] = [0, 0, 0];

  function bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = packed[at];
      if (byte === undefined) throw new Error("the compressed data ends too early");
      value |= ((byte >> bit) & 1) << i;
      bit = (bit + 1) & 7;
      if (bit === 0) at++;
    }
    return value;
  }
  function symbol({ counts, symbols }: Huffman): number {
    let [code, first, index] = [0, 0, 0];
    for (let count = 1; count < counts.length; count++) {
      code |= bits(1);
      const here = counts[count] as number;
      if (code - first < here) return symbols[index + code - first] as number;
      index += here;
      first = (first + here) << 1;
      code <<= 1;
    }
    throw new Error("the compressed data has an invalid code");
  }
  function put(byte: number): void {
    if (length === size) throw new Error("the compressed data is longer than declared");
    out[length++] = byte;
  }
  function copyStored(): void {
    if (bit > 0) at++;
    bit = 0;
    const count = bits(16);
    bits(16);
    for (let i = 0; i < count; i++) put(bits(8));
  }
  function readCodes(): typeof fixed {
    const [literals, distances, codes] = [257 + bits(5), 1 + bits(5), 4 + bits(4)];
    const sizes = new Array<number>(19).fill(0);
    for (let i = 0; i < codes; i++) sizes[codeOrder[i] as number] = bits(3);
    const code = huffman(sizes);
    const lengths: number[] = [];
    while (lengths.length < literals + distances) {
      const next = symbol(code);
      if (next < 16) lengths.push(next);
      else {
        const repeated = next === 16 ? (lengths.at(-1) ?? 0) : 0;
        const times = next === 16 ? 3 + bits(2) : next === 17 ? 3 + bits(3) : 11 + bits(7);
        for (let i = 0; i < times; i++) lengths.push(repeated);
      }
    }
    return { literals: huffman(lengths.slice(0, literals)), distances: huffman(lengths.slice(literals)) };
  }
  function copyCoded({ literals, distances }: typeof fixed): void {
    for (let next = symbol(literals); next !== 256; next = symbol(literals)) {
      if (next < 256) {
        put(next);
        continue;
      }
      const count = (lengthBases[next - 257] ?? 0) + bits(lengthBits[next - 257] ?? 0);
      const far = symbol(distances);
      const distance = (distanceBases[far] ?? 0) + bits(far < 2 ? 0 : (far >> 1) - 1);
      if (distance === 0 || distance > length) throw new Error("the compressed data has an invalid back-reference");
      for (let i = 0; i < count; i++) put(out[length - distance] as number);
    }
  }

  for (let last = 0; last === 0; ) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) copyStored();
    else if (kind === 3) throw new Error("the compressed data has an unknown block type");
    else copyCoded(kind === 1 ? fixed : readCodes());
  }
  if (length < size) throw new Error("the compressed data is shorter than declared");
  return out;
}
