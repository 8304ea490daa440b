import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bytesOfPath, pathOf } from "../../src/common/read.node.ts";
import { ClipCache } from "../../src/data/clip-cache.node.ts";
import { openDataset } from "../../src/data/dataset.node.ts";
import { isVideoFile, scanFolder } from "../../src/video/folder.node.ts";
import { LeftOutCounts, leftOutText } from "../../src/video/left-out.ts";
import { expandSources } from "../../src/video/sources.node.ts";

const locked = vi.hoisted(() => ({ name: "" }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const readdir = (path: Parameters<typeof real.readdir>[0], ...rest: unknown[]) => {
    if (locked.name !== "" && String(path).endsWith(locked.name))
      throw Object.assign(new Error("no"), { code: "EACCES" });
    return (real.readdir as (...args: unknown[]) => unknown)(path, ...rest);
  };
  return { ...real, readdir: async (...args: Parameters<typeof readdir>) => readdir(...args) };
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-scan-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function files(root: string, names: readonly string[]): Promise<string> {
  const path = join(folder, root);
  for (const name of names) {
    await mkdir(bytesOfPath(dirname(join(path, name))), { recursive: true });
    await writeFile(bytesOfPath(join(path, name)), "x");
  }
  return path;
}

const text = (value: string) => Buffer.from(value, "latin1");
const chunk = (type: string, ...data: number[]) => [
  ...Buffer.from([0, 0, 0, data.length]),
  ...text(type),
  ...data,
  0,
  0,
  0,
  0,
];
const png = (...chunks: number[][]) => Buffer.from([...text("\x89PNG\r\n\x1a\n"), ...chunks.flat()]);
const webp = (kind: string, flags: number) =>
  Buffer.from([...text("RIFF    WEBP"), ...text(kind), 10, 0, 0, 0, flags, 0, 0, 0]);
/** Colour tables for all and for each picture, a comment, and pictures whose data has sub-blocks of all lengths. */
const gif = (pictures: number, dataBlocks = 1) =>
  Buffer.from([
    ...[...text("GIF89a"), 1, 0, 1, 0, 0x80, 0, 0, ...Array(6).fill(0x2c)],
    ...[0x21, 0xfe, 2, 0x2c, 0x2c, 0],
    ...Array(pictures)
      .fill([0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0x81, ...Array(12).fill(0x2c), 2])
      .flatMap((head) => [
        ...head,
        ...Array(dataBlocks)
          .fill([255, ...Array(255).fill(0x2c)])
          .flat(),
        0,
      ]),
    0x3b,
  ]);
const heif = (...brands: string[]) => Buffer.from([0, 0, 0, 8 + 4 * brands.length, ...text(`ftyp${brands.join("")}`)]);

describe("pictures are taken where they move", () => {
  test.each([
    ["a.gif", gif(2), true],
    ["b.gif", gif(1), false],
    ["long.gif", gif(2, 600), true],
    ["c.gif", gif(3).subarray(0, 60), false],
    ["empty.gif", "", true],
    ["a.webp", webp("VP8X", 0x12), true],
    ["b.webp", webp("VP8X", 0x10), false],
    ["c.webp", webp("VP8 ", 0xff), false],
    ["text.webp", "hello", false],
    ["a.png", png(chunk("IHDR", 1, 2), chunk("acTL", 0, 0, 0, 2, 0, 0, 0, 0), chunk("IDAT")), true],
    ["b.png", png(chunk("IHDR", 1, 2), chunk("IDAT"), chunk("acTL", 0, 0, 0, 2)), false],
    ["c.png", png(chunk("acTL", 0, 0, 0, 1), chunk("IDAT")), false],
    ["a.apng", png(chunk("acTL", 0, 0, 0, 2), chunk("IDAT")), true],
    ["b.apng", png(chunk("IDAT")), false],
    ["broken.apng", "hello", true],
    ["broken.png", "hello", false],
    ["a.avif", heif("avis", "\0\0\0\0", "avif"), true],
    ["b.avif", heif("avif", "\0\0\0\0", "mif1"), false],
    ["a.heic", heif("hevc", "\0\0\0\0", "mif1"), true],
    ["a.jpg", "\xff\xd8", false],
  ])("%s", async (name, content, taken) => {
    const file = join(folder, name);
    await writeFile(file, content);
    expect(await isVideoFile(file, name)).toBe(taken);
  });
});

test("a folder gives the formats that classify when named; what it leaves out is counted and named", async () => {
  const taken = "a.h264 b.hevc c.ivf d.obu e.MP4 f.265 g.dv h.mjpg i.mk3d j.rmvb deep/er/k.wtv".split(" ");
  const others = "x.jpg y.JPG z.txt list.m3u8 README .hidden.mp4 .thumbnails/t.mp4 .DS_Store ._e.MP4 m.part".split(" ");
  const root = await files("mixed", [...taken, ...others]);
  const other = await files("elsewhere", ["o.mp4"]);
  await symlink(other, join(root, "linked"));
  await symlink(root, join(root, "deep", "loop"));
  await symlink("nowhere.mp4", join(root, "gone.mp4"));
  await symlink(join(other, "o.mp4"), join(root, "zz.mp4"));
  const { videos, leftOut, failures } = await scanFolder(root);
  expect(videos.map((path) => relative(root, path))).toEqual([...taken.toSorted(), "zz.mp4"]);
  expect(failures).toEqual([]);
  expect(leftOut.map(({ kind, count }) => [kind, count])).toEqual([
    ["folder behind a symlink", 2],
    ["hidden folder", 1],
    ["hidden file", 1],
    ["broken symlink", 1],
    ["without an extension", 1],
    [".jpg", 2],
    [".m3u8", 1],
    [".part", 1],
    [".txt", 1],
  ]);
  expect(leftOutText(leftOut, (path) => relative(root, path))).toBe(
    "skipped 11: 2 folders behind symlinks (linked, deep/loop), 1 hidden folder (.thumbnails), " +
      "1 hidden file (.hidden.mp4), 1 broken symlink (gone.mp4), 1 without an extension, 2 .jpg, 1 .m3u8, 1 .part, 1 others",
  );
});

test("a line names at most five, however many there are", () => {
  const counts = new LeftOutCounts();
  for (let i = 0; i < 1000; i++) counts.add(".jpg", `${i}.jpg`);
  expect(leftOutText(counts.list())).toBe("skipped 1000: 1000 .jpg (0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg, …)");
  const odd = new LeftOutCounts();
  odd.add(".jpg", "a\nb\x1b[2J.jpg");
  expect(leftOutText(odd.list())).toBe("skipped 1: 1 .jpg (a b�[2J.jpg)");
  expect(leftOutText([])).toBe("");
});

test("a sub-folder that cannot be read is named itself, and the others are taken", async () => {
  const root = await files("drive", ["a/1.mp4", "lost+found/2.mp4", "z/3.mp4"]);
  locked.name = "lost+found";
  const { sources, failures } = await expandSources([root]);
  const alone = await expandSources([join(root, "lost+found")]);
  locked.name = "";
  expect(sources).toEqual([join(root, "a/1.mp4"), join(root, "z/3.mp4")]);
  const error = { code: "E_VIDEO_FOLDER", subject: join(root, "lost+found") };
  expect(failures).toMatchObject([{ ...error, problem: "cannot read this folder (EACCES)" }]);
  expect(alone.failures).toMatchObject([error]);
});

test.skipIf(process.platform !== "linux")(
  "names that are not UTF-8 are found, also where Node shows them as U+FFFD",
  async () => {
    const name = pathOf(text("caf\xe9.mp4"));
    const deep = pathOf(text("d\xe9\xe8/x.mp4"));
    const root = await files("latin", [name, deep]);
    const both = [join(root, name), join(root, deep)];
    expect(new Set((await expandSources([root])).sources)).toEqual(new Set(both));
    expect((await expandSources([join(root, "caf\ufffd.mp4"), join(root, "d\ufffd\ufffd/x.mp4")])).sources).toEqual(
      both,
    );
    expect((await expandSources([join(root, "*.mp4"), join(root, "caf\ufffd.mp4")])).sources).toEqual([both[0]]);
  },
);

test("a dataset tells what the folders of classes leave out, and goes on without a folder that cannot be read", async () => {
  const root = await files("set", [
    "wave/1.mp4",
    "wave/old/2.mp4",
    "clap/3.h264",
    "clap/a.jpg",
    "lost+found/4.mp4",
    "x.txt",
  ]);
  const other = await files("far", ["o.mp4"]);
  await symlink(other, join(root, "wave", "more"));
  const told = async (name: string) => {
    locked.name = name;
    const { labels, samples, findings } = await openDataset(root).finally(() => {
      locked.name = "";
    });
    const facts = findings.map(({ kind, severity, detail }) => [kind, severity, detail]);
    return { labels, clips: samples.map((sample) => sample.name), facts };
  };
  const leftOut = ["left-out", "note", "skipped 2: 1 folder behind a symlink (wave/more), 1 .jpg (clap/a.jpg)"];
  expect(await told("lost+found")).toEqual({
    labels: ["clap", "wave"],
    clips: ["clap/3.h264", "wave/1.mp4", "wave/old/2.mp4"],
    facts: [["unreadable", "problem", "lost+found: cannot read this folder (EACCES)"], leftOut],
  });
  expect(await told("wave/old")).toEqual({
    labels: ["clap", "lost+found", "wave"],
    clips: ["clap/3.h264", "lost+found/4.mp4", "wave/1.mp4"],
    facts: [["unreadable", "problem", "wave/old: cannot read this folder (EACCES)"], leftOut],
  });
});

test.skipIf(process.platform !== "linux")("clips of a dataset may have names that are not UTF-8", async () => {
  const name = pathOf(text("b/caf\xe9.mp4"));
  const root = await files("latin-set", ["a/1.mp4", name]);
  const { samples } = await openDataset(root);
  expect(samples.map(({ file }) => file)).toEqual([join(root, "a/1.mp4"), join(root, name)]);
  const cache = new ClipCache({ folder: join(folder, "cache") });
  const hashes = await Promise.all(samples.map((sample) => cache.contentHash(sample)));
  await cache[Symbol.asyncDispose]();
  expect(new Set(hashes).size).toBe(1);
});
