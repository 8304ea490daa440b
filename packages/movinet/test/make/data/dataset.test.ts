import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDataset } from "../../../src/make/data/dataset.node.ts";
import { hasShared, sharedFolder, sharedReason } from "../../shared.ts";

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
    message: `${join(root, "b")}: the label "b" is no class of the model. Use its names: x, y.`,
  });
});

describe("one clear line", () => {
  test.each([
    ["absent", null, "E_DATASET_NOT_FOUND", "there is no such folder or file"],
    ["empty", {}, "E_DATASET_EMPTY", "it holds no sub-folders of clips"],
    ["flat", { "a.mp4": "x" }, "E_DATASET_EMPTY", "it holds no sub-folders of clips"],
    ["no-clips", { "a/1.mp4": "x", "b/notes.txt": "x" }, "E_DATASET_EMPTY", "the folder of this class holds no videos"],
    ["one-class", { "a/1.mp4": "x", "a/2.mp4": "x" }, "E_DATASET_ONE_CLASS", "all of its 2 clips are of one class, a"],
    ["one-clip", { "a/1.mp4": "x" }, "E_DATASET_ONE_CLIP", "it holds only one clip"],
    ["only-head", { "manifest.csv": "file,label\n" }, "E_DATASET_EMPTY", "it holds no clips"],
    [
      "gone",
      { "manifest.csv": "file,label\na.mp4,x\nb.mp4,x\nc.mp4,y\n", "a.mp4": "x" },
      "E_DATASET_LINE",
      "line 3: there is no file b.mp4 (and 1 more such line)",
    ],
    [
      "is-folder",
      { "manifest.csv": "file,label\na,x\n", "a/1.mp4": "x" },
      "E_DATASET_LINE",
      "line 2: this is a folder",
    ],
  ])("%s", async (name, content, code, problem) => {
    const root = content === null ? join(folder, name) : await files(name, content);
    const error = await openDataset(root).catch((caught: Error) => caught);
    expect(error).toMatchObject({ name: "DatasetError", code, message: expect.stringContaining(`: ${problem}`) });
    expect((error as Error).message).toMatch(/^[^\n]*\. [^\n]*\.$/);
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
