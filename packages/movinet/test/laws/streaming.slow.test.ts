/** Law 3 for the large variants. */
import { describe, expect, test } from "vitest";
import { specNames } from "../../src/arch/spec.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { simdEngine, wasmEngines } from "../engines/wasm/engines.ts";
import { isLarge } from "../large.ts";
import { checkChunks } from "./chunks.ts";

const streamNames = specNames.filter((name) => name.endsWith("stream") && isLarge(name));

describe.each(Object.entries({ "ONNX Runtime": () => nodeEngine({ threads: 1 }), ...wasmEngines }))("%s", (_, open) => {
  test.each(streamNames)("%s: frame by frame equals chunks equals the whole clip", async (name) => {
    await checkChunks(name, await open());
  });
});

test.each(specNames.filter((name) => name.endsWith("stream") && !isLarge(name)))(
  "%s without relaxed SIMD: frame by frame equals chunks equals the whole clip",
  async (name) => {
    await checkChunks(name, await simdEngine());
  },
);

test("A4 and A5 are the large ones", () => {
  expect(streamNames).toEqual(["a4-stream", "a5-stream"]);
});
