/** `movinet dataset`: commands under a command, and the check of clips. */
import { copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";
import { hasShared, sharedFolder, sharedReason } from "../../../packages/movinet/test/shared.ts";
import { commandLine } from "./command-line.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-cli-dataset-"));
});
afterAll(() => rm(folder, { recursive: true }));

const { run: movinet } = commandLine(() => folder);

describe("wrong usage: one line on stderr, nothing on stdout, exit code 2", () => {
  test.each([
    [["dataset", "chek"], 'movinet: dataset: unknown command "chek". Did you mean dataset check?'],
    [["dataset", "--json"], 'movinet: dataset: unknown option "--json".'],
    [["dataset", "check"], "movinet: dataset check: missing DATASET. Usage: movinet dataset check [options] DATASET."],
    [["dataset", "check", "a", "b"], 'movinet: dataset check: unexpected argument "b".'],
    [["dataset", "check", "a", "--jobs"], "movinet: --jobs needs a value."],
    [["dataset", "check", "a", "--jobs", "0"], 'movinet: --jobs must be an integer ≥ 1, got "0".'],
    [["dataset", "check", "--jason", "a"], 'movinet: dataset check: unknown option "--jason". Did you mean --json?'],
    [["dataset", "check", "absent"], "movinet: absent: no such folder or file. Pass a folder with one sub-folder"],
  ])("%j", async (args, line) => {
    const { code, stdout, stderr } = await movinet(...args);
    expect(stderr.startsWith(line), stderr).toBe(true);
    expect(stderr.trimEnd()).not.toContain("\n");
    expect([code, stdout]).toEqual([2, ""]);
  });
});

test("help of the command and of what is under it", async () => {
  for (const args of [["dataset"], ["dataset", "--help"], ["dataset", "help"]]) {
    const { code, stdout } = await movinet(...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: movinet dataset COMMAND/m);
    expect(stdout).toContain("Run movinet dataset COMMAND --help");
  }
  const { code, stdout } = await movinet("dataset", "check", "--help");
  expect(code).toBe(0);
  expect(stdout).toContain("Usage: movinet dataset check [options] DATASET\n");
  expect(stdout).toContain("  -j, --jobs N ");
});

test("a good dataset: a table, exit code 0", async () => {
  const clips = Array.from({ length: 10 }, (_, i) => {
    return writeClip(join(folder, "good", i % 2 ? "wave" : "clap", `${i}.y4m`), { luma: movingSpot(i) });
  });
  await Promise.all(clips);
  const { code, stdout, stderr } = await movinet("dataset", "check", "good", "--quiet");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toBe(
    [
      "good   10 clips, 2 classes, 10 groups, 20.0 s",
      "",
      "  class  clips  groups",
      "  clap       5       5",
      "  wave       5       5",
      "",
      "no problems",
      "",
    ].join("\n"),
  );
  expect(await readdir(join(folder, "cache", "clips"))).toHaveLength(10);
});

test("problems: sentences at most 80 cells wide, names whole, and as JSON; exit code 1", async () => {
  const name = `${"a long way to ".repeat(6)}a clip`;
  const clip = await writeClip(join(folder, "bad", "clap", `${name}.y4m`), { luma: movingSpot(1) });
  await writeClip(join(folder, "bad", "wave", "short.y4m"), { luma: movingSpot(2), seconds: 0.5 });
  await copyFile(clip, join(folder, "bad", "wave", "copy.y4m"));
  await writeFile(join(folder, "bad", "wave", "text.mp4"), "hello");
  const { code, stdout, stderr } = await movinet("dataset", "check", "bad");
  expect([code, stderr]).toEqual([1, ""]);
  const wide = stdout.split("\n").filter((line) => line.length > 80);
  expect(wide).toEqual([`  clap/${name}.y4m`]);
  expect(stdout).toContain(
    "problem: cannot be decoded. Convert these clips, or remove them.\n  wave/text.mp4\n    FFmpeg cannot read this as a video",
  );
  expect(stdout).toContain("problem: identical clips, with different labels. Keep the right label.\n  clap/a long way");
  expect(stdout).toContain("\n    wave/copy.y4m\n");
  expect(stdout).toContain("  wave/short.y4m\n    3 frames\n");
  expect(stdout.trimEnd()).toMatch(/\n5 problems$/);

  const json = await movinet("dataset", "check", "bad", "--json", "--quiet");
  const { findings, ...report } = JSON.parse(json.stdout);
  expect(json.code).toBe(1);
  expect(report).toEqual({
    type: "dataset",
    path: "bad",
    multiLabel: false,
    clips: 4,
    groups: 4,
    duration: expect.closeTo(4.6, 6),
    classes: [
      { label: "clap", clips: 1, groups: 1 },
      { label: "wave", clips: 2, groups: 2 },
    ],
    problems: 5,
  });
  expect(findings.map(({ kind }: { kind: string }) => kind)).toEqual([
    "undecodable",
    "duplicate",
    "small-class",
    "small-class",
    "short",
  ]);
});

test("what names and folders show is in the report", async () => {
  const names = ["push up/1", "Push_up/2", "test/3", "4"];
  await Promise.all(
    names.map((name, i) => writeClip(join(folder, "names", `${name}.y4m`), { luma: movingSpot(i), fps: 5 })),
  );
  const { code, stdout, stderr } = await movinet("dataset", "check", "names", "--quiet");
  expect([code, stderr]).toEqual([1, ""]);
  expect(stdout).toContain(
    "problem: classes differ only in case, spaces, _ or -. Merge them, or give them\nmore distinct names.\n  Push_up, push up\n",
  );
  expect(stdout).toContain("class. If it is a split, put one folder per class into it.\n  test\n");
  expect(stdout).toContain(
    "note: a video outside the class folders is ignored. Move it into the folder of\nits class.\n  4.y4m\n",
  );
});

test("a folder beside splits that is none is named", async () => {
  const names = ["train/wave/1", "val/clap/2", "extra/3"];
  await Promise.all(names.map((name, i) => writeClip(join(folder, "odd", `${name}.y4m`), { luma: movingSpot(i) })));
  const { code, stdout, stderr } = await movinet("dataset", "check", "odd");
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toBe(
    "movinet: odd: the folder extra is next to the splits train and val but is not a split. Rename it to a split, or move its clips into a split's class folders; if all are classes, use a manifest.\n",
  );
});

test("a dataset that is wrong as a whole, and a cache that cannot be: one line, exit code 1", async () => {
  await writeFile(join(folder, "list.csv"), "file,label\nnone.mp4,x\n");
  const wrong = await movinet("dataset", "check", "list.csv");
  expect(wrong.stderr).toMatch(/^movinet: list\.csv: line 2: no such file: none\.mp4\. .*\.\n$/);
  expect([wrong.code, wrong.stdout]).toEqual([1, ""]);
});

describe.skipIf(!hasShared)(`a real dataset${sharedReason}`, () => {
  test("fight2 is sound but for one clip of a second", { timeout: 300_000 }, async () => {
    const { code, stdout } = await movinet("dataset", "check", `${sharedFolder}/dataset/fight2`, "--json", "--quiet");
    const { clips, groups, findings } = JSON.parse(stdout);
    expect([clips, groups]).toEqual([97, 20]);
    expect(code).toBe(1);
    expect(findings).toMatchObject([{ kind: "short", samples: ["fight/S43_fi149.mp4"], detail: "5 frames" }]);
  });
});
