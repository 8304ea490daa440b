/** The module that ships is what the kernels compile to. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileKernels } from "../scripts/kernels.ts";

test("the training kernels are up to date (else: npm run kernels)", () => {
  const shipped = new URL("../packages/movinet/src/engines/wasm/kernels.ts", import.meta.url);
  expect(readFileSync(shipped, "utf8")).toBe(compileKernels());
}, 60_000);
