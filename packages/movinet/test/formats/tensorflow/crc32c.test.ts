/** CRC-32C agrees with published vectors, wherever bytes begin and however they are parted; Snappy with data of Google's library. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { crc32c, masked } from "../../../src/formats/tensorflow/crc32c.ts";
import { unsnap } from "../../../src/formats/tensorflow/read/snappy.ts";

const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);

test.each([
  ["123456789", new TextEncoder().encode("123456789"), 0xe3069283],
  ["zeros", new Uint8Array(32), 0x8a9136aa],
  ["ones", new Uint8Array(32).fill(255), 0x62a8ab43],
  ["ascending", ascending, 0x46dd794e],
  ["descending", ascending.toReversed(), 0x113fdb5c],
  ["nothing", new Uint8Array(), 0],
])("the vector of RFC 3720: %s", (_, bytes, sum) => {
  expect(crc32c(bytes)).toBe(sum);
});

test("a sum does not depend on where bytes begin, nor on how they are parted", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
  const sum = crc32c(bytes);
  for (let shift = 0; shift < 20; shift++) {
    const moved = new Uint8Array(400);
    moved.set(bytes, shift);
    expect(crc32c(moved.subarray(shift, shift + 300))).toBe(sum);
    expect(crc32c(bytes.subarray(shift), crc32c(bytes.subarray(0, shift)))).toBe(sum);
  }
});

test("masked sums are those of TensorFlow", () => {
  expect(masked(0)).toBe(0xa282ead8);
  expect(masked(0xe3069283)).toBe((((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0);
});

/** Made by Google's library of a text of 959 bytes. */
const packed = new Uint8Array(
  Buffer.from(
    "vweQYmxvY2swX2xheWVyMC9ibmVjay9leHBhbnNpb24vY29udjJkLw0HGGtlcm5lbCD+MwD+MwD+MwD+MwD+MwD+MwBeMwDwWyEoLzY9REtSWWBnbnUiKTA3PkVMU1phaG" +
      "92IyoxOD9GTVRbYmlwdyQrMjlAR05VXGNqcXglLDM6QUhPVl1ka3J5Ji00O0JJUFdeZWxzeicuNTxDSlFYX2ZtdCEo/loArloAAGH+AQD+AQD+AQD+AQCqAQA=",
    "base64",
  ),
);
const sha256 = "e30f27ac17b0b35ca882aaaa9002f2dd46c7a77eb184b35badb1f147ec618782";

describe("Snappy", () => {
  test("literals, copies and runs", () => {
    const text = unsnap(packed, 1000);
    expect(text.length).toBe(959);
    expect(createHash("sha256").update(text).digest("hex")).toBe(sha256);
  });

  test("copies from afar, and long literals", () => {
    const far = Uint8Array.of(8, 3 << 2, 1, 2, 3, 4, (3 << 2) | 3, 4, 0, 0, 0);
    expect([...unsnap(far, 8)]).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    const long = Uint8Array.of(0xac, 2, 61 << 2, 43, 1, ...new Array<number>(300).fill(7));
    expect(unsnap(long, 300)).toEqual(new Uint8Array(300).fill(7));
  });

  test.each([
    ["an end too early", packed.subarray(0, 100), "too early|shorter"],
    ["too much", Uint8Array.of(0xc1, 7, 0, 1), "more than 960 bytes"],
    ["a copy of what is not there", Uint8Array.of(5, 0, 1, (3 << 2) | 2, 9, 0), "invalid back-reference"],
    ["a copy of nothing", Uint8Array.of(5, 0, 1, (3 << 2) | 2, 0, 0), "invalid back-reference"],
    ["more than it says", Uint8Array.of(1, 1 << 2, 1, 1), "longer than declared"],
    ["less than it says", Uint8Array.of(2, 0, 1), "shorter than declared"],
    ["a size without end", new Uint8Array(12).fill(255), "more than 960 bytes"],
    ["nothing", new Uint8Array(), "too early"],
  ])("refuses %s", (_, bytes, problem) => {
    expect(() => unsnap(bytes, 960)).toThrow(new RegExp(problem));
  });
});

test("fewer bytes than lie before the next word in memory", () => {
  for (const length of [0, 1, 2]) {
    const bytes = new Uint8Array(8).fill(7);
    expect(crc32c(bytes.subarray(1, 1 + length))).toBe(crc32c(bytes.slice(1, 1 + length)));
  }
});
