/** Reads bits, and numbers in Exp-Golomb code, from the payload of a NAL unit. */
class Bits {
  readonly #bytes: readonly number[];
  #at = 0;

  /** A zero byte pair is followed by a 3 that means nothing. */
  constructor(unit: Uint8Array) {
    this.#bytes = [...unit].filter((byte, i) => !(byte === 3 && unit[i - 1] === 0 && unit[i - 2] === 0));
  }

  bit(): number {
    const byte = this.#bytes[this.#at >> 3] ?? 0;
    return (byte >> (7 - (this.#at++ & 7))) & 1;
  }

  skip(bits: number): void {
    this.#at += bits;
  }

  number(): number {
    let zeros = 0;
    while (this.bit() === 0 && zeros < 31) zeros++;
    let value = 1;
    for (let i = 0; i < zeros; i++) value = 2 * value + this.bit();
    return value - 1;
  }
}

/** Profiles that describe chroma and scaling lists. */
const highProfiles: readonly number[] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/**
 * Whether the frames of an H.264 stream may consist of two fields, by its sequence parameter set (a NAL unit).
 * Scaling lists of its own end the reading: then it says no.
 */
export function mayBeInterlaced(unit: Uint8Array): boolean {
  const profile = unit[1] ?? 0;
  const bits = new Bits(unit.subarray(4));
  bits.number(); // the set's own number
  if (highProfiles.includes(profile)) {
    if (bits.number() === 3) bits.skip(1); // 4:4:4, with separate planes or not
    bits.number();
    bits.number();
    bits.skip(1);
    if (bits.bit() === 1) return false;
  }
  bits.number();
  const order = bits.number();
  if (order === 0) bits.number();
  else if (order === 1) {
    bits.skip(1);
    bits.number();
    bits.number();
    for (let count = bits.number(); count > 0; count--) bits.number();
  }
  bits.number();
  bits.skip(1);
  bits.number();
  bits.number();
  return bits.bit() === 0;
}

/** The first sequence parameter set of a decoder's description (`avcC`); null if it has none. */
export function parameterSetOf(description: Uint8Array): Uint8Array | null {
  const [, , , , , count = 0, high = 0, low = 0] = description;
  return (count & 31) === 0 ? null : description.subarray(8, 8 + 256 * high + low);
}
