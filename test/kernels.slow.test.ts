/** The modules that ship are what the kernels compile to. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileKernels, modules } from "../scripts/kernels.ts";

test.each(modules)(
  "$file is up to date (else: npm run kernels)",
  (module) => {
    expect(readFileSync(new URL(`../${module.file}`, import.meta.url), "utf8")).toBe(compileKernels(module));
  },
  60_000,
);
