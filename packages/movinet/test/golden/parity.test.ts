/** Law 2: logits equal those of the reference implementation to 1e-4. Native resolutions, A4, A5 and WebAssembly without relaxed SIMD are in the slow suite. */
import { describe, test } from "vitest";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { referenceEngine } from "../../src/engines/reference.ts";
import { relaxedEngine } from "../engines/wasm/engines.ts";
import { isLarge } from "../large.ts";
import { allFigures, figuresOf } from "./figures.ts";
import { checkBackendParity, checkClipParity } from "./parity.ts";

const small = allFigures.filter((figures) => !figures.case.endsWith("-native") && !isLarge(figures.variant));

describe.each(small)("$case", (figures) => {
  test("ONNX Runtime gives the reference's logits and final states", async () => {
    await checkBackendParity(figures, await nodeEngine({ threads: 1 }));
  });

  test("our WebAssembly gives them too", async () => {
    await checkBackendParity(figures, await relaxedEngine());
  });
});

describe.each(small.filter((figures) => figures.shape[1] <= 6 && /^[at]0/.test(figures.variant)))(
  "$case",
  (figures) => {
    test("the interpreter gives the reference's logits and endpoints on the whole clip", () => {
      checkClipParity(figures);
    });
  },
);

test("the interpreter steps like the reference", async () => {
  await checkBackendParity(figuresOf("t0-stream-posenc-10classes"), referenceEngine);
});
