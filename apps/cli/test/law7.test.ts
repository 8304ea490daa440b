/** Law 7 on a clean clone: an encoded video goes in, the right name comes out. Clips and model are the repository's own. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { open } from "movinet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandLine } from "./command-line.ts";

let folder: string;
const { run } = commandLine(() => folder);
/** The label of each clip, by its file; one clip of each label. */
const labels = new Map<string, string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-law7-"));
  const small = ["--clips", "10", "--size", "160x120", "--seconds", "2", "--seed", "1"];
  const { code } = await run("dataset", "synth", "camera-motion", "clips", ...small, "--jobs", "2", "--quiet");
  expect(code).toBe(0);
  const [, ...rows] = (await readFile(join(folder, "clips", "manifest.csv"), "utf8")).trim().split("\n");
  for (const [file = "", label = ""] of rows.map((row) => row.split(","))) labels.set(join("clips", file), label);
});
afterAll(() => rm(folder, { recursive: true }));

test("the command line names what the camera does in each clip", async () => {
  const { code, stdout } = await run("classify", ...labels.keys(), "--model", "camera-motion", "--json", "--quiet");
  expect(code).toBe(0);
  const results = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(results.map(({ source, predictions: [best] }) => [source, best.label])).toEqual([...labels]);
  expect(new Set(labels.values()).size).toBe(10);
  for (const { predictions } of results) expect(predictions[0].score).toBeGreaterThan(0.9);
});

test("the library names it too, in the end and not from the first frame", async () => {
  const model = fileURLToPath(new URL("../models/camera-motion.safetensors", import.meta.url));
  const [file, label] = [...labels].find(([, name]) => name === "pan left") as [string, string];
  const scores: number[] = [];
  await using recognizer = await open(model);
  for await (const { predictions } of recognizer.classify(pathToFileURL(join(folder, file)), { top: 10 })) {
    scores.push(predictions.find((prediction) => prediction.label === label)?.score ?? 0);
  }
  expect(scores).toHaveLength(20);
  expect(scores[0]).toBeLessThan(0.5);
  expect(scores.at(-1)).toBeGreaterThan(0.9);
});
