/** CRC-32C (Castagnoli), sixteen bytes per step: weights of 100 MB are checked in a fifth of a second. */

const polynomial = 0x82f63b78;
const lanes = 16;

/** `table[256 · k + b]`: the effect of the byte `b` followed by `k` bytes. */
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

/** The checksum of bytes, optionally continued from `before`. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const aligned = -bytes.byteOffset & 3;
  if (bytes.length < aligned) return ~overBytes(~before, bytes) >>> 0;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, ((bytes.length - aligned) >> 4) << 2);
  const ofStart = overBytes(~before, bytes.subarray(0, aligned));
  return ~overBytes(overWords(ofStart, words), bytes.subarray(aligned + 4 * words.length)) >>> 0;
}

function overBytes(before: number, bytes: Uint8Array): number {
  let sum = before;
  for (let i = 0; i < bytes.length; i++) sum = (sum >>> 8) ^ at((sum ^ (bytes[i] as number)) & 255);
  return sum;
}

/** Four words per step, in code that is fast even without compilation: most files are read by a cold one. */
function overWords(before: number, words: Int32Array): number {
  let sum = before;
  for (let i = 0; i < words.length; i += 4) {
    const a = sum ^ (words[i] as number);
    const b = words[i + 1] as number;
    const c = words[i + 2] as number;
    const d = words[i + 3] as number;
    sum =
      at(0xf00 + (a & 255)) ^
      at(0xe00 + ((a >>> 8) & 255)) ^
      at(0xd00 + ((a >>> 16) & 255)) ^
      at(0xc00 + (a >>> 24)) ^
      at(0xb00 + (b & 255)) ^
      at(0xa00 + ((b >>> 8) & 255)) ^
      at(0x900 + ((b >>> 16) & 255)) ^
      at(0x800 + (b >>> 24)) ^
      at(0x700 + (c & 255)) ^
      at(0x600 + ((c >>> 8) & 255)) ^
      at(0x500 + ((c >>> 16) & 255)) ^
      at(0x400 + (c >>> 24)) ^
      at(0x300 + (d & 255)) ^
      at(0x200 + ((d >>> 8) & 255)) ^
      at(0x100 + ((d >>> 16) & 255)) ^
      at(d >>> 24);
  }
  return sum;
}

const at = (place: number) => table[place] as number;

/** The checksum as TensorFlow stores it (masked): a checksum of bytes that contain checksums would be weak. */
export function masked(sum: number): number {
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}
