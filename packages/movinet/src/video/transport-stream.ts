/** A packet of an MPEG transport stream. */
export interface TransportPacket {
  /** The stream it belongs to. */
  readonly pid: number;
  /** 0 if not scrambled. */
  readonly control: number;
  /** Its payload; empty if there is none. */
  readonly payload: Uint8Array;
}

const sync = 0x47;
const packetBytes = 188;
/** Packet spacing in bytes: plain, with a time code before each, with parity after each. */
const steps = [packetBytes, 192, 204];
/** This many sync bytes in a row are no accident. */
const enough = 5;

/** The complete packets of a transport stream; none if the bytes are not one. */
export function* transportPackets(bytes: Uint8Array): Generator<TransportPacket> {
  const found = findPackets(bytes);
  if (found === null) return;
  for (let at = found.first; at + packetBytes <= bytes.length; at += found.step) {
    if (bytes[at] !== sync) continue;
    const [, high = 0, low = 0, flags = 0, adaptation = 0] = bytes.subarray(at, at + 5);
    const begin = (flags & 0x20) === 0 ? 4 : 5 + adaptation;
    const payload = (flags & 0x10) === 0 ? bytes.subarray(0, 0) : bytes.subarray(at + begin, at + packetBytes);
    yield { pid: ((high & 0x1f) << 8) | low, control: flags >> 6, payload };
  }
}

/** Spacing between the packets of a transport stream that begins with these bytes; null if it is not one. */
export function transportStep(bytes: Uint8Array): number | null {
  return findPackets(bytes)?.step ?? null;
}

function findPackets(bytes: Uint8Array): { readonly first: number; readonly step: number } | null {
  for (const step of steps) {
    const count = Math.min(enough, Math.floor(bytes.length / step));
    if (count < 3) continue;
    for (let first = 0; first < step && first + (count - 1) * step < bytes.length; first++) {
      let k = 0;
      while (k < count && bytes[first + k * step] === sync) k++;
      if (k === count) return { first, step };
    }
  }
  return null;
}
