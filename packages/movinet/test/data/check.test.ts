import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { checkDataset, type DatasetReport } from "../../src/data/check.node.ts";
import { type Clip, defaultView } from "../../src/data/clip.ts";
import { ClipCache } from "../../src/data/clip-cache.node.ts";
import { openDataset } from "../../src/data/dataset.node.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { fingerprintOf, looksSame } from "../../src/data/fingerprint.ts";
import { hasShared, sharedFolder, sharedReason } from "../shared.ts";
import { datasetOf, movingSpot, sampleOf, writeClip } from "./clips.ts";

/** A clip that was never a video. */
function draw(size: number, frames: number, luma: (x: number, y: number, time: number) => number): Clip {
  const data = new Uint8Array(frames * size * size * 3);
  for (let at = 0; at < data.length / 3; at++) {
    const [x, y, k] = [at % size, Math.floor(at / size) % size, Math.floor(at / size ** 2)];
    data.fill(Math.max(0, Math.min(255, luma(x / size, y / size, k / 5))), 3 * at, 3 * at + 3);
  }
  return { data, frames, width: size, height: size, aspect: 1, fps: 5 };
}

describe("looksSame", () => {
  const plain = fingerprintOf(draw(64, 12, movingSpot(1)));

  test("other sizes, brightness, contrast, noise and a frame more are the same clip", () => {
    const spot = movingSpot(1);
    const random = randomOf("noise");
    const changed = [
      draw(40, 12, spot),
      draw(64, 12, (...at) => 0.7 * spot(...at) + 40),
      draw(64, 12, (...at) => spot(...at) + 8 * random.normal()),
      draw(64, 13, spot),
    ];
    for (const clip of changed) expect(looksSame(plain, fingerprintOf(clip))).toBe(true);
  });

  test("another motion at the same place, and another place, are other clips", () => {
    for (const take of [0, 2, 3]) expect(looksSame(plain, fingerprintOf(draw(64, 12, movingSpot(take))))).toBe(false);
    expect(looksSame(plain, fingerprintOf(draw(64, 12, (x, y, t) => 250 - movingSpot(1)(x, y, t))))).toBe(false);
  });

  test("clips without motion are the same only where their pictures are", () => {
    const still = (shift: number) => fingerprintOf(draw(64, 12, (x, y) => 100 + 50 * Math.sin(9 * x + shift) * y));
    expect(looksSame(still(0), still(0))).toBe(true);
    expect(looksSame(still(0), still(0.15))).toBe(false);
    const grey = fingerprintOf(draw(8, 1, () => 128));
    expect(looksSame(grey, grey)).toBe(false);
  });
});

let folder: string;
let cache: ClipCache;
const take = (index: number) => join(folder, `take${index}.y4m`);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-check-"));
  cache = new ClipCache({ folder: join(folder, "cache") });
  await Promise.all([0, 1, 2, 3].map((i) => writeClip(take(i), { luma: movingSpot(i) })));
});
afterAll(async () => {
  await cache[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function check(samples: Dataset["samples"], labels = ["a", "b"]): Promise<DatasetReport> {
  return checkDataset(datasetOf(samples, labels), { cache });
}

const findingsOf = (report: DatasetReport, ...kinds: string[]) =>
  report.findings
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ kind, severity, samples, detail }) => [
      kind,
      severity,
      samples.map((name) => name.slice(folder.length + 1)),
      detail,
    ]);

test("broken, short and slow clips; small classes; classes out of balance", async () => {
  const luma = movingSpot(7);
  await writeFile(join(folder, "bad.mp4"), "no video");
  await writeClip(join(folder, "short.y4m"), { luma, seconds: 1 });
  await writeClip(join(folder, "slow.y4m"), { luma, fps: 2, seconds: 4 });
  const stretches = Array.from({ length: 6 }, (_, i) => sampleOf(take(0), { start: i / 8, group: "g" }));
  const others = ["bad.mp4", "short.y4m", "slow.y4m"].map((name) => sampleOf(join(folder, name), { classes: [1] }));
  const report = await check([...stretches, ...others]);
  expect(report).toMatchObject({ path: "set", clips: 9, groups: 4, multiLabel: false });
  expect(report.classes).toEqual([
    { label: "a", clips: 6, groups: 1 },
    { label: "b", clips: 2, groups: 2 },
  ]);
  const kinds = ["undecodable", "small-class", "one-group-class", "short", "low-rate", "imbalance"];
  expect(findingsOf(report, ...kinds)).toEqual([
    ["undecodable", "problem", ["bad.mp4"], expect.stringMatching(/^FFmpeg cannot read this as a video .*\.$/)],
    ["one-group-class", "problem", [], "a"],
    ["small-class", "problem", [], "b: 2"],
    ["short", "problem", ["take0.y4m"], "7 frames"],
    ["short", "problem", ["short.y4m"], "5 frames"],
    ["imbalance", "note", [], "a: 6, b: 2"],
    ["low-rate", "note", ["slow.y4m"], "2.0 fps"],
  ]);
});

test("doubled clips: the same file, other encodings; worse with other labels, groups and splits", async () => {
  await copyFile(take(1), join(folder, "copy.y4m"));
  const smaller = await writeClip(join(folder, "smaller.y4m"), { luma: movingSpot(2), width: 48, height: 36, fps: 15 });
  const doubled = async (...samples: Dataset["samples"]) =>
    (await check([...samples, sampleOf(take(3))])).findings
      .filter(({ kind }) => kind.includes("duplicate"))
      .map(({ kind, severity, title, samples: names }) => [kind, severity, title, names.length]);
  const [one, copy] = [sampleOf(take(1)), sampleOf(join(folder, "copy.y4m"))];
  expect(await doubled(one, copy)).toEqual([["duplicate", "problem", "identical clips, in different groups", 2]]);
  expect(await doubled(one, { ...copy, classes: [1] })).toEqual([
    ["duplicate", "problem", "identical clips, with different labels", 2],
  ]);
  expect(await doubled({ ...one, group: "g" }, { ...copy, group: "g" })).toEqual([
    ["duplicate", "note", "identical clips, counted more than once", 2],
  ]);
  expect(await doubled({ ...one, end: 1 }, { ...copy, start: 1 })).toEqual([]);
  expect(await doubled(sampleOf(take(2), { split: "train" }), sampleOf(smaller, { split: "test" }), one)).toEqual([
    ["near-duplicate", "problem", "the same clip in different encodings, in different splits", 2],
  ]);
});

test("a group in two splits", async () => {
  const samples = [0, 1, 2].map((i) =>
    sampleOf(take(i), { group: i < 2 ? "g" : "h", split: i === 0 ? "train" : "test" }),
  );
  expect(findingsOf(await check(samples), "group-in-splits")).toEqual([
    ["group-in-splits", "problem", ["take0.y4m", "take1.y4m"], "g is in train and test"],
  ]);
});

describe.skipIf(!hasShared)(`real clips${sharedReason}`, () => {
  test("re-encodings are known again", { timeout: 120_000 }, async () => {
    const names = ["soccer_h265.mp4", "soccer_vp9.webm", "soccer_gray.mp4", "soccer_tiny_32x24.mp4", "soccer_5fps.mp4"];
    const files = names.map((name) => join(sharedFolder, "videos/derived", name));
    const clips = await Promise.all(files.map((file) => cache.read(sampleOf(file), defaultView)));
    const [first, ...others] = clips.map(fingerprintOf);
    for (const other of others) expect(looksSame(first!, other)).toBe(true);
  });

  test("takes of one person at one place are told apart", { timeout: 120_000 }, async () => {
    const { samples } = await openDataset(join(sharedFolder, "dataset/yoga6"));
    const takes = samples.filter(({ name }) => /bhujangasana.P05/.test(name));
    const prints = await Promise.all(takes.map(async (sample) => fingerprintOf(await cache.read(sample, defaultView))));
    expect(prints).toHaveLength(3);
    for (const [i, a] of prints.entries()) for (const b of prints.slice(0, i)) expect(looksSame(a, b)).toBe(false);
  });
});
