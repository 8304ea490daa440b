/** What folders leave out, and sub-folders that cannot be read: told, and no reason to stop. */
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-left-out-"));
  await writeTinyModel(join(folder, "tiny.safetensors"), ["a", "b"]);
});
afterAll(() => rm(folder, { recursive: true }));
const { run } = commandLine(() => folder);
const classify = (...args: string[]) => run("classify", ...args, "--model", "tiny.safetensors", "--quiet");
const parse = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

async function fill(names: readonly string[]): Promise<void> {
  for (const [i, name] of names.entries()) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    if (name.endsWith(".y4m")) await writeClip(path, { luma: movingSpot(i) });
    else await writeFile(path, "x");
  }
}

test("one line tells what was left out, and a JSON line tells machines", async () => {
  await fill(["clips/1.y4m", "clips/a.txt", "clips/b.jpg", "clips/c.jpg", "more/2.y4m"]);
  await symlink(join(folder, "more"), join(folder, "clips", "linked"));
  const text = await classify("clips");
  expect(text.stderr).toBe(
    "movinet: clips: 4 left out: 1 folder behind a symlink (linked), 2 .jpg (b.jpg, c.jpg), 1 .txt (a.txt). Name a file to use it anyway.\n",
  );
  expect(text.code).toBe(0);
  const kinds = [
    { kind: "folder behind a symlink", count: 1, examples: ["clips/linked"] },
    { kind: ".jpg", count: 2, examples: ["clips/b.jpg", "clips/c.jpg"] },
    { kind: ".txt", count: 1, examples: ["clips/a.txt"] },
  ];
  const json = await classify("clips", "--json");
  const [told, result] = parse(json.stdout);
  expect(told).toEqual({ type: "left-out", source: "clips", kinds });
  expect(result).toMatchObject({ type: "result", source: "clips/1.y4m" });
  const named = await classify("clips", "clips/linked", "--json");
  expect(parse(named.stdout).map(({ type, source }) => [type, source])).toEqual([
    ["left-out", "clips"],
    ["result", "clips/1.y4m"],
    ["result", "clips/linked/2.y4m"],
  ]);
});

test("a run that is continued tells it once in its file", async () => {
  await fill(["resumed/1.y4m", "resumed/a.txt"]);
  for (let i = 0; i < 3; i++) {
    if (i === 1) await fill(["resumed/2.y4m"]);
    expect((await classify("resumed", "--out", "out.jsonl", "--resume")).code).toBe(0);
  }
  const types = parse(await readFile(join(folder, "out.jsonl"), "utf8")).map(({ type }) => type);
  expect(types.toSorted()).toEqual(["left-out", "result", "result"]);
});

const isRoot = process.getuid?.() === 0;
test.skipIf(isRoot || process.platform === "win32")(
  `a sub-folder that cannot be read is named, and the others are classified${isRoot ? " (skipped: root reads all)" : ""}`,
  async () => {
    await fill(["drive/ok/1.y4m", "drive/lost/2.y4m"]);
    await chmod(join(folder, "drive/lost"), 0);
    try {
      const { code, stdout, stderr } = await classify("drive", "--json");
      expect(stderr).toBe(
        "movinet: drive/lost: cannot read this folder (EACCES). Check its permissions, or move it elsewhere.\n",
      );
      expect(code).toBe(1);
      expect(parse(stdout).map(({ type, source, code }) => [type, source, code])).toEqual([
        ["error", "drive/lost", "E_VIDEO_FOLDER"],
        ["result", "drive/ok/1.y4m", undefined],
      ]);
    } finally {
      await chmod(join(folder, "drive/lost"), 0o700);
    }
  },
);
