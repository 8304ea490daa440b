import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openVideo } from "../../src/run/video/video.node.ts";
import { makeVideo, numberOf } from "./make-video.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-made-"));
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["mp4", "libx264"],
  ["mkv", "libx265"],
  ["webm", "libvpx-vp9"],
  ["ts", "libx264"],
  ["flv", "libx264"],
  ["avi", "mpeg4"],
  ["mpg", "mpeg2video"],
])("numbered pictures in %s survive encoding with %s", async (extension, codec) => {
  const file = join(folder, `numbers.${extension}`);
  makeVideo(file, { codec, count: 50, fps: 25, ticks: 25 });
  const numbers: number[] = [];
  for await (const frame of openVideo(file, { fps: 25 })) numbers.push(numberOf(frame));
  expect(numbers).toEqual(Array.from({ length: 50 }, (_, i) => i));
});
