/** How codecs are opened: node-av frees a dictionary that `open2` was given twice, and the process dies when it is collected. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

test("no codec is opened with a dictionary", () => {
  const calls = globSync("**/*.node.ts", { cwd: source }).flatMap((file) =>
    [...readFileSync(join(source, file), "utf8").matchAll(/\.open2(?:Sync)?\(([^\n]*)/g)].map(([, args = ""]) => [
      file,
      args,
    ]),
  );
  expect(calls.length).toBeGreaterThan(3);
  expect(calls.filter(([, args = ""]) => !/^\w+, null\)/.test(args))).toEqual([]);
});
