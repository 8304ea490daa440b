/** `movinet evaluate --compare`: trains what is missing on the clips that are not judged, and sets the model beside it. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCameraMotion } from "movinet/train";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { fitSettings } from "../../../packages/movinet/src/train/recipe.ts";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
const { run, start, finish } = commandLine(() => folder);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-compare-"));
  const clips = join(folder, "clips");
  await makeCameraMotion(clips, { clips: 20, seed: 1, size: { width: 64, height: 48 }, seconds: 0.7 });
  const files = (await readFile(join(clips, "manifest.csv"), "utf8")).trim().split("\n").slice(1);
  const rows = files
    .map((line) => line.split(",")[0] ?? "")
    .map((file, i) => `${file},${/^(pan|tilt)/.test(file) ? "slide" : "other"},g${i % 8},${i % 2 ? "test" : "train"}`);
  await writeFile(join(clips, "manifest.csv"), ["file,label,group,split", ...rows, ""].join("\n"));
  await writeFile(
    join(clips, "all.csv"),
    ["file,label", ...rows.map((row) => row.split(",").slice(0, 2).join(",")), ""].join("\n"),
  );
  await writeFile(join(clips, "fewer.csv"), ["file,label,group,split", ...rows.slice(2), ""].join("\n"));
  await writeTinyModel(join(folder, "run/model.safetensors"), ["other", "slide"]);
  const given = { epochs: 2, batch: 4, frames: 4, learningRate: 0.001, augment: "light", flip: null } as const;
  const fit = fitSettings({ ...given, seed: 0, threads: 2 }, "all", 10);
  const begun = { model: "", classes: [], clips: [] };
  await writeFile(
    join(folder, "run/config.json"),
    JSON.stringify({ given, decided: { mode: "gradients", fit, seed: 0 }, begun }),
  );
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const compare = ["evaluate", "run/model.safetensors", "clips", "--compare"];

test("trains both networks by the model's own recipe, and tells accuracy and costs of all four", async () => {
  const { code, stdout, stderr } = await run(...compare);
  expect(code).toBe(0);
  expect(stderr.match(/^movinet: .*/gm)).toEqual([expect.stringMatching(/retrained on only 10 clips/)]);
  expect(Math.max(...stdout.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(80);
  for (const name of ["stream", "base, whole clip", "base, 10 windows", "2-D, frame by frame"]) {
    expect(stdout).toMatch(new RegExp(`^${name} +\\d+\\.\\d %`, "m"));
  }
  expect((await readdir(join(folder, "runs/compare-1"))).sort()).toEqual([
    "base.safetensors",
    "comparison.csv",
    "comparison.html",
    "comparison.json",
    "comparison.svg",
    "config.json",
    "frame-by-frame.safetensors",
  ]);
}, 120_000);

test("networks that are there already are not trained again; JSON has a row for each network", async () => {
  const trained = (await stat(join(folder, "runs/compare-1/base.safetensors"))).mtimeMs;
  const { code, stdout } = await run(...compare, "--out", "runs/compare-1", "--json", "--quiet");
  expect(code).toBe(0);
  const line = JSON.parse(stdout);
  expect(line).toMatchObject({ type: "comparison", judged: "test clips", window: 4 });
  expect(line.warnings).toEqual([expect.stringMatching(/retrained on only 10 clips/)]);
  expect(line.networks.map(({ clips }: { clips: number }) => clips)).toEqual([10, 10, 10, 10]);
  expect((await stat(join(folder, "runs/compare-1/base.safetensors"))).mtimeMs).toBe(trained);
}, 120_000);

test("an interrupted comparison goes on with the same command and --out", async () => {
  const child = start(...compare, "--out", "cut", "--json");
  // Before it trains, there is nothing to go on with.
  const begun = () => expect(existsSync(join(folder, "cut/state"))).toBe(true);
  await vi.waitFor(begun, { timeout: 60_000, interval: 20 });
  child.kill("SIGINT");
  const { code, stderr } = await finish(child);
  expect(code).toBe(130);
  expect(stderr).toContain("movinet: interrupted. Repeat the command with --out cut to resume.");
  expect((await run(...compare, "--out", "cut", "--quiet")).code).toBe(0);
}, 120_000);

test.each([
  [
    ["clips/all.csv", "--compare"],
    /all clips \(or others from their groups\) are used for evaluation, so none are left/,
  ],
  [["clips", "--base", "x.safetensors"], /--base needs --compare\./],
  [["clips", "--compare", "--base", "run/model.safetensors"], /it is a stream model\. Pass a base model/],
  [
    ["clips/fewer.csv", "--compare", "--out", "runs/compare-1"],
    /contains another comparison: .* and 1 more are gone\. /,
  ],
])(
  "what cannot be compared: %j",
  async (args, complaint) => {
    const { code, stdout, stderr } = await run("evaluate", "run/model.safetensors", ...args);
    expect({ stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ stdout: "", lines: 1 });
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(complaint);
  },
  60_000,
);
