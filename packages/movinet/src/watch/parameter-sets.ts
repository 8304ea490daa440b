/** The parameter sets of H.264 and H.265, which MP4 wants before the pictures. */

const kinds = {
  h264: {
    typeOf: (byte: number) => byte & 0x1f,
    isSet: (type: number) => type === 7 || type === 8,
    isPicture: (type: number) => type >= 1 && type <= 5,
  },
  hevc: {
    typeOf: (byte: number) => (byte >> 1) & 0x3f,
    isSet: (type: number) => type >= 32 && type <= 34,
    isPicture: (type: number) => type < 32,
  },
} as const;

export type SetCodec = keyof typeof kinds;

/** The parameter sets before the first picture of a packet with start codes, with start codes; null: there are none. */
export function parameterSets(codec: SetCodec, packet: Uint8Array): Uint8Array | null {
  const { typeOf, isSet, isPicture } = kinds[codec];
  const sets: Uint8Array[] = [];
  for (let at = startCode(packet, 0); at < packet.length; ) {
    const type = typeOf(packet[at + 3] ?? 0);
    if (isPicture(type)) break;
    const next = startCode(packet, at + 3);
    if (isSet(type)) sets.push(withoutZeros(packet.subarray(at, next)));
    at = next;
  }
  if (sets.length === 0) return null;
  const all = new Uint8Array(sets.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const set of sets) {
    all.set(set, end);
    end += set.length;
  }
  return all;
}

/** Where the next 00 00 01 begins. */
function startCode(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 3 < bytes.length; at++) {
    if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) return at;
  }
  return bytes.length;
}

/** Zeros at the end belong to the next start code. */
function withoutZeros(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}
