/** Sorting clips by their labels: nothing is lost or overwritten, and a run can be repeated. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { folderNames } from "../src/classify/folder-names.ts";
import { checkSorting, Sorter } from "../src/classify/sorter.ts";

let root: string;
let folder: string;
let runs = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "movinet-sorter-"));
});
beforeEach(async () => {
  folder = join(root, String(runs++));
  await mkdir(folder);
});
afterAll(() => rm(root, { recursive: true }));

const labels = ["run", "jump"];
const sorterInto = (name: string, minScore = 0.5) => new Sorter(join(folder, name), labels, labels.length, minScore);
const answer = (index: number, score = 0.9) => ({ label: labels[index] as string, index, score });
const make = async (name: string, content: string) => {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return path;
};
/** All files below a folder, and their content. */
async function contents(name: string): Promise<Record<string, string>> {
  const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files
    .sort()
    .map(async (file) => [file.slice(join(folder, name).length + 1), await readFile(file, "utf8")]);
  return Object.fromEntries(await Promise.all(read));
}

test("a clip is linked into the folder of its label, and stays where it is", async () => {
  const source = await make("clips/a.mp4", "A");
  const sorter = sorterInto("sorted");
  expect(await sorter.sort(source, answer(1))).toBe(join(folder, "sorted/jump/a.mp4"));
  expect((await stat(join(folder, "sorted/jump/a.mp4"))).ino).toBe((await stat(source)).ino);
  expect(sorter.summary()).toBe(`${join(folder, "sorted")}: 1 clip sorted into 1 folder`);
});

test("clips of one name get numbers, and so does one beside a file that was there", async () => {
  const clips = [await make("x/a.mp4", "1"), await make("y/a.mp4", "2"), await make("z/a.mp4", "1")];
  await make("sorted/run/a.mp4", "mine");
  const sorter = sorterInto("sorted");
  await Promise.all(clips.map((clip) => sorter.sort(clip, answer(0))));
  const all = { "run/a.mp4": "mine", "run/a (2).mp4": "1", "run/a (3).mp4": "2", "run/a (4).mp4": "1" };
  expect(await contents("sorted")).toEqual(all);
  const again = sorterInto("sorted");
  await Promise.all(clips.map((clip) => again.sort(clip, answer(0))));
  expect(await contents("sorted")).toEqual(all);
});

test("a low score goes to unsure", async () => {
  const sorter = sorterInto("sorted", 0.6);
  await sorter.sort(await make("a.mp4", "A"), answer(0, 0.59));
  await sorter.sort(await make("b.mp4", "B"), answer(0, 0.6));
  expect(await contents("sorted")).toEqual({ "run/b.mp4": "B", "unsure/a.mp4": "A" });
  expect(sorter.summary()).toMatch(/: 2 clips sorted into 2 folders, 1 of them into unsure$/);
});

test("a symbolic link gives its file, under the link's name", async () => {
  await make("a.mp4", "A");
  await symlink("a.mp4", join(folder, "link.mp4"));
  await sorterInto("sorted").sort(join(folder, "link.mp4"), answer(0));
  await rm(join(folder, "a.mp4"));
  expect(await contents("sorted")).toEqual({ "run/link.mp4": "A" });
});

test("a copy that is there from an earlier run counts as the clip", async () => {
  const source = await make("a.mp4", "A");
  await mkdir(join(folder, "sorted/run"), { recursive: true });
  await copyFile(source, join(folder, "sorted/run/a.mp4"));
  await sorterInto("sorted").sort(source, answer(0));
  expect(await contents("sorted")).toEqual({ "run/a.mp4": "A" });
});

// A file system in memory is another one than that of the temporary folder, on most Linux systems.
const elsewhere = "/dev/shm";
const isOther = async () => {
  const other = await stat(elsewhere).catch(() => null);
  return other !== null && other.dev !== (await stat(tmpdir())).dev;
};
test.skipIf(!(await isOther()))("on another file system a clip is copied, once", async () => {
  const far = await mkdtemp(join(elsewhere, "movinet-sorter-"));
  try {
    const source = await make("a.mp4", "A");
    for (let i = 0; i < 2; i++) await new Sorter(far, labels, 2, 0.5).sort(source, answer(0));
    expect(await readdir(join(far, "run"))).toEqual(["a.mp4"]);
    expect(await readFile(join(far, "run/a.mp4"), "utf8")).toBe("A");
    expect(await readFile(source, "utf8")).toBe("A");
  } finally {
    await rm(far, { recursive: true });
  }
});

test("a folder that cannot be written is one error, and leaves nothing", async () => {
  const source = await make("a.mp4", "A");
  await make("sorted/run", "a file");
  await expect(sorterInto("sorted").sort(source, answer(0))).rejects.toMatchObject({ code: "E_OUTPUT_WRITE" });
  expect(await contents("sorted")).toEqual({ run: "a file" });
});

test("a folder inside a source, a source inside the folder, and what is no file are refused", async () => {
  const clip = await make("clips/a.mp4", "A");
  const clips = join(folder, "clips");
  const check = (into: string, args: string[], sources = [clip]) => checkSorting(join(folder, into), args, sources);
  for (const into of ["clips", "clips/sorted", "clips/new/deep"]) {
    await expect(check(into, [clips])).rejects.toThrow(
      `lies inside ${clips}, so the next run would find its clips again`,
    );
  }
  await expect(check("clips", [clip])).rejects.toThrow(`already lies inside ${clips}`);
  await symlink(clips, join(folder, "link"));
  await expect(check("link/sorted", [clips])).rejects.toThrow("lies inside");
  await expect(check("clips-sorted", [clips])).resolves.toBeUndefined();
  await expect(check("sorted", ["-"], ["-"])).rejects.toThrow('--sort-into needs video files, got "-".');
  await expect(check("sorted", [], ["http://x/a.mp4"])).rejects.toThrow("--sort-into needs video files");
});

test("folders of labels: safe on any system, all different, none called unsure", () => {
  expect(folderNames(["a/b", "A_B", "..", "con", "unsure", "", "溜冰", "x. ", "\u0000"], 9)).toEqual([
    "a_b",
    "A_B (1)",
    "_",
    "con_",
    "unsure (4)",
    "class 5",
    "溜冰",
    "x",
    "_ (8)",
  ]);
  expect(folderNames(null, 2)).toEqual(["class 0", "class 1"]);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 300 }), { minLength: 1 }), (names) => {
      const made = folderNames(names, names.length);
      expect(new Set(["unsure", ...made].map((name) => name.normalize("NFC").toLowerCase())).size).toBe(
        names.length + 1,
      );
      for (const name of made) {
        expect(name).toMatch(/^[^./\\\p{Cc}][^/\\\p{Cc}]*$/u);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      }
    }),
  );
});
