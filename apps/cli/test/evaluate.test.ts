/** `movinet evaluate`: results on stdout, what failed on stderr, exit codes, and its files. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Model } from "movinet";
import { writeModel } from "movinet/formats";
import { buildGraph, defaultCard, randomWeights, specOf } from "movinet/graph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";

const bin = fileURLToPath(new URL("../bin/movinet.js", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-evaluate-"));
  await writeFile(join(folder, "model.safetensors"), writeModel(modelThatSays("lotus")));
  for (const [i, name] of ["lotus/1.y4m", "lotus/2.y4m", "tree/3.y4m"].entries()) {
    await writeClip(join(folder, "clips", name), { luma: movingSpot(i), seconds: 1 });
  }
  const lines = [
    "file,label,split,group",
    "clips/lotus/1.y4m,lotus,train,ann",
    "clips/lotus/2.y4m,LOTUS,test,ben",
    "clips/tree/3.y4m,tree,test,ben",
  ];
  await writeFile(join(folder, "clips.csv"), `${lines.join("\n")}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

/** A small model that answers one class, whatever it sees. */
function modelThatSays(label: string, labels: readonly string[] = ["cobra", "lotus", "tree"]): Model {
  const spec = specOf("a0-stream", { classes: labels.length, resolution: { width: 48, height: 48 } });
  const weights = new Map(randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1));
  const data = Float32Array.from(labels, (own) => (own === label ? 30 : 0));
  weights.set("classifier2.bias", { shape: [labels.length], data });
  return { spec, weights, card: { ...defaultCard(spec, "tiny"), labels } };
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function evaluate(...args: string[]): Promise<Outcome> {
  const env = { ...process.env, NO_COLOR: "1" };
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, "evaluate", ...args], { env, cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const parse = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("a folder: the headline, a table within 80 columns, agreement, and warnings on stderr, also with --quiet", async () => {
  const { code, stdout, stderr } = await evaluate("model.safetensors", "clips", "--quiet");
  expect(code).toBe(0);
  expect(stderr.match(/^.{30}/gm)).toEqual([
    "movinet: warning: These clips ",
    "movinet: warning: No groups ar",
    "movinet: warning: Only 3 clips",
  ]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines[0]).toBe("2 of 3 clips correct (66.7 %, 95 % interval 20.8–93.9 %)");
  expect(stdout).toMatch(/^ {2}class +found +recall +95 % interval +precision +F1$/m);
  expect(stdout).toMatch(/^ {2}cobra +0 +– +– +– +–$/m);
  expect(stdout).toMatch(/^ {2}lotus +2 of 2 +100 % +34–100 % +67 % +80 %$/m);
  expect(stdout).toMatch(/^ {2}tree +0 of 1 +0 % +0–79 % +– +0 %$/m);
  expect(stdout).toContain("Most confused: tree as lotus (1).");
  expect(stdout.replace(/\s+/g, " ")).toMatch(/clip mode agree: logits of 3 clips differ by at most/);
  expect(lines.every((line) => line.length <= 80)).toBe(true);
});

test("JSON: each clip, then the evaluation", async () => {
  const { code, stdout } = await evaluate("model.safetensors", "clips", "--json", "--quiet");
  expect(code).toBe(0);
  const lines = parse(stdout);
  expect(lines.map(({ type }) => type)).toEqual(["clip", "clip", "clip", "evaluation"]);
  expect(lines[0]).toMatchObject({ source: "lotus/1.y4m", labels: ["lotus"], right: true, frames: 5 });
  expect(lines[0].predictions[0]).toMatchObject({ label: "lotus", index: 1 });
  expect(lines[3]).toMatchObject({
    top1: 2 / 3,
    top5: 1,
    clips: 3,
    failed: 0,
    confusion: [
      [0, 0, 0],
      [0, 2, 0],
      [0, 1, 0],
    ],
    calibrationError: expect.closeTo(1 / 3, 4),
    agreement: { clips: 3, agree: true },
  });
  expect(lines[3].perClass.map(({ label, support }: { label: string; support: number }) => [label, support])).toEqual([
    ["cobra", 0],
    ["lotus", 2],
    ["tree", 1],
  ]);
});

test("a manifest: its test clips, unless told otherwise; labels are matched without case", async () => {
  const lines = parse((await evaluate("model.safetensors", "clips.csv", "--json", "--quiet")).stdout);
  expect(lines.at(-1)).toMatchObject({ clips: 2, top1: 0.5, judged: "test clips", groups: 1 });
  const all = parse((await evaluate("model.safetensors", "clips.csv", "--split", "all", "--json", "--quiet")).stdout);
  expect(all.at(-1)).toMatchObject({ clips: 3, judged: "all clips", groups: 2 });
  const none = await evaluate("model.safetensors", "clips.csv", "--split", "validation");
  expect(none).toMatchObject({
    code: 1,
    stdout: "",
    stderr:
      "movinet: clips.csv: none of its 3 clips is in the validation split. Use --split train or --split test or --split all.\n",
  });
});

test("--out writes a report with pictures, and everything as JSON", async () => {
  const { code, stderr } = await evaluate("model.safetensors", "clips", "--out", "out/first");
  expect(code).toBe(0);
  expect(stderr).toContain("out/first: report.html, evaluation.json");
  expect((await readdir(join(folder, "out/first"))).sort()).toEqual(["evaluation.json", "report.html"]);
  const page = await readFile(join(folder, "out/first/report.html"), "utf8");
  expect(page).toContain("2 of 3 clips correct");
  expect(page.match(/<img src="data:image\/png;base64,/g)).toHaveLength(3 * 4);
  expect(page).toContain("movinet evaluate model.safetensors clips --out out/first");
  const plain = JSON.parse(await readFile(join(folder, "out/first/evaluation.json"), "utf8"));
  expect(plain.clips[2]).toMatchObject({ name: "tree/3.y4m", labels: ["tree"], frames: 5 });
  expect(plain.evaluation.top1.value).toBeCloseTo(2 / 3, 12);
});

test("a clip that cannot be decoded is told and counted: exit code 1", async () => {
  await mkdir(join(folder, "bad/lotus"), { recursive: true });
  await mkdir(join(folder, "bad/tree"));
  await writeFile(join(folder, "bad/lotus/0.mp4"), "no video");
  await writeClip(join(folder, "bad/tree/1.y4m"), { luma: movingSpot(1), seconds: 1 });
  const { code, stdout, stderr } = await evaluate("model.safetensors", "bad", "--json", "--quiet");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^movinet: bad\/lotus\/0.mp4: FFmpeg cannot read this as a video/);
  expect(stderr).toContain("1 of 2 clips could not be evaluated.");
  const lines = parse(stdout);
  expect(lines[0]).toMatchObject({ type: "error", source: "lotus/0.mp4", code: "E_VIDEO_UNREADABLE" });
  expect(lines.at(-1)).toMatchObject({ type: "evaluation", clips: 1, failed: 1, top1: 0 });
  const rows = await evaluate("model.safetensors", "bad", "--csv");
  expect(rows.stdout).toMatch(
    /^source,truth,label,score,right,notes\nlotus\/0\.mp4,,,,,.*FFmpeg cannot read this as a video.*\ntree\/1\.y4m,tree,lotus,1,0,\n$/,
  );
  expect(rows.stderr).toContain("0 of 1 clip correct");
  await rm(join(folder, "bad/tree"), { recursive: true });
  const none = await evaluate("model.safetensors", "bad");
  expect(none.code).toBe(1);
  expect(none.stderr).toContain("movinet: bad: the only clip could not be evaluated.");
});

describe("wrong usage: one line, exit code 2", () => {
  test.each([
    [["model.safetensors"], "movinet: evaluate: missing DATASET."],
    [
      ["model.safetensors", "clips", "--split", "half"],
      'movinet: --split must be one of test, validation, train, all; got "half".',
    ],
    [["model.safetensors", "clips", "--csv", "--json"], "movinet: --csv cannot be combined with --json."],
    [["model.safetensors", "clips", "--csv", "--compare"], "movinet: --csv cannot be combined with --compare"],
    [["nowhere", "clips"], "movinet: nowhere: no model file or model name matches."],
    [["model.safetensors", "nowhere"], "movinet: nowhere: no such folder or file."],
  ])("%j", async (args, line) => {
    const { code, stdout, stderr } = await evaluate(...args);
    expect(stderr.startsWith(line), stderr).toBe(true);
    expect([code, stdout]).toEqual([2, ""]);
  });

  test("labels that the model lacks are named", async () => {
    await writeFile(join(folder, "other.safetensors"), writeModel(modelThatSays("bow", ["bow", "cobra", "tree"])));
    const { code, stderr } = await evaluate("other.safetensors", "clips");
    expect([code, stderr]).toEqual([
      2,
      'movinet: clips: the model tiny has no class "lotus". Use the model\'s labels (bow, cobra, tree), or use a model trained on yours.\n',
    ]);
  });
});
