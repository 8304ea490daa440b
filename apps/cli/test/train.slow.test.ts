/** `movinet train`: from generated clips to a model that the other commands take; interrupts, resuming, bad input. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCameraMotion } from "movinet/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";
import { makeVideo } from "../../../packages/movinet/test/video/make-video.ts";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
const { run, start, finish } = commandLine(() => folder);
let clips: string;
let model: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-train-"));
  clips = join(folder, "clips");
  await makeCameraMotion(clips, { clips: 20, seed: 1, size: { width: 64, height: 48 }, seconds: 0.7 });
  const files = (await readFile(join(clips, "manifest.csv"), "utf8")).trim().split("\n").slice(1);
  const rows = files
    .map((line) => line.split(",")[0] ?? "")
    .map((file, i) => `${file},${/^(pan|tilt)/.test(file) ? "slide" : "other"},g${i % 7}`);
  await writeFile(join(clips, "manifest.csv"), ["file,label,group", ...rows, ""].join("\n"));
  model = join(folder, "tiny.safetensors");
  await writeTinyModel(model, null);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("train", () => {
  test("solves the last layer, tests it by groups, and writes a model that classify takes", async () => {
    const { code, stdout, stderr } = await run("train", clips, "--from", model, "--out", "solved");
    expect({ code, errors: stderr.match(/^movinet: (?!warning).*/gm) }).toEqual({ code: 0, errors: null });
    expect(stdout).toMatch(/^\d+ of 20 clips correct/);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expect((await readdir(join(folder, "solved"))).sort()).toEqual([
      "README.md",
      "config.json",
      "evaluation.json",
      "model.safetensors",
      "report.html",
    ]);
    const classified = await run(
      "classify",
      join(clips, "still"),
      "--model",
      "solved/model.safetensors",
      "--json",
      "--quiet",
    );
    const { predictions } = JSON.parse(classified.stdout.split("\n")[0] ?? "");
    expect(predictions.map(({ label }: { label: string }) => label).sort()).toEqual(["other", "slide"]);
  }, 60_000);

  test("warns of clips whose videos are not whole, in text and in JSON", async () => {
    for (const [i, label] of ["a", "a", "a", "b", "b", "b"].entries()) {
      await writeClip(join(folder, "cut", label, `${i}.y4m`), { luma: movingSpot(i), seconds: 1 });
    }
    const file = join(folder, "cut/a/half.mkv");
    makeVideo(file, { count: 100, encoderOptions: { preset: "veryfast" } });
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, Math.floor(whole.length / 2)));
    const warning =
      /1 clip was used although its video is incomplete \(a\/half\.mkv: .*the rest is missing.*\)\. movinet/;
    const { code, stdout, stderr } = await run("train", "cut", "--from", model, "--out", "cut-run", "--json");
    expect(code).toBe(0);
    expect(stderr).toMatch(new RegExp(`^movinet: warning: ${warning.source}`, "m"));
    const { warnings } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { warnings: string[] };
    expect(warnings).toContainEqual(expect.stringMatching(warning));
  }, 60_000);

  test("trains blocks by gradients, in numbered folders, with JSON lines", async () => {
    const { code, stdout } = await run(
      "train",
      clips,
      "--from",
      model,
      "--trainable",
      "1",
      "--epochs",
      "2",
      "--frames",
      "4",
      "--json",
    );
    expect(code).toBe(0);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ type }) => type)).toEqual(["epoch", "epoch", "training"]);
    expect(lines[2].model).toBe(join("runs", "train-1", "model.safetensors"));
    expect((await readFile(join(folder, "runs/train-1/history.csv"), "utf8")).split("\n").length).toBe(4);
    expect(await readdir(join(folder, "runs/train-1"))).not.toContain("state");
    expect((await readFile(join(folder, "runs/train-1/report.html"), "utf8")).length).toBeGreaterThan(10_000);
  }, 60_000);

  test("after kill -9, --resume comes to the same weights bit for bit", async () => {
    const options = ["--from", model, "--trainable", "all", "--epochs", "3", "--frames", "4", "--seed", "4"];
    await run("train", clips, ...options, "--out", "whole");
    const child = start("train", clips, ...options, "--out", "killed", "--json");
    const ended = finish(child);
    child.stdout?.once("data", () => child.kill("SIGKILL")); // the first epoch is done
    expect((await ended).code).toBeNull();
    const { code, stderr } = await run("train", "--resume", "--out", "killed");
    expect({ code, told: stderr.includes("resuming training on") }).toEqual({ code: 0, told: true });
    const bytes = (name: string) => readFile(join(folder, name, "model.safetensors"), "base64");
    expect(await bytes("killed")).toBe(await bytes("whole"));
  }, 120_000);

  test("Ctrl-C says how to go on", async () => {
    const child = start(
      "train",
      clips,
      "--from",
      model,
      "--trainable",
      "all",
      "--epochs",
      "200",
      "--frames",
      "4",
      "--out",
      "stopped",
      "--json",
    );
    const ended = finish(child);
    child.stdout?.once("data", () => child.kill("SIGINT"));
    const { code, stderr } = await ended;
    expect({ code, last: stderr.trim().split("\n").at(-1) }).toEqual({
      code: 130,
      last: "movinet: interrupted. Resume with: movinet train --resume --out stopped",
    });
    expect(await readdir(join(folder, "stopped/state/0"))).toContain("checkpoint.safetensors");
  }, 60_000);
});

describe("bad input is one line", () => {
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await run("train", ...args);
    return { code, stdout, line: stderr.trim() };
  };

  test.each<[string, () => string[], number, RegExp]>([
    ["no dataset", () => [], 2, /^movinet: train: missing DATASET\. Usage: movinet train \[options\] \[DATASET\]/],
    ["an absent dataset", () => ["nowhere", "--from", model], 2, /^movinet: nowhere: /],
    [
      "an absent model",
      () => [clips, "--from", "nothing"],
      2,
      /^movinet: nothing: no model file or model name matches\. /,
    ],
    [
      "no model at all",
      () => [clips],
      2,
      /^movinet: --from: no model given, and the cache holds none; nothing may be fetched/,
    ],
    [
      "a wrong part of the network",
      () => [clips, "--trainable", "some"],
      2,
      /^movinet: --trainable must be classifier, head, all or a number of blocks, got "some"\./,
    ],
    ["nothing to resume", () => ["--resume", "--out", "nowhere"], 2, /^movinet: nowhere: no run to resume\. /],
    [
      "too many folds",
      () => [clips, "--from", model, "--folds", "50", "--out", "folds"],
      2,
      /^movinet: --folds: 50 folds need 50 groups of clips, but there are only 7\. /,
    ],
    [
      "two ways to test",
      () => [clips, "--validation", "0.5", "--folds", "3"],
      2,
      /^movinet: --validation cannot be combined with --folds\./,
    ],
  ])("%s", async (_, args, code, line) => {
    const outcome = await refused(...args(), "--quiet");
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.line).toMatch(line);
    expect(outcome.line.split("\n").length).toBe(1);
  });

  test("one class, an empty folder, a folder that may not be written", async () => {
    await mkdir(join(folder, "one/wave"), { recursive: true });
    await writeFile(join(folder, "one/wave/a.mp4"), "a clip");
    await mkdir(join(folder, "empty"), { recursive: true });
    expect((await refused("one", "--from", model)).line).toMatch(/^movinet: one/);
    expect((await refused("empty", "--from", model)).line).toMatch(/^movinet: empty: /);
    if (process.getuid?.() === 0) return; // root may write anywhere
    await mkdir(join(folder, "locked"));
    await chmod(join(folder, "locked"), 0o500);
    expect((await refused(clips, "--from", model, "--out", "locked/run")).line).toMatch(
      /^movinet: locked\/run: cannot write/,
    );
  });

  test("clips that cannot be decoded are told and left out", async () => {
    await writeFile(join(clips, "broken.mp4"), "no video");
    const manifest = await readFile(join(clips, "manifest.csv"), "utf8");
    await writeFile(join(clips, "manifest.csv"), `${manifest}broken.mp4,other,g9\n`);
    const { code, stdout, stderr } = await run("train", clips, "--from", model, "--out", "partly");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^movinet: .*broken\.mp4: FFmpeg cannot read this as a video/m);
    expect(stdout).toMatch(/of 20 clips correct/);
    await writeFile(join(clips, "manifest.csv"), manifest);
  }, 60_000);
});
