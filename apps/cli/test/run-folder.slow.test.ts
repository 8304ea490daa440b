/** A run folder says what the model is (README.md) and repeats its training (config.json). */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCameraMotion } from "movinet/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
const { run } = commandLine(() => folder);
const first = "first/config.json";
const odd = "<b>other</b>|*_";
let rows: readonly string[];

const bytes = (path: string) => readFile(join(folder, path), "base64");
const writeManifest = (lines: readonly string[]) =>
  writeFile(join(folder, "clips/manifest.csv"), ["file,label,group", ...lines, ""].join("\n"));
const warnings = (stderr: string) => stderr.match(/^movinet: warning: first.*$/gm);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-run-folder-"));
  const clips = join(folder, "clips");
  await makeCameraMotion(clips, { clips: 10, seed: 1, size: { width: 64, height: 48 }, seconds: 0.7 });
  const files = (await readFile(join(clips, "manifest.csv"), "utf8")).trim().split("\n").slice(1);
  rows = files
    .map((line) => line.split(",")[0] ?? "")
    .map((file, i) => `${file},${i % 2 === 0 ? "slide" : odd},g${i % 5}`);
  await writeManifest(rows);
  await writeTinyModel(join(folder, "tiny.safetensors"), null);
  await writeTinyModel(join(folder, "other.safetensors"), ["a", "b"]);
  const options = ["--from", "tiny.safetensors", "--trainable", "1", "--epochs", "2", "--frames", "4", "--no-flip"];
  const { code, stderr } = await run("train", "clips", ...options, "--validation", "0.5", "--out", "first");
  expect({ code, stderr }).toMatchObject({ code: 0 });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("--config", () => {
  test("repeats a training bit for bit, and says so", async () => {
    const { code, stderr } = await run("train", "--config", first, "--out", "again");
    expect({ code, warnings: warnings(stderr) }).toEqual({ code: 0, warnings: null });
    expect(stderr).toContain(`The model equals that of ${first}, bit for bit.`);
    expect(await bytes("again/model.safetensors")).toBe(await bytes("first/model.safetensors"));
    const [before, after] = await Promise.all(
      ["first", "again"].map(async (name) => JSON.parse(await readFile(join(folder, name, "config.json"), "utf8"))),
    );
    expect(after).toEqual(before);
    expect(before.model).toMatch(/^[0-9a-f]{64}$/);
  }, 60_000);

  test("takes other options in place of those, and names them", async () => {
    const { code, stderr } = await run("train", "--config", first, "--epochs", "1", "--flip", "--out", "shorter");
    expect({ code, warnings: warnings(stderr) }).toEqual({ code: 0, warnings: null });
    expect(stderr).toContain(`${first}: repeated with --epochs 1 (was 2), --flip (was --no-flip)\n`);
    const { given } = JSON.parse(await readFile(join(folder, "shorter/config.json"), "utf8"));
    expect(given).toMatchObject({ epochs: 1, flip: true, validation: 0.5, frames: 4 });
  }, 60_000);

  test("says when clips, weights or the version differ", async () => {
    await writeManifest(rows.slice(0, -1));
    const gone = await run("train", "--config", first, "--out", "fewer");
    await writeManifest(rows);
    expect(gone.code).toBe(0);
    expect(warnings(gone.stderr)).toEqual([
      expect.stringMatching(/^movinet: warning: first\/config\.json: .*\.mp4 .*\. The model will not be the same\.$/),
    ]);
    const weights = await run("train", "--config", first, "--from", "other.safetensors", "--out", "weights");
    expect(warnings(weights.stderr)).toEqual([
      expect.stringMatching(/config\.json: .*model.* The model will not be the same\.$/),
    ]);
    const config = JSON.parse(await readFile(join(folder, first), "utf8"));
    await writeFile(join(folder, "first/old.json"), JSON.stringify({ ...config, version: "0.0.9" }));
    const old = await run("train", "--config", "first/old.json", "--out", "old");
    expect(warnings(old.stderr)).toEqual([expect.stringMatching(/old\.json: written by movinet 0\.0\.9; this is /)]);
  }, 90_000);
});

test("README.md is a model card with the result, the data and the limits, and no name steers it", async () => {
  const card = await readFile(join(folder, "first/README.md"), "utf8");
  expect(card).toMatch(
    /^---\nlibrary_name: movinet\npipeline_tag: video-classification\ntags:\n(- [\w-]+\n)+metrics:\n- accuracy\n---\n\n# clips\n/,
  );
  expect(card.match(/^## .*$/gm)).toEqual(
    ["Result", "Classes", "Data", "Limits", "Training", "Use", "Licence"].map((title) => `## ${title}`),
  );
  expect(card).not.toContain("<b>");
  expect(card).toMatch(/^\| \\<b\\>other\\<\/b\\>\\\|\\\*\\_ \| 5 \| \d \|/m);
  expect(card).toContain("trained on 10 clips to recognize 2 classes");
  expect(card).toContain("movinet train clips --from tiny.safetensors --trainable 1");
  expect(card).toContain("| epochs | 2 |");
  expect(card).toContain("The base model `tiny` names no licence.");
  const { evaluation } = JSON.parse(await readFile(join(folder, "first/evaluation.json"), "utf8"));
  if (evaluation === null) expect(card).toContain("Its accuracy is unknown.");
  else expect(card).toContain(`**${evaluation.top1.hits} of ${evaluation.clips} clips correct (`);
});
