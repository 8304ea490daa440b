/** A run over a folder that is killed again and again gives, in the end, what an undisturbed run gives. */
import { spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasShared, officialModel, sharedFolder, sharedReason } from "../../../packages/movinet/test/shared.ts";

const bin = fileURLToPath(new URL("../bin/movinet.js", import.meta.url));
const clips = [
  "k600/cf_deadlift.mp4",
  "k600/cf_ghd.mp4",
  "k600/innat_view1.gif",
  "k600/mma2_part0.mp4",
  "derived/broken_truncated_60pct.webm",
  "derived/soccer_1frame.mp4",
  "derived/audio_only.mp4",
];
const copies = 8;
const kills = 20;

describe.skipIf(!hasShared)(`kill -9${sharedReason}`, () => {
  let folder: string;
  let videos: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "movinet-resume-"));
    videos = join(folder, "videos");
    await mkdir(videos);
    for (const [i, clip] of clips.entries()) {
      const [name] = clip.split("/").slice(-1) as [string];
      for (let copy = 0; copy < copies; copy++) {
        await copyFile(`${sharedFolder}/videos/${clip}`, join(videos, `${copy}-${i}-${name}`));
      }
    }
    await writeFile(join(videos, "text.mp4"), "no video");
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Runs until the end, or until it is killed after so many milliseconds; the exit code, or null. */
  function classify(out: string, killAfterMs = Number.POSITIVE_INFINITY): Promise<number | null> {
    const args = [bin, "classify", videos, "--model", officialModel, "--segments", "--out", out, "--resume", "--quiet"];
    const child = spawn(process.execPath, args, { stdio: "ignore" });
    const timer = killAfterMs < 1e6 ? setTimeout(() => child.kill("SIGKILL"), killAfterMs) : undefined;
    return new Promise((resolve) => {
      child.once("exit", (code) => {
        clearTimeout(timer);
        resolve(code);
      });
    });
  }

  const sortedLines = async (out: string) =>
    (await readFile(out, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => {
        const { timings, ...rest } = JSON.parse(line);
        return JSON.stringify(rest);
      })
      .sort();

  test("at random moments, then --resume: the same lines, none twice", async () => {
    const whole = join(folder, "whole.jsonl");
    const started = performance.now();
    expect(await classify(whole)).toBe(1);
    const wholeMs = performance.now() - started;
    const expected = await sortedLines(whole);
    expect(expected.filter((line) => line.startsWith('{"type":"result"'))).toHaveLength(copies * (clips.length - 1));
    expect(expected.filter((line) => line.startsWith('{"type":"error"'))).toHaveLength(copies + 1);

    const killed = join(folder, "killed.jsonl");
    const random = mulberry32(20);
    for (let kill = 0; kill < kills; ) {
      const code = await classify(killed, (0.1 + 0.6 * random()) * wholeMs);
      if (code === null) kill++;
      else {
        expect(await sortedLines(killed)).toEqual(expected);
        await rm(killed);
      }
    }
    expect(await classify(killed)).toBe(1);
    expect(await sortedLines(killed)).toEqual(expected);
    expect((await readdir(folder)).filter((name) => /lock|tmp/.test(name))).toEqual([]);
  });
});

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
