/** CRC-32C (Castagnoli), sixteen bytes a step: weights of 100 MB are checked in a fifth of a second. */

const polynomial = 0x82f63b78;
const lanes = 16;

/** `table[256 · k + b]`: what the byte `b` does to the sum when `k` bytes follow it. */
const table = new Int32Array(256 * lanes);
for (let byte = 0; byte < 256; byte++) {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ polynomial : sum >>> 1;
  table[byte] = sum;
}
for (let i = 256; i < table.length; i++) {
  const before = table[i - 256] as number;
  table[i] = (before >>> 8) ^ (table[before & 255] as number);
}

/** The sum of some bytes, or of those that came before (whose sum is `before`) and these. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let sum = ~before;
  const single = (from: number, to: number) => {
    for (let i = from; i < to; i++) sum = (sum >>> 8) ^ (table[(sum ^ (bytes[i] as number)) & 255] as number);
  };
  const aligned = Math.min(bytes.length, -bytes.byteOffset & 3);
  single(0, aligned);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, ((bytes.length - aligned) >> 4) << 2);
  const of = (lane: number, word: number, shift: number) => table[256 * lane + ((word >>> shift) & 255)] as number;
  for (let i = 0; i < words.length; i += 4) {
    const a = sum ^ (words[i] as number);
    const [b, c, d] = [words[i + 1] as number, words[i + 2] as number, words[i + 3] as number];
    sum = of(15, a, 0) ^ of(14, a, 8) ^ of(13, a, 16) ^ of(12, a, 24);
    sum ^= of(11, b, 0) ^ of(10, b, 8) ^ of(9, b, 16) ^ of(8, b, 24);
    sum ^= of(7, c, 0) ^ of(6, c, 8) ^ of(5, c, 16) ^ of(4, c, 24);
    sum ^= of(3, d, 0) ^ of(2, d, 8) ^ of(1, d, 16) ^ of(0, d, 24);
  }
  single(aligned + 4 * words.length, bytes.length);
  return ~sum >>> 0;
}

/** The sum as TensorFlow stores it: a sum of bytes that hold sums of themselves would be weak. */
export function masked(sum: number): number {
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}
