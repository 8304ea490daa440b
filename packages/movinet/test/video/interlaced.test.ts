import { expect, test } from "vitest";
import { mayBeInterlaced, parameterSetOf } from "../../src/video/interlaced.ts";

/** What x264 wrote into `avcC`, the sequence parameter set and a little of what follows. */
test.each([
  ["interlaced", "01640015ffe1001867640015acd941410fcb808800001f480003a980f8a14cb001000568", true],
  ["progressive", "0164000cffe100196764000cacd94141fb0110000003001000000300a0f142996001000568", false],
  ["10 bits", "016e000dffe10018676e000da6cd94141fb01100000303e90000ea600f14299601000568", false],
  ["4:4:4", "01f4000dffe1001767f4000d919b28283f6022000007d20001d4c01e28532c01000668", false],
  ["baseline", "0142c00dffe100156742c00dda0507ec044000000c800001ea83c50aa801000468", false],
] as const)("H.264, %s", (_, avcc, expected) => {
  const unit = parameterSetOf(new Uint8Array(Buffer.from(avcc, "hex")));
  expect(unit && mayBeInterlaced(unit)).toBe(expected);
});

test("no parameter set, and one that is cut off", () => {
  expect(parameterSetOf(new Uint8Array(Buffer.from("01640015ffe0", "hex")))).toBeNull();
  expect(mayBeInterlaced(new Uint8Array([0x67, 100]))).toBe(true);
});
