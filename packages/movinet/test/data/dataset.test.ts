import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ClipCache } from "../../src/data/clip-cache.node.ts";
import { openDataset } from "../../src/data/dataset.node.ts";
import { hasShared, sharedFolder, sharedReason } from "../shared.ts";
import { told } from "../told.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-dataset-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes files that are only looked for, never decoded. */
async function files(name: string, content: Readonly<Record<string, string>>): Promise<string> {
  const root = join(folder, name);
  await mkdir(root, { recursive: true });
  for (const [path, text] of Object.entries(content)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

const none = { split: null, group: null, start: null, end: null };

test("a folder for each class: sorted, at any depth, without hidden files and folders and what is no video", async () => {
  const names = [
    "wave/b.mp4",
    "wave/deep/a.webm",
    "clap/c.MP4",
    "clap/._c.mp4",
    "clap/notes.txt",
    ".git/x.mp4",
    "d.mp4",
  ];
  const root = await files("folders", Object.fromEntries(names.map((name) => [name, "x"])));
  const { labels, samples, multiLabel, path } = await openDataset(root);
  expect([path, labels, multiLabel]).toEqual([root, ["clap", "wave"], false]);
  expect(samples).toEqual([
    { ...none, file: join(root, "clap/c.MP4"), name: "clap/c.MP4", classes: [0] },
    { ...none, file: join(root, "wave/b.mp4"), name: "wave/b.mp4", classes: [1] },
    { ...none, file: join(root, "wave/deep/a.webm"), name: "wave/deep/a.webm", classes: [1] },
  ]);
});

test("folders of splits hold the folders of classes", async () => {
  const root = await files("splits", {
    "train/a/1.mp4": "x",
    "train/b/2.mp4": "x",
    "val/a/3.mp4": "x",
    "test/b/4.mp4": "x",
  });
  const { labels, samples } = await openDataset(root);
  expect(labels).toEqual(["a", "b"]);
  expect(samples.map(({ name, split, classes }) => [name, split, ...classes])).toEqual([
    ["test/b/4.mp4", "test", 1],
    ["train/a/1.mp4", "train", 0],
    ["train/b/2.mp4", "train", 1],
    ["val/a/3.mp4", "validation", 0],
  ]);
});

describe("folders of splits are told by their names and by what they hold", () => {
  const wave = (folder: string, ...names: string[]) => names.map((name) => `${folder}/wave/${name}.mp4`);
  const clap = (folder: string, ...names: string[]) => names.map((name) => `${folder}/clap/${name}.mp4`);
  const write = (name: string, paths: readonly string[]) =>
    files(name, Object.fromEntries(paths.map((path) => [path, "x"])));

  test.each([
    ["train", "dev", "validation"],
    ["Train", "VALID", "validation"],
    ["TRAINING", "validation", "validation"],
    ["train", "val", "validation"],
    ["train", "test", "test"],
    ["train", "Testing", "test"],
    ["train", "eval", "test"],
    ["train", "evaluation", "test"],
  ])("%s and %s", async (train, other, split) => {
    const root = await write(`${train}-${other}`, [...wave(train, "1"), ...clap(train, "2"), ...clap(other, "3")]);
    const { labels, samples, warnings } = await openDataset(root);
    expect([labels, warnings]).toEqual([["clap", "wave"], []]);
    expect(samples.map((sample) => [sample.name.split("/").at(-1), sample.split]).sort()).toEqual([
      ["1.mp4", "train"],
      ["2.mp4", "train"],
      ["3.mp4", split],
    ]);
  });

  test.each([
    ["train", "train"],
    ["dev", "validation"],
    ["test", "test"],
  ])("%s alone", async (folder, split) => {
    const root = await write(`alone-${folder}`, [...wave(folder, "1"), ...clap(folder, "2")]);
    const { labels, samples } = await openDataset(root);
    expect([labels, samples.map((sample) => sample.split)]).toEqual([
      ["clap", "wave"],
      [split, split],
    ]);
  });

  test("train, val and test, with two names for one split, and a folder without videos", async () => {
    const paths = [...wave("train", "1"), ...clap("val", "2"), ...clap("dev", "3"), "docs/readme.txt"];
    const { labels, samples } = await openDataset(await write("several", paths));
    expect(labels).toEqual(["clap", "wave"]);
    expect(samples.map(({ split }) => split)).toEqual(["validation", "train", "validation"]);
  });

  test.each([
    [
      "odd",
      [...wave("train", "1"), ...clap("val", "2"), "extra/3.mp4"],
      "the folder extra is next to the splits train and val but is not a split",
    ],
    [
      "odd-deep",
      [...wave("train", "1"), ...clap("train", "2"), ...wave("holdout", "3"), ...wave("more", "4")],
      "the folders holdout and more are next to the split train but are not splits",
    ],
    [
      "flat-part",
      [...wave("train", "1"), ...clap("train", "2"), "test/3.mp4"],
      "the folder test is named like a split but has no class folders",
    ],
    [
      "flat-parts",
      ["train/1.mp4", "val/2.mp4"],
      "the folders train and val are named like splits but have no class folders",
    ],
    ["flat-train", ["train/1.mp4", "train/2.mp4"], "the folder train is named like a split but has no class folders"],
  ])("%s is refused by name", async (name, paths, problem) => {
    const root = await write(`refused-${name}`, paths);
    await expect(openDataset(root)).rejects.toMatchObject({
      code: "E_DATASET_FOLDERS",
      message: expect.stringMatching(new RegExp(`^[^\\n]*: ${problem}\\. [^\\n]*manifest\\.$`)),
    });
  });

  test("a folder that is called train, but holds videos beside other classes, is a class, which is said", async () => {
    const root = await write("railway", ["train/1.mp4", "bus/2.mp4", "bus/3.mp4"]);
    const { labels, samples, warnings } = await openDataset(root);
    expect([labels, samples.map(({ split }) => split)]).toEqual([
      ["bus", "train"],
      [null, null, null],
    ]);
    expect(warnings).toEqual([
      "a folder is named like a split but contains videos, so it is treated as a class (train). If it is a split, put one folder per class into it.",
    ]);
  });

  test("folders that all hold the same folders may be splits, which is said; not where clips lie in them too", async () => {
    const both = (part: string, n: number) => [...wave(part, `${n}`), ...clap(part, `${n + 1}`)];
    const { labels, warnings } = await openDataset(await write("sets", [...both("set_a", 1), ...both("set_b", 3)]));
    expect(labels).toEqual(["set_a", "set_b"]);
    expect(warnings).toEqual([
      "all folders have the same sub-folders and are treated as classes (set_a, set_b contain clap, wave). If they are splits, name them train, validation and test.",
    ]);
    const people = await openDataset(await write("people", [...both("set_a", 1), ...wave("set_b", "3")]));
    expect(people.warnings).toEqual([]);
  });

  test("videos beside folders of classes are named", async () => {
    const plain = await openDataset(await write("beside", ["wave/1.mp4", "clap/2.mp4", "3.mp4", "notes.txt"]));
    expect(plain.findings.map(({ kind, samples }) => [kind, ...samples])).toEqual([["left-out", "3.mp4"]]);
    const paths = [...wave("train", "1"), ...clap("val", "2"), "0.mp4", "train/3.mp4", "val/4.mp4", "val/5.mp4"];
    const split = await openDataset(await write("beside-split", paths));
    expect(split.samples).toHaveLength(2);
    expect(split.warnings).toEqual([
      "a video outside the class folders is ignored (0.mp4; train/3.mp4; val/4.mp4 and 1 more). Move it into the folder of its class.",
    ]);
  });
});

describe("stretches of one file are of one group", () => {
  test("under whatever path; also where only one has a group, or two have different ones", async () => {
    const lines = [
      "a.mp4,x,,0",
      "./a.mp4,y,,5",
      "sub/../link.mp4,x,,9",
      "b.mp4,x,,0",
      "b.mp4,y,p,5",
      "c.mp4,x,p,",
      "d.mp4,x,q,0",
      "d.mp4,y,r,5",
      "e.mp4,x,r,",
      "f.mp4,y,,",
    ];
    const names = [..."abcdef"].map((name) => [`${name}.mp4`, "x"]);
    const content = { "manifest.csv": `file,label,group,start\n${lines.join("\n")}\n`, "sub/x": "x" };
    const root = await files("stretches", { ...content, ...Object.fromEntries(names) });
    await symlink("a.mp4", join(root, "link.mp4"));
    const { samples } = await openDataset(root);
    const groups = samples.map(({ group }) => group);
    expect(groups).toEqual(["a.mp4", "a.mp4", "a.mp4", "p", "p", "p", "q", "q", "q", null]);
  });

  test("and go where another of the file is told to go; a file in two splits is warned of", async () => {
    const lines = ["a.mp4,x,test,0", "a.mp4,y,,5", "b.mp4,x,train,0", "b.mp4,y,test,5", "c.mp4,y,,"];
    const csv = `file,label,split,start\n${lines.join("\n")}\n`;
    const root = await files("stretch-splits", { "manifest.csv": csv, "a.mp4": "x", "b.mp4": "x", "c.mp4": "x" });
    const { samples, warnings } = await openDataset(root);
    expect(samples.map(({ split }) => split)).toEqual(["test", "test", "train", "test", null]);
    expect(warnings).toEqual([
      "a group spans several splits, so the model would be tested on what it was trained on (b.mp4 is in train and test). Keep each group within one split.",
    ]);
  });
});

describe("names compare in one Unicode form", () => {
  const [composed, decomposed] = ["\u00e9t\u00e9", "e\u0301te\u0301"];

  test("folders", async () => {
    const root = await files("forms", { [`${composed}/1.mp4`]: "x", [`${decomposed}/2.mp4`]: "x", "b/3.mp4": "x" });
    const { labels, samples } = await openDataset(root);
    expect([labels, samples.map(({ classes }) => classes[0])]).toEqual([
      ["b", composed],
      [0, 1, 1],
    ]);
    const own = await openDataset(root, { labels: [decomposed, "b"] });
    expect([own.labels, own.samples.map(({ classes }) => classes[0])]).toEqual([
      [decomposed, "b"],
      [1, 0, 0],
    ]);
  });

  test("a manifest's labels, groups and files, which are found in either form", async () => {
    const lines = [composed, decomposed].flatMap((name) => [
      `${composed}/${name}.mp4,${name},${name}`,
      `${decomposed}/${name}2.mp4,b,${name}`,
    ]);
    const root = await files("manifest-forms", {
      "manifest.csv": `file,label,group\n${lines.join("\n")}\n`,
      [`${decomposed}/${composed}.mp4`]: "x",
      [`${decomposed}/${decomposed}2.mp4`]: "x",
    });
    const { labels, samples } = await openDataset(root);
    expect(labels).toEqual(["b", composed]);
    expect(samples.map(({ name, group }) => [name, group])).toEqual(
      ["", "2", "", "2"].map((end) => [`${composed}/${composed}${end}.mp4`, composed]),
    );
    for (const { file } of samples) expect((await stat(file)).isFile()).toBe(true);
  });

  test("classes that differ only in case, spaces, _ or - are found", async () => {
    const classes = ["Wave 1", "wave_1", "push up", "push_up", "Push-Up", "pushup", "clap"];
    const root = await files("alike", Object.fromEntries(classes.map((name) => [`${name}/1.mp4`, "x"])));
    const { labels, findings, warnings } = await openDataset(root);
    expect(labels).toEqual(["Push-Up", "Wave 1", "clap", "push up", "push_up", "pushup", "wave_1"]);
    expect(findings.map(({ kind, severity, detail }) => [kind, severity, detail])).toEqual([
      ["similar-classes", "problem", "Push-Up, push up, push_up, pushup"],
      ["similar-classes", "problem", "Wave 1, wave_1"],
    ]);
    expect(warnings).toEqual([
      "classes differ only in case, spaces, _ or - (Push-Up, push up, push_up, pushup; Wave 1, wave_1). Merge them, or give them more distinct names.",
    ]);
  });
});

test("a manifest, in the folder or by itself: paths are relative to it", async () => {
  const csv = "file,label,group,start,end\nclips/a.mp4,jump;run,p1,,\nclips/b.mp4,run,p2,1,2.5\n";
  const root = await files("manifest", { "clips/a.mp4": "x", "clips/b.mp4": "x", "manifest.csv": csv });
  const { labels, samples, multiLabel } = await openDataset(root);
  expect([labels, multiLabel]).toEqual([["jump", "run"], true]);
  expect(samples).toEqual([
    { ...none, file: join(root, "clips/a.mp4"), name: "clips/a.mp4", classes: [0, 1], group: "p1" },
    { ...none, file: join(root, "clips/b.mp4"), name: "clips/b.mp4", classes: [1], group: "p2", start: 1, end: 2.5 },
  ]);
  expect((await openDataset(join(root, "manifest.csv"))).samples).toEqual(samples);
  const jsonl = `{"file":${JSON.stringify(join(root, "clips/a.mp4"))},"label":"z"}\n{"file":"../manifest/clips/b.mp4","label":"y"}\n`;
  const elsewhere = await openDataset(join(await files("other", { "list.jsonl": jsonl }), "list.jsonl"));
  expect(elsewhere.samples.map(({ name }) => name)).toEqual(["../manifest/clips/a.mp4", "../manifest/clips/b.mp4"]);
});

test("classes of a model index in its order; another label is refused", async () => {
  const root = await files("model", { "b/1.mp4": "x" });
  const { labels, samples } = await openDataset(root, { labels: ["z", "b"] });
  expect([labels, samples[0]?.classes]).toEqual([["z", "b"], [1]]);
  await expect(openDataset(root, { labels: ["x", "y"] })).rejects.toMatchObject({
    code: "E_DATASET_LABEL",
    message: `${join(root, "b")}: the model has no class "b". Use one of its classes: x, y.`,
  });
});

describe("one clear line", () => {
  test.each([
    ["absent", null, "E_DATASET_NOT_FOUND", "no such folder or file"],
    ["empty", {}, "E_DATASET_EMPTY", "it has no sub-folders with clips"],
    ["flat", { "a.mp4": "x" }, "E_DATASET_EMPTY", "it has no sub-folders with clips"],
    ["no-clips", { "a/1.mp4": "x", "b/notes.txt": "x" }, "E_DATASET_EMPTY", "this class folder contains no videos"],
    ["one-class", { "a/1.mp4": "x", "a/2.mp4": "x" }, "E_DATASET_ONE_CLASS", "all 2 clips belong to one class, a"],
    ["one-clip", { "a/1.mp4": "x" }, "E_DATASET_ONE_CLIP", "it contains only one clip"],
    ["only-head", { "manifest.csv": "file,label\n" }, "E_DATASET_EMPTY", "it contains no clips"],
    [
      "gone",
      { "manifest.csv": "file,label\na.mp4,x\nb.mp4,x\nc.mp4,y\n", "a.mp4": "x" },
      "E_DATASET_LINE",
      "line 3: no such file: b.mp4 (and 1 more line like it)",
    ],
    [
      "is-folder",
      { "manifest.csv": "file,label\na,x\n", "a/1.mp4": "x" },
      "E_DATASET_LINE",
      "line 2: a folder, not a video",
    ],
  ])("%s", async (name, content, code, problem) => {
    const root = content === null ? join(folder, name) : await files(name, content);
    const error = await openDataset(root).catch((caught: Error) => caught);
    expect(error).toMatchObject({ name: "DatasetError", code, message: expect.stringContaining(`: ${problem}`) });
    expect((error as Error).message).toMatch(/^[^\n]*\. [^\n]*\.$/);
  });

  test.runIf(process.platform !== "win32")("a pipe that takes a clip's place", async () => {
    const root = await files("pipes", {
      "manifest.csv": "file,label\na.mp4,x\npipe.gif,x\n/dev/zero,y\n",
      "a.mp4": "x",
    });
    execFileSync("mkfifo", [join(root, "pipe.gif")]);
    await expect(openDataset(root)).rejects.toMatchObject({
      code: "E_DATASET_LINE",
      message: expect.stringContaining(": line 3: a pipe or device, not a video: pipe.gif (and 1 more line like it)"),
    });
    const clip = { file: join(root, "pipe.gif"), name: "pipe.gif", classes: [0], split: null, group: null };
    const cache = new ClipCache({ folder: join(folder, "cache") });
    const refused = { code: "E_DATASET_CLIP", message: expect.stringContaining("it is a pipe, not a file") };
    await expect(cache.contentHash({ ...clip, start: null, end: null })).rejects.toMatchObject(refused);
    await cache[Symbol.asyncDispose]();
  });

  test.runIf(process.platform !== "win32")("a device and a pipe in a manifest", async () => {
    for (const name of ["/dev/zero", "pipe.mp4"]) {
      const root = await files("odd", { "manifest.csv": `file,label\na.mp4,x\n${name},y\n`, "a.mp4": "x" });
      if (name.startsWith("pipe")) execFileSync("mkfifo", [join(root, name)]);
      const problem = `line 3: a pipe or device, not a video: ${name}.`;
      await expect(openDataset(root)).rejects.toMatchObject({
        code: "E_DATASET_LINE",
        message: expect.stringContaining(problem),
      });
    }
  });

  test("of many wrong lines no more than a thousand are counted", async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `${i}.mp4,x`);
    const root = await files("many", { "manifest.csv": `file,label\n${lines.join("\n")}\n` });
    await expect(openDataset(root)).rejects.toThrow(
      told("E_DATASET_LINE", "no such file: 0.mp4 (and at least 999 more lines like it)"),
    );
  });

  test("a file that is no manifest", async () => {
    const root = await files("format", { "a.mp4": "x" });
    await expect(openDataset(join(root, "a.mp4"))).rejects.toMatchObject({ code: "E_DATASET_FORMAT" });
  });
});

describe.skipIf(!hasShared)(`real datasets${sharedReason}`, () => {
  test.each([
    ["yoga6", 49, ["bhujangasana", "childs_pose", "padmasana", "parvatasana", "shavasana", "trikonasana"], 8],
    ["fight2", 97, ["fight", "noFight"], 20],
  ])("%s", async (name, clips, labels, groups) => {
    const dataset = await openDataset(join(sharedFolder, "dataset", name));
    expect([dataset.samples.length, dataset.labels]).toEqual([clips, labels]);
    expect(new Set(dataset.samples.map(({ group }) => group)).size).toBe(groups);
  });
});
