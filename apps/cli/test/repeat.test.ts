/** What `movinet train --config` refuses to repeat. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandLine } from "./command-line.ts";

let folder: string;
const { run } = commandLine(() => folder);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-repeat-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const given = { dataset: "clips", seed: 0 };
test.each<[string, string, string[], RegExp]>([
  ["a file that is not there", "", [], /^movinet: run\.json: cannot be read\. /],
  ["what is not JSON", "epochs: 3", [], /^movinet: run\.json: is not JSON\. /],
  ["no settings", '{"epochs": 3}', [], /^movinet: run\.json: has no "given" object\. /],
  [
    "an unknown key",
    JSON.stringify({ given, epochs: 3 }),
    [],
    /^movinet: run\.json: unknown key "epochs"\. Known keys: version, /,
  ],
  [
    "an unknown setting",
    JSON.stringify({ given: { ...given, epoch: 3 } }),
    [],
    /: unknown key "given\.epoch"\. Known keys: dataset, /,
  ],
  ["a wrong number", JSON.stringify({ given: { ...given, epochs: 0 } }), [], /^movinet: run\.json: given\.epochs: /],
  [
    "a wrong word",
    JSON.stringify({ given: { ...given, augment: "much" } }),
    [],
    /^movinet: run\.json: given\.augment: /,
  ],
  [
    "a list",
    JSON.stringify({ given: { ...given, epochs: [3] } }),
    [],
    /given\.epochs: must be a string, a number, true, false or null\./,
  ],
  [
    "a word for a switch",
    JSON.stringify({ given: { ...given, flip: "no" } }),
    [],
    /given\.flip: must be true, false or null, got "no"\./,
  ],
  [
    "another run's clips that are none",
    JSON.stringify({ given, begun: { model: "x" } }),
    [],
    /has a damaged "begun"\. /,
  ],
  ["no dataset", '{"given": {}}', [], /^movinet: train: missing DATASET\. /],
  [
    "two ways to test",
    JSON.stringify({ given: { ...given, folds: 3 } }),
    ["--validation", "0.5"],
    /^movinet: --validation cannot be combined with --folds\./,
  ],
  ["--resume too", JSON.stringify({ given }), ["--resume"], /^movinet: --config cannot be combined with --resume\./],
])("%s", async (_, config, args, message) => {
  await rm(join(folder, "run.json"), { force: true });
  if (config !== "") await writeFile(join(folder, "run.json"), config);
  const { code, stdout, stderr } = await run("train", "--config", "run.json", ...args);
  expect({ code, stdout, lines: stderr.trim().split("\n").length }).toEqual({ code: 2, stdout: "", lines: 1 });
  expect(stderr).toMatch(message);
  expect(await readdir(folder)).not.toContain("runs");
});
