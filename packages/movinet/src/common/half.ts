/** Half precision: IEEE 754 binary16, by its bits. */

/** The IEEE 754 binary16 value nearest to each number, ties to even; values too large become infinite. */
export function toHalves(data: Float32Array): Uint16Array {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const halves = new Uint16Array(data.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    halves[i] = ((word >>> 16) & 0x8000) | halfMagnitude(word & 0x7fffffff, data[i] as number);
  }
  return halves;
}

/** Bits of a half without its sign, from the bits of a float without its sign. */
function halfMagnitude(word: number, value: number): number {
  if (word > 0x7f800000) return 0x7e00; // NaN
  if (word >= 0x477ff000) return 0x7c00; // 65,520 and above
  if (word >= 0x38800000) return (word - 0x38000000 + 0xfff + ((word >>> 13) & 1)) >>> 13;
  const steps = Math.abs(value) * 2 ** 24; // below 2⁻¹⁴ there are only multiples of 2⁻²⁴
  const whole = Math.floor(steps);
  const rest = steps - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
}

/** The value of an IEEE 754 half-precision number, from its bits. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The value of every half-precision number, by its bits; computed on first use. */
let table: Float32Array | null = null;

/** The values of half-precision numbers, from their bits. */
export function halvesToFloats(halves: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => halfToFloat(bits));
  const values = table;
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < floats.length; i++) floats[i] = values[halves[i] as number] as number;
  return floats;
}
