/** A video that is written again while it is decoded: its pictures, their times, its sound, and what is drawn. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AV_PIX_FMT_YUV420P, AV_PKT_DATA_DISPLAYMATRIX } from "node-av/constants";
import { FormatContext, type Stream } from "node-av/lib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CopyPictures } from "../../src/video/copy-picture.node.ts";
import { newFrame } from "../../src/video/pictures.node.ts";
import { Shapes } from "../../src/video/shape.node.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { copyVideo, greyBox, greysOf, packetsOf } from "./copies.ts";
import { makeVideo } from "./make-video.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-copy-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const corner = { left: 8, top: 8, width: 24, height: 16 };
const inner = { left: 12, top: 12, width: 16, height: 8 };

test("pictures keep their number and their times where these vary, and sound its packets", async () => {
  const time = (i: number) => i / 25 + (i % 3) * 0.011 + (i > 20 ? 0.7 : 0);
  makeVideo(at("vfr.mp4"), { count: 40, time, sound: { codec: "aac", seconds: 2.5 } });
  expect(await copyVideo(at("vfr.mp4"), at("vfr-copy.mp4"), {}, () => null)).toEqual([]);
  const [source, copy] = [packetsOf(at("vfr.mp4")), packetsOf(at("vfr-copy.mp4"))];
  expect(copy.times).toHaveLength(40);
  expect(Math.max(...copy.times.map((moment, i) => Math.abs(moment - (source.times[i] as number))))).toBeLessThan(1e-4);
  expect(source.sound.length).toBeGreaterThan(100);
  expect(copy.sound.map(({ hash }) => hash)).toEqual(source.sound.map(({ hash }) => hash));
  const apart = copy.sound.map((packet, i) => Math.abs(packet.time - (source.sound[i]?.time as number)));
  expect(Math.max(...apart)).toBeLessThan(1e-4);
});

test.each([
  { file: "song.mp4", codec: "aac", copy: "song.webm", codecs: ["vp9", "opus"], step: 0.02 },
  { file: "song.mov", codec: "pcm_f32le", copy: "song-copy.mp4", codecs: ["vp9", "aac"], step: 1024 / 44_100 },
])(
  "sound that the container does not take ($codec in $copy) is encoded, from its beginning to its end",
  async (made) => {
    makeVideo(at(made.file), { count: 25, sound: { codec: made.codec, seconds: 2 } });
    expect(await copyVideo(at(made.file), at(made.copy), {}, () => null)).toEqual([]);
    const { codecs, sound } = packetsOf(at(made.copy));
    expect(codecs).toEqual(made.codecs);
    const times = sound.map(({ time }) => time);
    expect(Math.abs(times[0] as number)).toBeLessThan(0.03);
    expect(Math.abs((times.at(-1) as number) + made.step - 2)).toBeLessThan(0.05);
    expect(
      Math.max(...times.slice(1).map((time, i) => Math.abs(time - (times[i] as number) - made.step))),
    ).toBeLessThan(2e-3);
  },
);

test("each picture carries what was said of the newest frame at or before it; the rest stays as it was", async () => {
  makeVideo(at("plain.mp4"), { count: 50, width: 160, height: 128 });
  const greyOf = (frame: number) => 40 + 20 * frame;
  await copyVideo(at("plain.mp4"), at("drawn.mp4"), {}, (frame) => greyBox(greyOf(frame), corner));
  const greys = await greysOf(at("drawn.mp4"), 25, inner);
  expect(greys).toHaveLength(50);
  const off = greys.map((grey, i) => Math.abs(grey - greyOf(Math.floor(i / 5))));
  expect(Math.max(...off)).toBeLessThan(6);
  const rest = { left: 40, top: 32, width: 120, height: 96 };
  const [before, after] = [await greysOf(at("plain.mp4"), 25, rest), await greysOf(at("drawn.mp4"), 25, rest)];
  expect(Math.max(...before.map((grey, i) => Math.abs(grey - (after[i] as number))))).toBeLessThan(3);
});

test("a video that is stored on its side is written upright, and drawn over as it is shown", async () => {
  const matrix = Buffer.alloc(36);
  for (const [i, value] of [0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30].entries()) matrix.writeInt32LE(value, 4 * i);
  const stream = ({ codecpar }: Stream) => void codecpar.addCodedSideData?.(AV_PKT_DATA_DISPLAYMATRIX, matrix);
  makeVideo(at("side.mp4"), { count: 10, width: 128, height: 96, stream });
  await copyVideo(at("side.mp4"), at("side-copy.mp4"), {}, () => greyBox(220, corner));
  expect(packetsOf(at("side-copy.mp4"))).toMatchObject({ width: 96, height: 128 });
  const copy = openVideo(at("side-copy.mp4"), { fps: 5 });
  for await (const _ of copy);
  expect(copy.info).toMatchObject({ width: 96, height: 128, rotation: 0 });
  expect(Math.min(...(await greysOf(at("side-copy.mp4"), 25, inner)))).toBeGreaterThan(214);
});

test("where the file cannot be written, that is what is said", async () => {
  makeVideo(at("short.mp4"), { count: 5 });
  await expect(copyVideo(at("short.mp4"), at("nowhere/copy.mp4"), {}, () => null)).rejects.toMatchObject({
    code: "E_OUTPUT_WRITE",
    problem: "cannot write (ENOENT)",
  });
});

test("a part of a video is not copied", () => {
  expect(() => openVideo(at("short.mp4"), { fps: 5, start: 1, copy: { file: at("x.mp4"), container: "mp4" } })).toThrow(
    new TypeError("copy: a part of a video cannot be copied"),
  );
});

// Memory that comes and goes with each picture leaves holes in the heap of a long video: it grew by 0.3 MB a picture of 720p.
test("pictures that others hold too are copied into the same memory each time", () => {
  makeVideo(at("held.mp4"), { count: 2, width: 160, height: 128 });
  const format = new FormatContext();
  expect(format.openInputSync(at("held.mp4"))).toBe(0);
  format.findStreamInfoSync(null);
  const stream = format.streams[0] as Stream;
  const pictures = new CopyPictures(stream, new Shapes(stream));
  const made = [60, 200].map((grey) => {
    const [picture, holder] = [newFrame(), newFrame()];
    Object.assign(picture, { width: 160, height: 128, format: AV_PIX_FMT_YUV420P });
    picture.getBuffer(0);
    (picture.data as Buffer[])[0]?.fill(grey);
    holder.ref(picture);
    const copy = pictures.make(picture);
    expect((copy.data as Buffer[])[0]?.[1000]).toBe(grey);
    for (const frame of [picture, holder]) frame.free();
    return copy;
  });
  expect(made[0]).toBe(made[1]);
  pictures.free();
  format.closeInputSync();
});
