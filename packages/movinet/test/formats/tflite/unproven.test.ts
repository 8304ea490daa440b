/** Full-int8 files are believed only with a receipt where int8 often breaks a network. */
import { describe, expect, test } from "vitest";
import { readModel } from "../../../src/formats/model-file.ts";
import { failedReceipt, unprovenInt8 } from "../../../src/formats/unproven.ts";
import { hasShared, reason, sharedFile } from "./shared.ts";

const bytes = (receipt: unknown) => new TextEncoder().encode(JSON.stringify(receipt));
const passing = {
  type: "receipt",
  pass: true,
  result: { dtype: "int8" },
  checks: [{ pass: true }],
  controls: [{ fails: true }],
};

test.each([
  ["none", "relu6", "int8", undefined, null],
  ["3d", "relu6", "int8", undefined, /squeeze-and-excitation often/],
  ["none", "hard_swish", "int8", undefined, /networks with hard swish often/],
  ["3d", "hard_swish", "int8", undefined, /squeeze-and-excitation and hard swish often/],
  ["3d", "hard_swish", "dynamic_int8", undefined, null],
  ["3d", "hard_swish", "int8", passing, null],
  ["3d", "hard_swish", "int8", { ...passing, pass: false }, /no parity receipt/],
  ["3d", "hard_swish", "int8", { ...passing, checks: [] }, /no parity receipt/],
  [
    "3d",
    "hard_swish",
    "int8",
    { type: "receipt", pass: true, result: { dtype: "int8" }, checks: [{}] },
    /no parity receipt/,
  ],
  ["3d", "hard_swish", "int8", { ...passing, result: { dtype: "float32" } }, /no parity receipt/],
  ["3d", "hard_swish", "int8", "{", /no parity receipt/],
] as const)("%s %s %s %o", (squeezeExcite, activation, dtype, receipt, expected) => {
  const warning = unprovenInt8({ squeezeExcite, activation }, dtype, receipt && bytes(receipt));
  if (expected === null) expect(warning).toBe(null);
  else expect(warning).toMatch(expected);
});

test.each([
  [undefined, null],
  [{ type: "receipt", mode: "int8", pass: true, agreement: 0.99 }, null],
  [
    { type: "receipt", mode: "int8", pass: false, agreement: 0.572 },
    /^it was written although its receipt fails \(it kept the class of 57 % of the frames\)/,
  ],
  [{ type: "receipt", mode: "dynamic", pass: false, agreement: null }, /^it was written although its receipt fails\. /],
  [{ type: "receipt", pass: false, checks: [] }, null], // of movinet convert, which then writes nothing
  [null, null],
] as const)("what was written in spite of the receipt %o", (receipt, expected) => {
  const warning = failedReceipt(receipt === undefined ? undefined : bytes(receipt));
  if (expected === null) expect(warning).toBe(null);
  else expect(warning).toMatch(expected);
});

describe.skipIf(!hasShared)(`files of others${reason}`, () => {
  test.each([
    ["cow_a0_stream_int8.tflite", 1],
    ["cow_a0_stream_dynamic.tflite", 0],
    ["movinet_a0_stream_k600_int8.tflite", 0],
  ])("%s: %d warnings", (name, count) => {
    expect(readModel(sharedFile(`models/${name}`), name).warnings).toHaveLength(count);
  });
});
