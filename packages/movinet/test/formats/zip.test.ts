import { crc32 as zlibCrc } from "node:zlib";
import { expect, test } from "vitest";
import { crc32 } from "../../src/common/crc.ts";
import { readArchive, writeArchive } from "../../src/formats/zip.ts";

const noise = (length: number) => Uint8Array.from({ length }, (_, i) => Math.imul(i + 7, 2654435761) >>> 24);

test("the check is that of zlib, of any length and from any place", () => {
  const bytes = noise(3000);
  for (const [from, to] of [
    [0, 0],
    [0, 1],
    [1, 8],
    [3, 11],
    [5, 14],
    [2, 2999],
    [0, 3000],
  ] as const) {
    expect(crc32(bytes.subarray(from, to)), `${from}…${to}`).toBe(zlibCrc(bytes.subarray(from, to)));
  }
});

test("what is archived is read again, each file where it can be mapped into memory", () => {
  const files = [0, 1, 63, 64, 65, 5000].map((size, i) => ({ name: `folder/${"n".repeat(i)}`, content: noise(size) }));
  const bytes = writeArchive(files, 64);
  const read = readArchive(bytes, 100).map((file) => ({ name: file.name, content: file.read() }));
  expect(read).toEqual(files);
  for (const { content } of read) if (content.length > 0) expect((content.byteOffset - bytes.byteOffset) % 64).toBe(0);
  expect(readArchive(bytes, 2)).toHaveLength(2);
});
