/** Changes clear videos into what encrypted ones look like. */

/** Writes Matroska's description of an encryption into each track; `withKey` adds the identifier of its key. */
export function withContentEncryption(matroska: Buffer, withKey: boolean): Buffer {
  const key = withKey ? element("47e2", Buffer.from("0123456789abcdef", "hex")) : Buffer.alloc(0);
  const encryption = element("5035", Buffer.concat([element("47e1", Buffer.of(5)), key]));
  const encoding = element("6240", Buffer.concat([element("5033", Buffer.of(1)), encryption]));
  return rewrite(matroska, ["18538067", "1654ae6b", "ae"], element("6d80", encoding));
}

/** Adds an element at the end of each that the path of identifiers leads to. */
function rewrite(bytes: Buffer, [id, ...deeper]: readonly string[], added: Buffer): Buffer {
  if (id === undefined) return Buffer.concat([bytes, added]);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const idLength = Math.clz32(bytes[at] ?? 0) - 23;
    const sizeAt = at + idLength;
    const sizeLength = Math.clz32(bytes[sizeAt] ?? 0) - 23;
    let size = (bytes[sizeAt] ?? 0) & (0xff >> sizeLength);
    for (let i = 1; i < sizeLength; i++) size = size * 256 + (bytes[sizeAt + i] ?? 0);
    const begin = sizeAt + sizeLength;
    const end = Math.min(begin + size, bytes.length);
    const found = bytes.toString("hex", at, sizeAt);
    parts.push(
      found === id ? element(id, rewrite(bytes.subarray(begin, end), deeper, added)) : bytes.subarray(at, end),
    );
    at = end;
  }
  return Buffer.concat(parts);
}

function element(id: string, content: Buffer): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(content.length) | (1n << 56n));
  const short = content.length < 127 ? Buffer.of(0x80 | content.length) : size;
  return Buffer.concat([Buffer.from(id, "hex"), short, content]);
}

/** Gives the first stream of a transport stream's program map another type. */
export function withStreamType(bytes: Buffer, type: number): Buffer {
  for (let at = 0; at + 188 <= bytes.length; at += 188) {
    const packet = bytes.subarray(at, at + 188);
    const section = packet.subarray(5);
    if (section[0] !== 2 || packet[4] !== 0 || (packet.readUInt16BE(1) & 0x1fff) === 0) continue;
    const end = 3 + (section.readUInt16BE(1) & 0xfff);
    section[12 + (section.readUInt16BE(10) & 0xfff)] = type;
    section.writeUInt32BE(checksum(section.subarray(0, end - 4)), end - 4);
  }
  return bytes;
}

/** CRC-32 as MPEG-2 has it. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
