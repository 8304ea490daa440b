import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readLabels } from "../../src/model/store.node.ts";

test("a file of class names: trimmed, without a byte order mark, in Unicode NFC", async () => {
  const folder = await mkdtemp(join(tmpdir(), "movinet-labels-"));
  const file = join(folder, "labels.txt");
  await writeFile(file, "\uFEFFe\u0301te\u0301\r\n wave \nclap\n\n");
  expect(await readLabels(file)).toEqual(["\u00e9t\u00e9", "wave", "clap"]);
  await rm(folder, { recursive: true });
});
