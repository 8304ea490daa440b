/** What a browser makes of a picture is what the decoding process makes of it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fitPicture } from "../../src/video/fit-picture.ts";
import type { Frame } from "../../src/video/frame.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { motionVideo } from "./make-motion.ts";
import { makeVideo } from "./make-video.ts";

function rgbaOf({ data, width, height }: Frame): Uint8Array {
  const rgba = new Uint8Array(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
  return rgba;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-fit-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each([
  ["wide", 320, 180],
  ["high", 180, 320],
  ["large", 640, 360],
  ["small", 48, 32],
] as const)("a %s picture", (name, width, height) => {
  test.each(["crop", "pad", "squash"] as const)("%s", async (fit) => {
    const file = join(folder, `${name}.webm`);
    makeVideo(file, motionVideo({ label: "pan left", width, height, fps: 10, count: 2 }));
    const size = { width: 64, height: 56, fit };
    const [expected] = await Array.fromAsync(openVideo(file, { fps: 10, size }));
    const [whole] = await Array.fromAsync(openVideo(file, { fps: 10 }));
    const picture = fitPicture(rgbaOf(whole as Frame), width, height, size);
    expect([picture.width, picture.height, picture.data.length]).toEqual([64, 56, 3 * 64 * 56]);
    const apart = picture.data.map((value, i) => Math.abs(value - (expected?.data[i] as number)));
    // What is left: chroma is scaled before the colours are made of it in one, after it in the other.
    expect(Math.max(...apart)).toBeLessThan(10);
    expect(apart.reduce((sum, value) => sum + value, 0) / apart.length).toBeLessThan(1);
  });
});
