/**
 * FarmHash's Fingerprint64, by which TensorFlow's importer sorts the inputs and outputs of a signature: their
 * positions in converted files, including Google's, depend only on their names.
 */

const [k0, k1, k2] = [0xc3a5c85c97cb3127n, 0xb492b66fbe98f273n, 0x9ae16a3b2f90404fn];
const longestName = 64;

/** Names of a signature in the order of TensorFlow's converter. */
export function byFingerprint(names: readonly string[]): string[] {
  const keyed = names.map((name) => [fingerprint64(name), name] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name);
}

/** For a name of 1 to 64 bytes in UTF-8; longer ones, which no signature has, use another algorithm. */
export function fingerprint64(name: string): bigint {
  const bytes = new TextEncoder().encode(name);
  const { length } = bytes;
  if (length < 1 || length > longestName) throw new Error(`internal: no fingerprint of a name of ${length} bytes`);
  const view = new DataView(bytes.buffer);
  const half = (place: number) => BigInt(view.getUint32(place, true));
  const word = (place: number) => view.getBigUint64(place < 0 ? length + place : place, true);
  const factor = k2 + 2n * BigInt(length);
  if (length < 4) {
    const [first, middle, last] = [0, length >> 1, length - 1].map((i) => BigInt(view.getUint8(i)));
    const low = (first as bigint) + ((middle as bigint) << 8n);
    const high = BigInt(length) + ((last as bigint) << 2n);
    return u64(shifted(u64(low * k2) ^ u64(high * k0)) * k2);
  }
  if (length < 8) return mix(BigInt(length) + (half(0) << 3n), half(length - 4), factor);
  if (length <= 16) {
    const [a, b] = [word(0) + k2, word(-8)];
    return mix(rotate(b, 37n) * factor + a, (rotate(a, 25n) + b) * factor, factor);
  }
  const first = word(0) * (length <= 32 ? k1 : k2);
  const [u, v] = fold(first, word(8), word(-8) * factor, word(-16) * k2, k2);
  const outer = mix(u, v, factor);
  if (length <= 32) return outer;
  const inner = fold(word(16) * factor, word(24), (u + word(-32)) * factor, (outer + word(-24)) * factor, first);
  return mix(...inner, factor);
}

function fold(a: bigint, b: bigint, c: bigint, d: bigint, e: bigint): [bigint, bigint] {
  return [rotate(a + b, 43n) + rotate(c, 30n) + d, a + rotate(b + e, 18n) + c];
}

function mix(u: bigint, v: bigint, factor: bigint): bigint {
  const once = shifted(u64((u64(u) ^ u64(v)) * factor));
  const twice = shifted(u64((u64(v) ^ once) * factor));
  return u64(twice * factor);
}

function shifted(x: bigint): bigint {
  return x ^ (x >> 47n);
}

function rotate(x: bigint, bits: bigint): bigint {
  return (u64(x) >> bits) | u64(x << (64n - bits));
}

function u64(x: bigint): bigint {
  return BigInt.asUintN(64, x);
}
