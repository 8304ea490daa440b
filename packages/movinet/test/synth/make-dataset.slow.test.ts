/** A made dataset: whole or not there, the same every time, and its videos show what their labels say. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { AV_LOG_ERROR } from "node-av/constants";
import { Log } from "node-av/lib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDataset } from "../../src/data/dataset.node.ts";
import { type CameraMotionLabel, cameraMotionLabels } from "../../src/synth/camera.ts";
import { encodeVideo } from "../../src/synth/encode.node.ts";
import { makeCameraMotion } from "../../src/synth/make-dataset.node.ts";
import { cameraMotionFrames } from "../../src/synth/render.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { totalMotion } from "./global-motion.ts";

let folder: string;
beforeAll(async () => {
  Log.setLevel(AV_LOG_ERROR);
  folder = await mkdtemp(join(tmpdir(), "movinet-synth-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function decode(file: string, options: Parameters<typeof openVideo>[1]) {
  const video = openVideo(file, options);
  const frames: Uint8Array[] = [];
  for await (const { data } of video) frames.push(data);
  return { video, frames, data: Buffer.concat(frames) };
}

async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => relative(path, join(entry.parentPath, entry.name))).sort();
}

async function sameBytes(one: string, two: string): Promise<boolean> {
  return (await readFile(one)).equals(await readFile(two));
}

const settings = { clips: 30, seed: 4, seconds: 0.6, size: { width: 64, height: 48 }, jobs: 2 };

describe("camera-motion", () => {
  let out: string;
  let calls: (readonly [number, number])[];
  beforeAll(async () => {
    out = join(folder, "whole");
    calls = [];
    const report = await makeCameraMotion(out, { ...settings, onClip: (...call) => calls.push(call) });
    const splits = { train: 10, validation: 10, test: 10 };
    expect(report).toEqual({ path: out, clips: 30, labels: cameraMotionLabels, splits });
  }, 120_000);

  test("its manifest is a dataset: as many clips of each label in each split, each clip of its own group", async () => {
    const { labels, samples } = await openDataset(out);
    expect(labels).toEqual(cameraMotionLabels.toSorted());
    expect(samples.length).toBe(30);
    expect(new Set(samples.map(({ group }) => group)).size).toBe(30);
    expect(new Set(samples.map(({ split, classes }) => `${split} ${classes[0]}`)).size).toBe(30);
    const lines = (await readFile(join(out, "manifest.csv"), "utf8")).split("\n");
    expect(lines[0]).toBe("file,label,split,group");
    expect(lines[1]).toMatch(/^pan left\/000\.mp4,pan left,(train|validation|test),scene-000$/);
    expect(calls.at(-1)).toEqual([30, 30]);
    expect(calls.length).toBe(30);
  });

  test("its videos have their size and length, and H.264 of various frame rates", async () => {
    const rates = new Set<number>();
    for (const [label, name] of Object.entries({ "pan left": "010", shake: "018", still: "029" })) {
      const { video, frames } = await decode(join(out, label, `${name}.mp4`), { fps: 200 });
      expect([video.info?.width, video.info?.height, video.info?.codec]).toEqual([64, 48, "h264"]);
      expect(video.warnings).toEqual([]);
      expect(Math.abs(video.duration - 0.6)).toBeLessThan(0.06);
      expect(frames[0]?.length).toBe(64 * 48 * 3);
      rates.add(new Set(frames.map((frame) => Buffer.from(frame).toString("base64"))).size);
    }
    expect(rates.size).toBeGreaterThan(1);
  }, 60_000);

  test("the same arguments make the same bytes, with one process or two; another seed, others", async () => {
    const again = join(folder, "again");
    await makeCameraMotion(again, { ...settings, jobs: 1 });
    const other = join(folder, "other");
    await makeCameraMotion(other, { ...settings, clips: 2, seed: 5 });
    const names = await filesIn(out);
    expect(names.length).toBe(31);
    expect(await filesIn(again)).toEqual(names);
    const differing = [];
    for (const name of names) if (!(await sameBytes(join(out, name), join(again, name)))) differing.push(name);
    expect(differing).toEqual([]);
    const clip = join("pan right", "001.mp4");
    expect(await sameBytes(join(out, clip), join(other, clip))).toBe(false);
  }, 60_000);
});

test("what is decoded moves as the label says", async () => {
  const out = join(folder, "moves");
  await makeCameraMotion(out, { clips: 10, seed: 1, seconds: 1.6, size: { width: 96, height: 96 }, jobs: 2 });
  const total = async (label: CameraMotionLabel) => {
    const name = `00${cameraMotionLabels.indexOf(label)}.mp4`;
    const size = { width: 64, height: 64, fit: "squash" } as const;
    const { frames, data } = await decode(join(out, label, name), { fps: 10, size });
    expect(frames.length).toBeGreaterThanOrEqual(15);
    return totalMotion(data, frames.length, 64, 64);
  };
  expect((await total("pan left")).x).toBeGreaterThan(3);
  expect((await total("tilt down")).y).toBeLessThan(-3);
  expect((await total("zoom in")).growth).toBeGreaterThan(0.08);
  expect((await total("roll clockwise")).turn).toBeLessThan(-0.08);
}, 120_000);

describe("leaves nothing half-made", () => {
  test.each([
    ["a folder that holds something", "full", "E_DATASET_EXISTS", "the folder is not empty"],
    ["a file", "file", "E_DATASET_WRITE", "cannot write the dataset (it is a file, not a folder)"],
    ["a place that cannot be", "file/within", "E_DATASET_WRITE", "cannot write the dataset"],
  ])("%s is refused", async (_, name, code, problem) => {
    await mkdir(join(folder, "full"), { recursive: true });
    await writeFile(join(folder, "full", "mine.txt"), "mine");
    await writeFile(join(folder, "file"), "mine");
    const path = join(folder, name);
    const made = makeCameraMotion(path, { ...settings, clips: 1 });
    await expect(made).rejects.toMatchObject({ code, subject: path, message: expect.stringContaining(problem) });
    expect(await readFile(join(folder, "full", "mine.txt"), "utf8")).toBe("mine");
  });

  test("an empty folder is taken; an interrupted run leaves it as it was", async () => {
    const out = join(folder, "empty");
    await mkdir(out);
    const abort = new AbortController();
    const before = await readdir(folder);
    const made = makeCameraMotion(out, {
      ...settings,
      signal: abort.signal,
      onClip: () => abort.abort(new Error("stop")),
    });
    await expect(made).rejects.toThrow("stop");
    expect((await readdir(folder)).sort()).toEqual(before.sort());
    expect(await readdir(out)).toEqual([]);
    await makeCameraMotion(out, { ...settings, clips: 1 });
    expect(existsSync(join(out, "manifest.csv"))).toBe(true);
  }, 60_000);
});

test("a folder that is there stays the same folder: it may be a disk of its own", async () => {
  const out = join(folder, "mounted");
  await mkdir(out);
  const { ino } = await stat(out);
  await makeCameraMotion(out, { ...settings, clips: 1 });
  expect((await stat(out)).ino).toBe(ino);
  expect((await readdir(out)).sort()).toEqual([...cameraMotionLabels, "manifest.csv"].sort());
}, 60_000);

describe("the encoder", () => {
  // A row of 5 macroblocks: x264's AVX-512 code takes 8 at a time and reads past the end.
  const options = { width: 80, height: 64, fps: 25, quality: 23, keyEvery: 15 };
  const frames = [...cameraMotionFrames({ ...options, label: "pan left", seed: 2, frames: 30, compress: false })];
  const encoded = async (x264?: string) => {
    const file = join(folder, "encoded.mp4");
    encodeVideo(file, frames, options, x264);
    return createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
  };

  test("makes the same bytes every time", async () => {
    const hashes = new Set<string>();
    for (let i = 0; i < 20; i++) hashes.add(await encoded());
    expect(hashes.size).toBe(1);
  });

  test.each(["asm=0", "asm=SSE2", "asm=SSE4.2", "asm=AVX2"])(
    "makes the same bytes on a processor with %s",
    async (x264) => {
      expect(await encoded(x264)).toBe(await encoded());
    },
  );
});

test("the encoder says what FFmpeg says", () => {
  const options = { width: 63, height: 48, fps: 25, quality: 25, keyEvery: 10 };
  expect(() => encodeVideo(join(folder, "odd.mp4"), [], options)).toThrow(/error|invalid|external/i);
  const nowhere = join(folder, "no", "such", "folder.mp4");
  expect(() => encodeVideo(nowhere, [], { ...options, width: 64 })).toThrow(/no such file/i);
});
