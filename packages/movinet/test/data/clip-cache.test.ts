import { execFileSync, spawn } from "node:child_process";
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { ClipHead, ClipView } from "../../src/data/clip.ts";
import { ClipCache, type ClipCacheOptions } from "../../src/data/clip-cache.node.ts";
import { ClipStore } from "../../src/data/clip-store.node.ts";
import type { Sample } from "../../src/data/dataset.ts";
import { Decoders, openVideo } from "../../src/video/video.node.ts";
import { movingSpot, sampleOf, writeClip } from "./clips.ts";

const view: ClipView = { width: 20, height: 16, fit: "squash", fps: 5 };
let folder: string;
let samples: readonly Sample[];
let count = 0;
const open: ClipCache[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-cache-"));
  const files = [0, 1, 2, 3].map((take) => writeClip(join(folder, `${take}.y4m`), { luma: movingSpot(take) }));
  samples = (await Promise.all(files)).map((file) => sampleOf(file));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const cache of open.splice(0)) await cache[Symbol.asyncDispose]();
  vi.restoreAllMocks();
});

function openCache(options: ClipCacheOptions = {}): ClipCache {
  const cache = new ClipCache({ folder: join(folder, `cache${count++}`), ...options });
  open.push(cache);
  return cache;
}

const [first, second, third, fourth] = [0, 1, 2, 3].map((i) => () => samples[i] as Sample) as [
  () => Sample,
  () => Sample,
  () => Sample,
  () => Sample,
];
const decodings = () => vi.spyOn(Decoders.prototype, "openVideo");
const entryOf = async (cache: ClipCache) => {
  const names = await readdir(cache.folder);
  expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.clip$/)]);
  return join(cache.folder, names[0] as string);
};

test("frames are those of the video, decoded once, whoever asks; the source is told", async () => {
  const frames: Uint8Array[] = [];
  const { fps, ...size } = view;
  for await (const frame of openVideo(first().file, { fps, size })) frames.push(frame.data);
  const cache = openCache();
  const calls = decodings();
  const clips = await Promise.all([cache.read(first(), view), cache.read(first(), view)]);
  clips.push(await openCache({ folder: cache.folder }).read(first(), view));
  for (const clip of clips) {
    expect(Buffer.compare(clip.data, Buffer.concat(frames))).toBe(0);
    expect(clip.data.constructor).toBe(Uint8Array);
    const { data, source, ...facts } = clip;
    expect(facts).toEqual({ frames: 10, width: 20, height: 16, fps: 5, aspect: 64 / 48 });
    expect(source).toEqual({ duration: 2, frameRate: 10, warnings: [] });
  }
  expect(calls).toHaveBeenCalledTimes(1);
  await entryOf(cache);
});

test("an entry is known by content, view, start and end, not by name", async () => {
  const cache = openCache();
  const calls = decodings();
  await cache.read(first(), view);
  const copy = join(folder, "copy.y4m");
  await copyFile(first().file, copy);
  await cache.read(sampleOf(copy), view);
  await cache.read({ ...first(), start: 0 }, view);
  expect(calls).toHaveBeenCalledTimes(1);
  await cache.read(first(), { ...view, fit: "crop" });
  await cache.read({ ...first(), end: 1 }, view);
  await copyFile(second().file, copy);
  await utimes(copy, 1, 1);
  const changed = await cache.read(sampleOf(copy), view);
  expect(calls).toHaveBeenCalledTimes(4);
  expect(changed.data).toEqual((await cache.read(second(), view)).data);
  expect(calls).toHaveBeenCalledTimes(4);
});

test.skipIf(process.platform === "win32")(
  "a pipe or a device in the place of a clip is refused, not read",
  async () => {
    const pipe = join(folder, "pipe.mp4");
    execFileSync("mkfifo", [pipe]);
    const cache = openCache();
    for (const file of [pipe, "/dev/zero"]) {
      await expect(cache.contentHash(sampleOf(file))).rejects.toMatchObject({ code: "E_DATASET_CLIP" });
    }
  },
);

test("start and end: time begins at start, end is not included", async () => {
  const cache = openCache();
  const whole = await cache.read(first(), { ...view, fps: 10 });
  const part = await cache.read({ ...first(), start: 0.5, end: 1.5 }, view);
  expect(part.frames).toBe(5);
  const bytes = 20 * 16 * 3;
  const frame = (k: number) => whole.data.subarray(k * bytes, (k + 1) * bytes);
  expect(Buffer.compare(part.data, Buffer.concat([5, 7, 9, 11, 13].map(frame)))).toBe(0);
  await expect(cache.read({ ...first(), start: 2.5 }, view)).rejects.toMatchObject({
    code: "E_DATASET_CLIP",
    message: `${first().file}: it has no frames between 2.5 s and its end. Correct the start and end in the manifest, or remove the line.`,
  });
});

describe("a damaged entry is made again", () => {
  test.each([
    ["cut off", (path: string) => truncate(path, 4000)],
    ["empty", (path: string) => truncate(path, 0)],
    ["cut in its head", (path: string) => truncate(path, 30)],
    ["no entry", (path: string) => writeFile(path, "x".repeat(20_000))],
    [
      "changed in one bit",
      async (path: string) => {
        const bytes = await readFile(path);
        bytes[5000] = (bytes[5000] as number) ^ 4;
        await writeFile(path, bytes);
      },
    ],
  ])("%s", async (_, damage) => {
    const cache = openCache();
    const { data } = await cache.read(first(), view);
    const path = await entryOf(cache);
    const intact = await readFile(path);
    await damage(path);
    const calls = decodings();
    expect((await cache.read(first(), view)).data).toEqual(data);
    expect(calls).toHaveBeenCalledTimes(1);
    expect(await readFile(await entryOf(cache))).toEqual(intact);
  });
});

describe("fill", () => {
  test("goes on after failures and tells them; what is there is not decoded again", async () => {
    const bad = sampleOf(join(folder, "bad.mp4"));
    await writeFile(bad.file, "no video at all");
    const gone = sampleOf(join(folder, "gone.mp4"));
    const cache = openCache();
    await cache.read(first(), view);
    const seen: number[] = [];
    const calls = decodings();
    const { failures, usable } = await cache.fill([bad, first(), gone, second(), second()], view, {
      jobs: 2,
      onClip: ({ done, total }) => {
        expect(total).toBe(5);
        seen.push(done);
      },
    });
    expect(failures.map(({ sample, error }) => [sample, error.code])).toEqual([
      [bad, "E_VIDEO_UNREADABLE"],
      [gone, "E_DATASET_CLIP"],
    ]);
    expect(usable).toEqual([first(), second(), second()]);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    // The bad one, and the second once.
    expect(calls).toHaveBeenCalledTimes(2);
    expect(await readdir(cache.folder)).toHaveLength(2);
  });

  test("ends with the signal's reason, and what was done stays", async () => {
    const cache = openCache();
    const abort = new AbortController();
    const filling = cache.fill(samples, view, {
      jobs: 1,
      signal: abort.signal,
      onClip: () => abort.abort(new Error("enough")),
    });
    await expect(filling).rejects.toThrow("enough");
    await entryOf(cache);
    await expect(cache.read(second(), view, abort.signal)).rejects.toThrow("enough");
  });
});

describe("the bound", () => {
  test("the least recently used go first, and leftovers of processes that died", async () => {
    const before = openCache();
    for (const sample of [first(), second(), third()]) await before.read(sample, view);
    const { size } = await stat(join(before.folder, (await readdir(before.folder))[0] as string));
    const past = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    for (const name of await readdir(before.folder)) await utimes(join(before.folder, name), past(60), past(60));
    const leftover = join(before.folder, `${"0".repeat(64)}.12-ab.tmp`);
    const foreign = join(before.folder, "notes.txt");
    for (const path of [leftover, foreign]) {
      await writeFile(path, "x".repeat(100_000));
      await utimes(path, past(20), past(20));
    }

    const cache = openCache({ folder: before.folder, maxBytes: 3.5 * size });
    await cache.read(second(), view);
    await cache.read(fourth(), view);
    expect((await readdir(cache.folder)).filter((name) => name.endsWith(".clip"))).toHaveLength(3);
    expect(await readdir(cache.folder)).toContain("notes.txt");
    expect(await readdir(cache.folder)).not.toContain(`${"0".repeat(64)}.12-ab.tmp`);
    const calls = decodings();
    await cache.read(second(), view);
    await cache.read(fourth(), view);
    expect(calls).not.toHaveBeenCalled();
  });

  test("what is in use stays, and what finds no room is decoded each time", async () => {
    const probe = openCache();
    await probe.read(first(), view);
    const { size } = await stat(await entryOf(probe));
    const cache = openCache({ maxBytes: 2.5 * size });
    expect(await cache.fill(samples, view, { jobs: 2 })).toEqual({ usable: samples, failures: [] });
    expect(await readdir(cache.folder)).toHaveLength(2);
    const calls = decodings();
    const [a, b] = [await cache.read(fourth(), view), await probe.read(fourth(), view)];
    expect(a.data).toEqual(b.data);
    for (const sample of samples) await cache.read(sample, view);
    expect(calls.mock.calls.length).toBe(2 + 2);
  });
});

test("clips that are written at the same time stay within the bound", async () => {
  const probe = openCache();
  await probe.read(first(), view);
  const { size } = await stat(await entryOf(probe));
  const head = { ...view, width: 20, height: 16, frames: 20 } as unknown as ClipHead;
  const frames = [new Uint8Array(size)];
  for (let round = 0; round < 40; round++) {
    const store = new ClipStore(join(folder, `store${round}`), 2.6 * size);
    const write = async (i: number) => {
      for (let wait = 0; wait < i * round; wait++) await new Promise((resolve) => setImmediate(resolve));
      await store.write(String(i).repeat(64), head, frames);
    };
    await Promise.all([1, 2, 3, 4, 5, 6].map(write));
    expect((await readdir(store.folder)).length, `round ${round}`).toBe(2);
  }
});

describe("a folder that cannot be written", () => {
  test("is told in one line, and ends the filling", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const cache = openCache({ folder: join(file, "clips") });
    const error = await cache.fill(samples, view).catch((caught: Error) => caught);
    expect(error).toMatchObject({ name: "DatasetError", code: "E_DATASET_CACHE", subject: cache.folder });
    expect((error as Error).message).toMatch(
      /: cannot cache clips here \(ENOTDIR\)\. Make the folder writable, or set/,
    );
  });

  const module = (path: string) => JSON.stringify(new URL(`../../src/data/${path}`, import.meta.url).href);
  const script = (cache: string) => `
    const { ClipCache } = await import(${module("clip-cache.node.ts")});
    const cache = new ClipCache({ folder: ${JSON.stringify(cache)} });
    const samples = ${JSON.stringify(samples)};
    const view = { width: 200, height: 200, fit: "squash", fps: 10 };
    await cache.fill(samples, view, { jobs: 2, onClip: () => console.log("done") }).catch((error) => console.log(error.code));
    await cache[Symbol.asyncDispose]();`;

  test.skipIf(process.platform === "win32")("nothing half-written is left where a file cannot grow", async () => {
    const cache = join(folder, "limited");
    // Blocks of 512 bytes: an entry has 4700.
    const shell = 'trap "" XFSZ; ulimit -f 2000; exec "$@"';
    const child = spawn("sh", ["-c", shell, "sh", process.execPath, "--input-type=module", "-e", script(cache)]);
    let output = "";
    for await (const chunk of child.stdout) output += chunk;
    expect(output).toBe("E_DATASET_CACHE\n");
    expect(await readdir(cache)).toEqual([]);
  });

  test("a process that is killed leaves whole entries", async () => {
    const cache = join(folder, "killed");
    const child = spawn(process.execPath, ["--input-type=module", "-e", script(cache)]);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    const after = openCache({ folder: cache });
    const wide: ClipView = { width: 200, height: 200, fit: "squash", fps: 10 };
    const calls = decodings();
    const { failures } = await after.fill(samples, wide);
    expect(failures).toEqual([]);
    expect(calls.mock.calls.length).toBeLessThan(4);
    for (const sample of samples) expect((await after.read(sample, wide)).frames).toBe(20);
  });
});

describe.skipIf(!process.getuid)("a folder where others may write is not believed", () => {
  const isRoot = process.getuid?.() === 0;
  const filled = async () => {
    const cache = openCache();
    await cache.read(first(), view);
    return cache.folder;
  };

  test("one that is made is for this user alone", async () => {
    expect((await stat(await filled())).mode & 0o777).toBe(0o700);
  });

  test.each([0o770, 0o777, 0o702])("mode %o", async (mode) => {
    const path = await filled();
    await chmod(path, mode);
    const line = `${path}: other users can write to this folder (mode ${mode.toString(8)}), so clips cached here cannot be trusted. Run chmod 700 on it, or set MOVINET_CACHE to another folder.`;
    const refusal = { code: "E_DATASET_CACHE", message: line };
    await expect(openCache({ folder: path }).read(first(), view)).rejects.toMatchObject(refusal);
    await expect(openCache({ folder: path }).fill([first()], view)).rejects.toMatchObject(refusal);
    const empty = join(folder, `empty${count++}`);
    await mkdir(empty);
    await chmod(empty, mode);
    await expect(openCache({ folder: empty }).read(first(), view)).rejects.toMatchObject({ code: "E_DATASET_CACHE" });
    expect(await readdir(empty)).toEqual([]);
  });

  test.skipIf(!isRoot)("another user's (needs root)", async () => {
    const path = await filled();
    await chown(path, 12345, 12345);
    await expect(openCache({ folder: path }).read(first(), view)).rejects.toMatchObject({
      code: "E_DATASET_CACHE",
      message: `${path}: this folder belongs to another user (12345), so clips cached here cannot be trusted. Set MOVINET_CACHE to another folder.`,
    });
  });

  test.skipIf(!isRoot)("another user's entry is made again (needs root)", async () => {
    const cache = openCache();
    await cache.read(first(), view);
    const entry = await entryOf(cache);
    await chown(entry, 12345, 12345);
    const calls = decodings();
    const again = openCache({ folder: cache.folder });
    await again.read(first(), view);
    expect(calls).toHaveBeenCalledTimes(1);
    expect((await stat(entry)).uid).toBe(0);
  });
});

test("a folder is made where there is none", async () => {
  const cache = openCache({ folder: join(folder, "a", "b") });
  await cache.read(first(), view);
  await mkdir(cache.folder, { recursive: true });
  await entryOf(cache);
});
