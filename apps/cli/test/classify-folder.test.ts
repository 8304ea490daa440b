/** A folder of clips: the table at its end, as comma-separated values, and sorted by label. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-classify-folder-"));
  await writeTinyModel(join(folder, "tiny.safetensors"), ["run", "jump"]);
  await mkdir(join(folder, "clips/more"), { recursive: true });
  await writeClip(join(folder, "clips/a.y4m"), { luma: movingSpot(1) });
  await writeClip(join(folder, "clips/more/a.y4m"), { luma: movingSpot(2) });
  await writeFile(join(folder, "clips/bad.mp4"), "no video");
});
afterAll(() => rm(folder, { recursive: true }));
const { run } = commandLine(() => folder);
const classify = (...args: string[]) => run("classify", "-m", "tiny.safetensors", "-q", "clips", ...args);

test("a run ends with a line for each video", async () => {
  const { code, stdout } = await classify();
  expect(code).toBe(1);
  expect(stdout.slice(stdout.indexOf("video  "))).toMatch(
    /^video +label +score\nclips\/a\.y4m +(run|jump) +\d+ %\nclips\/bad\.mp4 +failed\nclips\/more\/a\.y4m +(run|jump) +\d+ %\n$/,
  );
});

test("--csv: a row for each video", async () => {
  const { code, stdout } = await classify("--csv", "--top", "1");
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^source,type,start,end,label,score,notes\nclips\/a\.y4m,result,0,[\d.]+,(run|jump),0\.\d+,.*\nclips\/bad\.mp4,error,,,,,.*\nclips\/more\/a\.y4m,result,.*\n$/,
  );
});

test("--sort-into: clips by label, again and resumed without doubling them", async () => {
  const sorted = async () =>
    (await readdir(join(folder, "sorted"), { recursive: true })).filter((name) => /y4m/.test(name));
  const first = await classify("--sort-into", "sorted", "--min-score", "0", "--json");
  const places = first.stdout.split("\n").flatMap((line) => line.match(/"sorted":"sorted\/([^"]+)"/)?.[1] ?? []);
  expect(places).toHaveLength(2);
  expect((await sorted()).sort()).toEqual(places.sort());
  await classify("--sort-into", "sorted", "--min-score", "0", "--out", "r.jsonl");
  const resumed = await classify("--sort-into", "sorted", "--min-score", "0", "--out", "r.jsonl", "--resume");
  expect(resumed.code).toBe(1);
  expect((await sorted()).sort()).toEqual(places.sort());
  const other = await classify("--out", "r.jsonl", "--resume");
  expect(other.stderr).toContain("was started with sort into sorted, but this run has no sort into");
  expect((await classify("--sort-into", "clips/sorted")).stderr).toBe(
    "movinet: clips/sorted: lies inside clips, so the next run would find its clips again. Choose another folder.\n",
  );
});
