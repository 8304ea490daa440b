import { deflateSync } from "node:zlib";
import { crc32 } from "../common/crc32.node.ts";
import type { Picture } from "../video/frame.ts";

/** A picture as the bytes of a PNG file: 8-bit RGB, each row as the difference from its left neighbour (PNG 1.2, §6). */
export function encodePng({ data, width, height }: Picture): Uint8Array {
  const stride = width * 3;
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const row = y * (stride + 1);
    rows[row] = 1;
    for (let i = 0; i < stride; i++) {
      const at = y * stride + i;
      rows[row + 1 + i] = data[at]! - (i < 3 ? 0 : data[at - 3]!);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, body: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const framed = Buffer.alloc(typed.length + 8);
  framed.writeUInt32BE(body.length, 0);
  framed.set(typed, 4);
  framed.writeUInt32BE(crc32(typed), typed.length + 4);
  return framed;
}
