import { mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LinesFile } from "../../src/watch/lines-file.ts";
import { event, prediction, status } from "./records.ts";

/** For slow machines. */
const waits = { timeout: 30_000, interval: 10 };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-lines-"));
});
afterAll(() => rm(folder, { recursive: true }));

const linesOf = async (path: string) => (await readFile(path, "utf8")).trimEnd().split("\n");

test("records are appended, one a line, and only the kinds that are asked for", async () => {
  const path = join(folder, "events.jsonl");
  for (const peak of [0.5, 0.6]) {
    const file = await LinesFile.open(path, ["event", "status"], () => {});
    file.write(status("live", { message: "line\u2028break" }));
    file.write(prediction());
    file.write(event({ peak }));
    await file[Symbol.asyncDispose]();
  }
  const lines = await linesOf(path);
  expect(lines.map((line) => JSON.parse(line).peak ?? "status")).toEqual(["status", 0.5, "status", 0.6]);
  expect(lines[0]).toContain("line\\u2028break");
  expect(JSON.parse(lines[0] as string)).toEqual(status("live", { message: "line\u2028break" }));
});

test("the file may be renamed while it is written: a new one begins", async () => {
  const path = join(folder, "rotated.jsonl");
  const file = await LinesFile.open(path, ["event"], () => {});
  file.write(event({ peak: 0.1 }));
  await expect.poll(async () => (await stat(path)).size, waits).toBeGreaterThan(0);
  await rename(path, `${path}.1`);
  file.write(event({ peak: 0.2 }));
  await file[Symbol.asyncDispose]();
  expect((await linesOf(`${path}.1`)).map((line) => JSON.parse(line).peak)).toEqual([0.1]);
  expect((await linesOf(path)).map((line) => JSON.parse(line).peak)).toEqual([0.2]);
});

test("a folder that is not there is refused at once; one that vanishes is told once, and its records wait", async () => {
  await expect(LinesFile.open(join(folder, "none", "a.jsonl"), ["event"], () => {})).rejects.toThrow(/none/);
  const { mkdir } = await import("node:fs/promises");
  const inner = join(folder, "inner");
  await mkdir(inner);
  const path = join(inner, "a.jsonl");
  const told: string[] = [];
  const file = await LinesFile.open(path, ["event"], (line) => told.push(line));
  await rm(inner, { recursive: true });
  file.write(event({ peak: 0.1 }));
  await expect.poll(() => told.length, waits).toBe(1);
  expect(told[0]).toMatch(/^movinet: .*a\.jsonl: .*\.$/);
  await mkdir(inner);
  file.write(event({ peak: 0.2 }));
  await file[Symbol.asyncDispose]();
  expect((await linesOf(path)).map((line) => JSON.parse(line).peak)).toEqual([0.1, 0.2]);
  expect(told).toHaveLength(2);
  expect(told[1]).toBe(`movinet: ${path}: is written again`);
  expect(await readdir(inner)).toEqual(["a.jsonl"]);
});

test("what cannot be written at the end is counted", async () => {
  const { mkdir } = await import("node:fs/promises");
  const inner = join(folder, "gone");
  await mkdir(inner);
  const told: string[] = [];
  const file = await LinesFile.open(join(inner, "a.jsonl"), ["event"], (line) => told.push(line));
  await rm(inner, { recursive: true });
  file.write(event());
  file.write(event());
  await file[Symbol.asyncDispose]();
  expect(told.at(-1)).toMatch(/not everything could be written \(2 records lost\)$/);
});
