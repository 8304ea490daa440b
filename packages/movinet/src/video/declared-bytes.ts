/** The share of a file's bytes that may be missing without a warning. */
const unnoticed = 0.005;

/** What is wrong with a file of this size, given its beginning, if it is shorter than it declares; or null. */
export function lackingBytes(head: DataView, size: number): string | null {
  const declared = declaredBytes(head);
  if (declared === null || size >= declared * (1 - unnoticed)) return null;
  return `with ${percentOf(size, declared)}; the rest is missing`;
}

export function percentOf(part: number, whole: number): string {
  return `${Math.floor((100 * part) / whole)} % of its bytes`;
}

/** The total size declared at the beginning of an AVI, ASF or Matroska file, or null. */
export function declaredBytes(head: DataView): number | null {
  if (head.byteLength < 64) return null;
  const first = head.getUint32(0);
  if (first === 0x52494646) return riffBytes(head);
  if (first === 0x3026b275) return asfBytes(head);
  return first === 0x1a45dfa3 ? matroskaBytes(head) : null;
}

/** `RIFF`: for a large AVI its first part, followed by others. */
function riffBytes(head: DataView): number | null {
  const size = head.getUint32(4, true);
  return size === 0 || size === 0xffffffff ? null : size + 8;
}

/** The header's objects: 16 bytes of GUID, 8 of size; the file properties continue with a GUID and the file size. */
function asfBytes(head: DataView): number | null {
  const fileProperties = 0xa1dcab8c;
  for (let at = 30; at + 48 <= head.byteLength; at += Number(head.getBigUint64(at + 16, true))) {
    if (head.getUint32(at) === fileProperties) return Number(head.getBigUint64(at + 40, true)) || null;
    if (head.getBigUint64(at + 16, true) < 24n) return null;
  }
  return null;
}

/** An EBML header, then the segment that contains everything, each with its size; all bits set: unknown. */
function matroskaBytes(head: DataView): number | null {
  const segmentId = 0x18538067;
  const sizeAt = (at: number): { size: number | null; end: number } => {
    const length = Math.clz32(head.getUint8(at)) - 23;
    let size = BigInt(head.getUint8(at)) & ((1n << BigInt(8 - length)) - 1n);
    for (let i = 1; i < length; i++) size = (size << 8n) | BigInt(head.getUint8(at + i));
    const unknown = size === (1n << BigInt(7 * length)) - 1n;
    return { size: length > 8 || unknown ? null : Number(size), end: at + length };
  };
  const header = sizeAt(4);
  const segment = header.end + (header.size ?? Infinity);
  if (segment + 12 > head.byteLength || head.getUint32(segment) !== segmentId) return null;
  const { size, end } = sizeAt(segment + 4);
  return size === null ? null : end + size;
}
