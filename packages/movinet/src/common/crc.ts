/** 32-bit cyclic redundancy checks, with tables for eight bytes at a time. */

/** The CRC-32 of ZIP, gzip and PNG. `before` is the checksum of the preceding data. */
export const crc32: (bytes: Uint8Array, before?: number) => number = crcOf(0xedb88320);

/** The CRC with this bit-reversed polynomial. Its tables are built on first use. */
export function crcOf(polynomial: number): (bytes: Uint8Array, before?: number) => number {
  let table: Uint32Array | null = null;
  return (bytes, before = 0) => {
    table ??= tableOf(polynomial);
    return check(bytes, before, table);
  };
}

/** Row `k` of 256 numbers: the effect of a byte on the remainder `k + 1` bytes later. */
function tableOf(polynomial: number): Uint32Array {
  const table = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? polynomial : 0);
    table[byte] = rest;
  }
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256] as number;
    table[i] = (before >>> 8) ^ (table[before & 0xff] as number);
  }
  return table;
}

function check(bytes: Uint8Array, before: number, table: Uint32Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const of = (row: number, byte: number) => table[256 * row + (byte & 0xff)] as number;
  const whole = bytes.length - (bytes.length % 8);
  let crc = ~before;
  for (let at = 0; at < whole; at += 8) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      of(7, low) ^
      of(6, low >>> 8) ^
      of(5, low >>> 16) ^
      of(4, low >>> 24) ^
      of(3, high) ^
      of(2, high >>> 8) ^
      of(1, high >>> 16) ^
      of(0, high >>> 24);
  }
  for (let at = whole; at < bytes.length; at++) crc = (crc >>> 8) ^ of(0, crc ^ (bytes[at] as number));
  return ~crc >>> 0;
}
