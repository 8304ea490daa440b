/** Law 2 at native resolutions and for A4 and A5, without relaxed SIMD, and the interpreter on every variant. */
import { describe, test } from "vitest";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { simdEngine, wasmEngines } from "../engines/wasm/engines.ts";
import { isLarge } from "../large.ts";
import { allFigures } from "./figures.ts";
import { checkBackendParity, checkClipParity } from "./parity.ts";

const large = allFigures.filter((figures) => figures.case.endsWith("-native") || isLarge(figures.variant));

describe.each(large)("$case", (figures) => {
  test("ONNX Runtime gives the reference's logits and final states", async () => {
    await checkBackendParity(figures, await nodeEngine());
  });

  test.each(Object.entries(wasmEngines))("%s gives them too", async (_, open) => {
    await checkBackendParity(figures, await open());
  });
});

test.each(allFigures.filter((figures) => !large.includes(figures)))(
  "WebAssembly without relaxed SIMD gives the logits of $case",
  async (figures) => {
    await checkBackendParity(figures, await simdEngine());
  },
);

describe.each(allFigures.filter((figures) => figures.shape[1] <= 6 && !figures.case.endsWith("-native")))(
  "$case",
  (figures) => {
    test("the interpreter gives the reference's logits and endpoints on the whole clip", () => {
      checkClipParity(figures);
    });
  },
);
