/** The checksum for a Node that has none is the one that Node has. */
import { randomBytes } from "node:crypto";
import { crc32 as ofNode } from "node:zlib";
import { expect, test } from "vitest";
import { crc32 } from "../../src/common/crc.ts";

test.each([0, 1, 9, 1000])("of %d bytes, at once and in parts", (length) => {
  const bytes = randomBytes(length);
  const [head, tail] = [bytes.subarray(0, 3), bytes.subarray(3)];
  expect(crc32(bytes)).toBe(ofNode(bytes));
  expect(crc32(tail, crc32(head))).toBe(ofNode(bytes));
});

test("of text, as every table of examples has it", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
});
