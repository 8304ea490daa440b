/** Decompresses Snappy blocks, which the index of a checkpoint may use. */

/** The content of `packed`. Throws an `Error` if it is invalid, or larger than `most` bytes. */
export function unsnap(packed: Uint8Array, most: number): Uint8Array {
  let at = 0;
  const byte = () => {
    const value = packed[at++];
    if (value === undefined) throw new Error("a compressed block ends too early");
    return value;
  };
  /** A little-endian number of `bytes` bytes. */
  const number = (bytes: number) => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += byte() * 2 ** (8 * i);
    return value;
  };
  let size = 0;
  for (let shift = 0, more = true; more; shift += 7) {
    const next = byte();
    size += (next & 127) * 2 ** shift;
    more = next > 127;
    if (shift > 28 || size > most) throw new Error(`a compressed block has more than ${most} bytes`);
  }

  const out = new Uint8Array(size);
  let length = 0;
  const room = (count: number) => {
    if (length + count > size) throw new Error("a compressed block is longer than declared");
  };
  const literal = (count: number) => {
    room(count);
    if (at + count > packed.length) throw new Error("a compressed block ends too early");
    out.set(packed.subarray(at, at + count), length);
    at += count;
    length += count;
  };
  const copy = (count: number, distance: number) => {
    room(count);
    if (distance === 0 || distance > length) throw new Error("a compressed block has an invalid back-reference");
    // Source and target may overlap: a run repeats itself.
    for (const end = length + count; length < end; length++) out[length] = out[length - distance] as number;
  };
  while (at < packed.length) {
    const tag = byte();
    const high = tag >> 2;
    switch (tag & 3) {
      case 0:
        literal(1 + (high < 60 ? high : number(high - 59)));
        break;
      case 1:
        copy(4 + (high & 7), ((tag >> 5) << 8) + byte());
        break;
      case 2:
        copy(1 + high, number(2));
        break;
      default:
        copy(1 + high, number(4));
    }
  }
  if (length < size) throw new Error("a compressed block is shorter than declared");
  return out;
}
