import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV422P10LE } from "node-av/constants";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openVideo } from "../../src/video/video.node.ts";
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
  ["mov", "prores_ks", AV_PIX_FMT_YUV422P10LE],
  ["ts", "libx265", AV_PIX_FMT_YUV420P10LE],
])("numbered pictures in %s survive encoding with %s", async (extension, codec, pixelFormat = AV_PIX_FMT_YUV420P) => {
  const file = join(folder, `numbers.${extension}`);
  makeVideo(file, { codec, count: 50, fps: 25, ticks: 25, pixelFormat });
  const numbers: number[] = [];
  for await (const frame of openVideo(file, { fps: 25 })) numbers.push(numberOf(frame));
  expect(numbers).toEqual(Array.from({ length: 50 }, (_, i) => i));
});
