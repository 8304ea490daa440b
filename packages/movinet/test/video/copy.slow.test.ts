/** A copy whose pictures are more than may wait for what is drawn over them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { copyVideo, greyBox, greysOf, packetsOf } from "./copies.ts";
import { makeVideo } from "./make-video.ts";

test("where a look comes every ten seconds, and pictures of a second are over 64 MiB, all are written with what was said", async () => {
  const folder = await mkdtemp(join(tmpdir(), "movinet-copy-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [source, copy] = [join(folder, "rare.mp4"), join(folder, "copy.mp4")];
  makeVideo(source, { count: 30, width: 1920, height: 1080, encoderOptions: { preset: "ultrafast" } });
  const place = { left: 8, top: 8, width: 24, height: 16 };
  await copyVideo(source, copy, { fps: 0.1 }, () => greyBox(200, place));
  expect(packetsOf(copy).times).toHaveLength(30);
  const greys = await greysOf(copy, 25, { left: 12, top: 12, width: 16, height: 8 });
  expect(Math.max(...greys.map((grey) => Math.abs(grey - 200)))).toBeLessThan(6);
});
