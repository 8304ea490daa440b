/** No number that flatters: clips that taught or chose never judge, and a saved run fits what it was begun with. */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openModel } from "movinet/files";
import { writeModel } from "movinet/formats";
import { makeCameraMotion } from "movinet/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
const { run, start, finish } = commandLine(() => folder);
/** Paths of the clips, relative to the dataset. */
let files: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-honest-"));
  const clips = join(folder, "clips");
  await makeCameraMotion(clips, { clips: 20, seed: 1, size: { width: 64, height: 48 }, seconds: 0.7 });
  const lines = (await readFile(join(clips, "manifest.csv"), "utf8")).trim().split("\n").slice(1);
  files = lines.map((line) => line.split(",")[0] as string);
  await rm(join(clips, "manifest.csv"));
  await manifest("all.csv");
  await writeTinyModel(join(folder, "tiny.safetensors"), null);
  expect((await train("all.csv", "own")).code).toBe(0);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Writes a manifest of some clips: label, group and split of each by its place. */
async function manifest(
  name: string,
  chosen: readonly string[] = files,
  {
    label = (i: number): string => (i % 2 ? "slide" : "other"),
    group = (i: number) => `g${i % 7}`,
    split = (_: number): string => "",
  } = {},
) {
  const rows = chosen.map((file) => files.indexOf(file)).map((i) => [files[i], label(i), group(i), split(i)].join(","));
  await writeFile(join(folder, "clips", name), ["file,label,group,split", ...rows, ""].join("\n"));
}

const train = (name: string, out: string, ...more: string[]) =>
  run("train", `clips/${name}`, "--from", "tiny.safetensors", "--out", out, ...more);
const evaluate = (out: string, name: string, ...more: string[]) =>
  run("evaluate", `${out}/model.safetensors`, `clips/${name}`, ...more);
const oneLine = (text: string) => text.replace(/\s+/g, " ");
const json = async (file: string) => JSON.parse(await readFile(join(folder, file), "utf8"));

describe("a model is not tested on what it has learned from", () => {
  test("evaluate says so first, and tells no accuracy", async () => {
    const { code, stdout } = await evaluate("own", "all.csv", "--quiet");
    expect(code).toBe(0);
    expect(oneLine(stdout)).toMatch(
      /^Not a test: the model was trained on all 20 clips, or on others from their groups\. It recalls \d+ of 20 clips/,
    );
    expect(stdout).not.toMatch(/%|well calibrated|better than/);
    const line = JSON.parse((await evaluate("own", "all.csv", "--json")).stdout.trim().split("\n").at(-1) as string);
    expect(line).toMatchObject({ type: "evaluation", top1: null, top5: null, clips: 20 });
    expect(line.warnings[0]).toMatch(/^Not a test: /);
  }, 60_000);

  test("the copies of its clips are known under other names, and others of their groups are left out", async () => {
    await mkdir(join(folder, "clips/copies"), { recursive: true });
    const copy = await readFile(join(folder, "clips", files[0] as string));
    const box = Buffer.from([0, 0, 0, 8, ...Buffer.from("free")]); // another file with the same pictures
    await writeFile(join(folder, "clips/copies/new.mp4"), Buffer.concat([copy, box]));
    await manifest("half.csv", files.slice(0, 10));
    expect((await train("half.csv", "half")).code).toBe(0);
    await writeFile(
      join(folder, "clips/more.csv"),
      [
        "file,label,group",
        "copies/new.mp4,other,h1",
        `${files[11]},slide,h1`,
        `${files[12]},other,h2`,
        `${files[13]},slide,h3`,
        "",
      ].join("\n"),
    );
    const { stdout } = await evaluate("half", "more.csv");
    expect(oneLine(stdout)).toMatch(
      /^The model was trained on 2 of the 4 clips, or .*: only the other 2 are evaluated\. /,
    );
    expect(stdout).toMatch(/^\d of 2 clips correct/m);
  }, 60_000);

  test("training from it tells no accuracy where it has seen all, and judges by the others where there are some", async () => {
    const again = await train("all.csv", "again", "--from", "own/model.safetensors").catch(() => null);
    expect(again).toMatchObject({ code: 2 }); // --from is given twice
    const { code, stdout } = await run("train", "clips/all.csv", "--from", "own/model.safetensors", "--out", "again");
    expect(code).toBe(0);
    expect(oneLine(stdout)).toMatch(/^No accuracy reported: own\/model\.safetensors was trained on all 20 clips/);
    expect(stdout).not.toContain("%");
    expect((await json("again/evaluation.json")).evaluation).toBeNull();
    expect((await openModel(join(folder, "again/model.safetensors"))).card.accuracy).toBeNull();

    const odd = files.filter((_, i) => i % 7 < 3);
    await manifest("odd.csv", odd);
    expect((await train("odd.csv", "odd")).code).toBe(0);
    const more = await run("train", "clips/all.csv", "--from", "odd/model.safetensors", "--out", "more");
    expect(more.stdout).toMatch(new RegExp(`^\\d+ of ${20 - odd.length} clips correct`));
    expect(more.stderr).toContain(`odd/model.safetensors was trained on ${odd.length} of the 20 clips`);
    const { card } = await openModel(join(folder, "more/model.safetensors"));
    expect(card.learned?.files.length).toBeGreaterThanOrEqual(40); // of the files, and of their pictures
    expect(card.accuracy?.dataset).toMatch(/^all, 11 clips, each clip by a model that saw no clip of its group$/);
  }, 120_000);

  test("validation clips that --folds puts into the model are none for evaluate", async () => {
    await manifest("split.csv", files, { split: (i) => (i % 7 < 4 ? "train" : "val") });
    expect((await train("split.csv", "split", "--folds", "3")).code).toBe(0);
    expect(oneLine((await evaluate("split", "split.csv")).stdout)).toMatch(
      /^Not a test: the model was trained on all \d+ clips/,
    );
    expect((await train("split.csv", "kept")).code).toBe(0);
    expect((await evaluate("kept", "split.csv")).stdout).toMatch(/^\d+ of \d+ clips correct/);
  }, 90_000);

  test("validation clips of groups that are for training judge nothing", async () => {
    await manifest("torn.csv", files, { split: (i) => (i % 3 ? "train" : "val") });
    const { stdout } = await train("torn.csv", "torn");
    expect(oneLine(stdout)).toMatch(
      /^No accuracy reported: the validation clips belong to groups that are also used for training/,
    );
    const { stdout: judged } = await evaluate("torn", "torn.csv");
    expect(judged).toMatch(/^Not a test: /);
  }, 60_000);

  test("a model whose training was not noted tells none, and may have seen any clip", async () => {
    const { weights, spec, card } = await openModel(join(folder, "own/model.safetensors"));
    await writeFile(
      join(folder, "unnoted.safetensors"),
      writeModel({ spec, weights, card: { ...card, learned: null } }),
    );
    const again = await run("train", "clips/all.csv", "--from", "unnoted.safetensors", "--out", "unnoted");
    expect(oneLine(again.stdout)).toMatch(
      /^No accuracy reported: unnoted\.safetensors was trained by a version that did not record its training clips/,
    );
    await manifest("named.csv", files, { split: () => "test" });
    const { stderr } = await run("evaluate", "unnoted.safetensors", "clips/named.csv", "--quiet");
    expect(stderr).toContain("These clips may not have been held out");
  }, 60_000);

  test("a report does not take the place of a run's, nor a run that of a saved state", async () => {
    const { code, stderr } = await evaluate("own", "all.csv", "--out", "own");
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "movinet: own: contains a run, whose report would be overwritten. Choose another --out.\n",
    });
    await mkdir(join(folder, "stale/state"), { recursive: true });
    const stale = await train("all.csv", "stale");
    expect(stale.stderr).toMatch(/^movinet: stale: contains the saved state of another run\. /m);
  }, 30_000);

  test("the comparison refuses too", async () => {
    const { code, stdout, stderr } = await evaluate("own", "all.csv", "--compare", "--out", "compared");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^movinet: clips\/all\.csv: the model was trained on all 20 clips/m);
  }, 60_000);
});

describe("what is too little is not judged", () => {
  test("too few clips aside: the number that is missing", async () => {
    const { code, stdout } = await train(
      "all.csv",
      "few",
      "--trainable",
      "head",
      "--epochs",
      "1",
      "--frames",
      "4",
      "--validation",
      "0.1",
    );
    expect(code).toBe(0);
    expect(oneLine(stdout)).toMatch(
      /^No accuracy reported: only (\d) clips? can be used for evaluation, and at least 5 are needed\. Add /,
    );
    const { silence, clips, why } = await json("few/evaluation.json");
    expect(silence).toMatch(/^No accuracy/);
    expect(clips).toEqual([]);
    expect(why.join(" ")).toContain("The last epoch is used");
  }, 60_000);

  test("a class of one group is told apart and not counted", async () => {
    await manifest("apart.csv", files, { label: (i) => (i % 7 === 6 ? "rare" : i % 2 ? "slide" : "other") });
    const { stdout, stderr } = await train("apart.csv", "apart", "--quiet");
    const rare = files.filter((_, i) => i % 7 === 6).length;
    expect(stdout).toMatch(new RegExp(`^\\d+ of ${20 - rare} clips correct`));
    expect(stderr).toMatch(new RegExp(`^movinet: warning: rare appears in only one group, .* its ${rare} clips`, "m"));
  }, 60_000);
});

describe("a saved run fits what it was begun with", () => {
  beforeAll(async () => {
    for (const [i, file] of files.entries()) {
      const target = join(folder, "folders", i % 2 ? "slide" : "other", `${i}.mp4`);
      await mkdir(join(target, ".."), { recursive: true });
      await cp(join(folder, "clips", file), target);
    }
    const options = ["--from", "tiny.safetensors", "--trainable", "all", "--epochs", "300", "--frames", "4"];
    const child = start("train", "folders", ...options, "--out", "begun", "--json");
    const ended = finish(child);
    child.stdout?.once("data", () => child.kill("SIGKILL"));
    expect((await ended).code).toBeNull();
  }, 60_000);
  const at = (...parts: string[]) => join(folder, "folders", ...parts);
  const move = (from: string[], to: string[]) => () => rename(at(...from), at(...to));

  test.each<[string, () => Promise<unknown>, () => Promise<unknown>, string]>([
    [
      "a renamed class",
      move(["slide"], ["aslide"]),
      move(["aslide"], ["slide"]),
      "the class slide is gone, the class aslide is new",
    ],
    [
      "a clip in another class",
      move(["slide", "1.mp4"], ["other", "1.mp4"]),
      move(["other", "1.mp4"], ["slide", "1.mp4"]),
      "slide/1.mp4 is gone, other/1.mp4 is new",
    ],
    [
      "a removed clip",
      move(["slide", "1.mp4"], ["..", "1.mp4"]),
      move(["..", "1.mp4"], ["slide", "1.mp4"]),
      "slide/1.mp4 is gone",
    ],
    [
      "a replaced clip",
      async () => {
        await rename(at("slide/1.mp4"), at("../1.mp4"));
        await cp(at("slide/3.mp4"), at("slide/1.mp4"));
      },
      () => rename(at("../1.mp4"), at("slide/1.mp4")),
      "the file slide/1.mp4 has changed",
    ],
    [
      "another model",
      async () => {
        await rename(join(folder, "tiny.safetensors"), join(folder, "kept.safetensors"));
        await writeTinyModel(join(folder, "tiny.safetensors"), ["a", "b", "c"]);
      },
      () => rename(join(folder, "kept.safetensors"), join(folder, "tiny.safetensors")),
      "the starting model has changed",
    ],
  ])(
    "%s",
    async (_, change, undo, difference) => {
      await change();
      const { code, stdout, stderr } = await run("train", "--resume", "--out", "begun", "--quiet");
      await undo();
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toBe(
        `movinet: begun: its clips or its model have changed since it began: ${difference}. Undo the change, or start a new run with another --out.\n`,
      );
    },
    30_000,
  );

  test("options are those that it was begun with", async () => {
    const { code, stderr } = await run("train", "--resume", "--out", "begun", "--epochs", "3");
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        "movinet: --epochs cannot be combined with --resume: a run keeps its settings. Leave it out, or start a new run.\n",
    });
  });

  test("ended between model and report, --resume makes the report; it is done when evaluation.json is there", async () => {
    const model = await readFile(join(folder, "own/model.safetensors"), "base64");
    await cp(join(folder, "own"), join(folder, "cut"), { recursive: true });
    await rm(join(folder, "cut/evaluation.json"));
    await rm(join(folder, "cut/report.html"));
    const { code } = await run("train", "--resume", "--out", "cut", "--quiet");
    expect({ code, files: (await readdir(join(folder, "cut"))).sort() }).toEqual({
      code: 0,
      files: ["README.md", "config.json", "evaluation.json", "model.safetensors", "report.html"],
    });
    expect(await readFile(join(folder, "cut/model.safetensors"), "base64")).toBe(model);
    const done = await run("train", "--resume", "--out", "cut");
    expect(done.stderr).toMatch(/^movinet: cut: this run is complete\. /);
  }, 60_000);
});

describe("options that do nothing are refused", () => {
  test.each([
    [
      ["--epochs", "3"],
      /^movinet: --epochs: applies only to gradient training, but here the last layer is solved in closed form, the default below 400 clips \(found 20\)\. /,
    ],
    [["--learning-rate", "0.1"], /^movinet: --learning-rate: applies only to gradient training/],
    [["--batch", "2"], /^movinet: --batch: applies only to gradient training/],
    [["--frames", "4"], /^movinet: --frames: applies only to gradient training/],
    [["--augment", "none"], /^movinet: --augment: applies only to gradient training/],
    [["--no-flip"], /^movinet: --no-flip: applies only to gradient training/],
    [["--trainable", "classifier", "--epochs", "3"], /^movinet: --epochs: .* solved in closed form\. Leave it out/],
    [["--trainable", "99"], /^movinet: --trainable: the model has 2 blocks, not 99\. Use 1 to 2, or all\./],
    [
      ["--trainable", "all", "--augment", "none", "--no-flip"],
      /^movinet: --no-flip: --augment none mirrors nothing\. /,
    ],
    [["--seed", "1", "--seed", "2"], /^movinet: --seed is given twice\./],
  ])(
    "train %j",
    async (options, complaint) => {
      const { code, stdout, stderr } = await train("all.csv", "refused", ...options, "--quiet");
      expect({ code, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 2, stdout: "", lines: 1 });
      expect(stderr).toMatch(complaint);
      expect(await readdir(folder)).not.toContain("refused");
    },
    30_000,
  );
});

test("config.json holds what was decided and why; the card what was measured and learned", async () => {
  const { decided, given } = await json("own/config.json");
  expect(given.folds).toBeNull();
  expect(decided).toMatchObject({ mode: "closed form", folds: 7, validation: null, seed: 0, fit: null });
  expect(decided.why[0]).toBe(
    "The last layer is solved in closed form, because the dataset has 20 clips for training and validation (gradient training starts at 400).",
  );
  const { card } = await openModel(join(folder, "own/model.safetensors"));
  const { evaluation } = await json("own/evaluation.json");
  expect(card.accuracy).toEqual({
    dataset: "all, 20 clips, each clip by a model that saw no clip of its group",
    top1: evaluation.top1.value,
    top5: null,
  });
  expect(card.learned?.files).toHaveLength(40);
  expect(card.learned?.groups).toHaveLength(7);
  expect(card.temperature).toBeGreaterThan(0);
});
