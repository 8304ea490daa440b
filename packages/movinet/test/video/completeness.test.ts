/** Completeness: what is missing is told with its place, and nothing is missed that was never there. */
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Packet } from "node-av/lib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Completeness } from "../../src/video/completeness.ts";
import { declaredBytes } from "../../src/video/declared-bytes.ts";
import { Decoders } from "../../src/video/video.node.ts";
import { type MadeVideo, makeVideo } from "./make-video.ts";
import { type Seen, see } from "./stretches.ts";

vi.setConfig({ testTimeout: 60_000 });
let folder: string;
let decoders: Decoders;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-completeness-"));
  decoders = new Decoders();
});
afterAll(async () => {
  await decoders[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const x264 = { encoderOptions: { "x264-params": "bframes=2:keyint=20" } };
const kinds: Readonly<Record<string, Partial<MadeVideo> & { readonly sounds: string }>> = {
  mp4: { ...x264, muxerOptions: { movflags: "faststart" }, sounds: "aac" },
  mkv: { ...x264, sounds: "aac" },
  webm: { codec: "libvpx-vp9", sounds: "libopus" },
  flv: { ...x264, sounds: "aac" },
  wmv: { codec: "wmv2", sounds: "wmav2" },
  avi: { codec: "mpeg4", sounds: "mp2" },
  ts: { ...x264, sounds: "aac" },
};

/** A video of 10 s, 20 pictures a second. */
function seen(name: string, options: Partial<MadeVideo>, change?: (bytes: Buffer) => Buffer): Promise<Seen> {
  const file = join(folder, name);
  makeVideo(file, { count: 200, fps: 20, ticks: 20, gop: 12, ...options });
  if (change) writeFileSync(file, change(readFileSync(file)));
  return see(decoders, file);
}

/** Makes the packets from one to another meaningless. */
const ruined = (from: number, to: number) => (packet: Packet, i: number) => {
  if (i < from || i >= to) return true;
  const { pts, dts, duration, flags, streamIndex, timeBase } = packet;
  packet.data = Buffer.from(packet.data ?? []).fill(0xa5, 8);
  Object.assign(packet, { pts, dts, duration, flags, streamIndex, timeBase });
  return true;
};

describe("nothing is missing", () => {
  const containers = Object.keys(kinds);
  test.each(containers)("where sound is longer or shorter than the pictures, %s", async (extension) => {
    const { sounds, ...kind } = kinds[extension]!;
    for (const seconds of [14, 4]) {
      const { numbers, video } = await seen(`sound${seconds}.${extension}`, {
        ...kind,
        sound: { codec: sounds, seconds },
      });
      expect({ frames: numbers.length, warnings: video.warnings }).toEqual({ frames: 50, warnings: [] });
    }
  });

  // An AVI has no way to begin late.
  test.each(containers.filter((one) => one !== "avi"))("where the first picture comes late, %s", async (extension) => {
    const { sounds, ...kind } = kinds[extension]!;
    for (const sound of [undefined, { codec: sounds, seconds: 14 }]) {
      const late = { ...kind, time: (i: number) => 3 + i / 20, ...(sound && { sound }) };
      const { numbers, video } = await seen(`late${sound ? "-sound" : ""}.${extension}`, late);
      expect({ frames: numbers.length, warnings: video.warnings }).toEqual({ frames: 50, warnings: [] });
    }
  });

  test.each(["mp4", "mkv", "webm"])("in a recorded screen, slides and a rare still, %s", async (extension) => {
    const { sounds: _, ...kind } = kinds[extension]!;
    const pauses = Array.from({ length: 120 }, (_, i) => (i % 9 === 4 ? 1 + (i % 5) : ((i % 3) + 1) / 20));
    const screen = (i: number) => pauses.slice(0, i).reduce((a, b) => a + b, 0);
    const made = { ...kind, ticks: 1000 };
    expect((await seen(`screen.${extension}`, { ...made, count: 120, time: screen })).video.warnings).toEqual([]);
    expect((await seen(`slides.${extension}`, { ...made, count: 12, time: (i) => 15 * i })).video.warnings).toEqual([]);
  });
});

describe("what is missing is told", () => {
  test.each(["mp4", "mkv", "webm", "flv"])("the end of a cut off %s, also with sound", async (extension) => {
    const { sounds, ...kind } = kinds[extension]!;
    const cut = (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length * 0.7));
    for (const sound of [undefined, { codec: sounds, seconds: 10 }]) {
      const { video } = await seen(`cut.${extension}`, { ...kind, ...(sound && { sound }) }, cut);
      const end = video.duration.toFixed(1);
      expect(video.warnings.at(-1)).toMatch(new RegExp(`^it ends at ${end} s of 10\\.\\d s; the rest is missing$`));
    }
  });

  test.each(["avi", "wmv"])("the end of a cut off %s, by its size", async (extension) => {
    const { sounds: _, ...kind } = kinds[extension]!;
    const { video } = await seen(`cut.${extension}`, kind, (bytes) => bytes.subarray(0, bytes.length * 0.6));
    expect(video.warnings.at(-1)).toMatch(/^it ends at \d\.\d s with (59|60) % of its bytes; the rest is missing$/);
  });

  test("what comes after the first piece of files that were joined and cannot be read on", async () => {
    const { sounds: _, ...kind } = kinds["flv"]!;
    const { numbers, video } = await seen("twice.flv", kind, (bytes) => Buffer.concat([bytes, bytes]));
    expect(numbers).toHaveLength(50);
    expect(video.warnings.at(-1)).toMatch(
      /^it ends at 10\.0 s after (49|50) % of its bytes; the rest could not be read$/,
    );
  });

  test.each([
    ["hevc.mp4", { codec: "libx265", encoderOptions: { "x265-params": "keyint=20:log-level=none" } }],
    ["hevc.mkv", { codec: "libx265", encoderOptions: { "x265-params": "keyint=20:log-level=none" } }],
    ["vp9.webm", { codec: "libvpx-vp9" }],
  ])("undecodable packets from 3 to 5 s, %s", async (name, kind) => {
    const { numbers, video } = await seen(name, { ...kind, packet: ruined(60, 100) });
    expect(numbers).toHaveLength(50);
    expect(video.warnings.at(-1)).toBe("no new frames from 3.0 s to 5.0 s");
  });

  test.each(["mkv", "flv", "wmv", "ts"])("bytes that were zeroed, %s", async (extension) => {
    const { sounds, ...kind } = kinds[extension]!;
    const zeroed = (bytes: Buffer) => bytes.fill(0, Math.floor(bytes.length * 0.4), Math.floor(bytes.length * 0.6));
    const made = { ...kind, sound: { codec: sounds, seconds: 10 } };
    const { numbers, video } = await seen(`zeroed.${extension}`, made, zeroed);
    expect(numbers).toHaveLength(50);
    expect(video.warnings.at(-1)).toMatch(/^no new frames from [34]\.\d s to [67]\.\d s$/);
  });

  test("packets that were lost, and a beginning that cannot be decoded", async () => {
    const lost = await seen("lost.mkv", { ...x264, packet: (_, i) => i < 60 || i >= 100 });
    expect(lost.video.warnings.at(-1)).toMatch(/^no new frames from 2\.9 s to 5\.\d s$/);
    const off = await seen("off-key.mkv", { ...x264, packet: (_, i) => i >= 5 });
    expect(off.video.warnings).toEqual([expect.stringMatching(/^its first 0\.\d s could not be decoded$/)]);
  });

  test.each([
    ["whole packets, which their counters tell", 188 * 8],
    ["bytes, after which packets begin elsewhere", 188 * 7 + 100],
  ])("less than half a second of an MPEG-TS: %s", async (_, bytes) => {
    const plain = { encoderOptions: { "x264-params": "bframes=0:keyint=50" } };
    const lose = (all: Buffer) => Buffer.concat([all.subarray(0, 188 * 150), all.subarray(188 * 150 + bytes)]);
    const { numbers, video } = await seen("lost.ts", { ...plain, fps: 25, ticks: 25, count: 250 }, lose);
    expect(numbers).toHaveLength(50);
    const [, from, to] = /^no new frames from (\d\.\d) s to (\d\.\d) s$/.exec(video.warnings.at(-1) ?? "") ?? [];
    expect(Number(to) - Number(from)).toBeGreaterThan(0.1);
    expect(Number(to) - Number(from)).toBeLessThan(0.5);
  });

  test("pictures of which the first is missing, in a codec that shows them nevertheless", async () => {
    const made = { codec: "mpeg4", packet: (_: Packet, i: number) => i > 0 };
    const { video } = await seen("rootless.mkv", made);
    expect(video.warnings).toEqual(["its first 11 frames depend on a missing one"]);
  });

  test("an AVI that goes on for longer than it declares", async () => {
    const doubled = (all: Buffer) => Buffer.concat([all.subarray(0, all.length * 0.7), all.subarray(all.length * 0.5)]);
    const { video } = await seen("longer.avi", { codec: "mpeg4", gop: 12 }, doubled);
    expect(video.warnings.at(-1)).toMatch(/^it runs to 1[0-4]\.\d s, but declares 10\.0 s$/);
  });

  test("pictures that the decoder made up in part are shown, and counted", async () => {
    const { video } = await seen("flawed.avi", { codec: "mpeg4", packet: ruined(61, 71) });
    expect(video.warnings).toEqual(["1 frame could not be decoded", "9 frames are damaged"]);
    expect(video.pictures).toBe(199);
  });

  test("a stretch that goes on after the pictures have ended", async () => {
    const file = join(folder, "short.mkv");
    makeVideo(file, { ...x264, count: 200, fps: 20, ticks: 20 });
    const warnings = async (start: number, end: number) => (await see(decoders, file, { start, end })).video.warnings;
    expect(await warnings(4, 40)).toEqual(["its frames end at 10.0 s, before the requested 40 s"]);
    expect(await warnings(4, 10.4)).toEqual([]);
    expect(await warnings(4, 9)).toEqual([]);
  });

  test("a still of 100 s within a stretch", async () => {
    const file = join(folder, "still.mp4");
    const time = (i: number) => i / 20 + (i >= 100 ? 100 : 0);
    makeVideo(file, { ...x264, count: 200, fps: 20, ticks: 1000, gop: 12, time });
    const { numbers, video } = await see(decoders, file, { start: 40, end: 41 });
    expect(numbers).toEqual([99, 99, 99, 99, 99]);
    expect(video.warnings).toEqual(["no new frames from 5.0 s to 105.0 s"]);
  });
});

test("pictures that stay for hours end with an error, not with millions of frames", async () => {
  const file = join(folder, "sparse.mkv");
  makeVideo(file, { codec: "mpeg4", count: 60, fps: 20, ticks: 1000, time: (i) => 599 * i });
  const frames: number[] = [];
  const reading = (async () => {
    const size = { width: 8, height: 8, fit: "squash" } as const;
    for await (const { timestamp } of decoders.openVideo(file, { fps: 1, size })) frames.push(timestamp);
  })();
  await expect(reading).rejects.toMatchObject({ code: "E_VIDEO_SPARSE", subject: file });
  expect(frames.length).toBeLessThanOrEqual(10_000 + 10 * 17);
  expect((await see(decoders, file, { start: 30_000, end: 30_001 })).numbers).toEqual([50, 50, 50, 50, 50]);
});

describe("Completeness", () => {
  const holesOf = (
    times: readonly number[],
    { lost = 0, duration = 0.05, listed = false, unseen = [] as number[] } = {},
  ) => {
    const completeness = new Completeness(0.05, listed);
    for (const time of times) completeness.add({ time, duration, lost });
    return completeness.holes(unseen).map(({ from, to }) => [Number(from.toFixed(2)), Number(to.toFixed(2))]);
  };
  const steady = Array.from({ length: 100 }, (_, i) => i / 20);
  const gap = (seconds: number) => steady.map((time) => (time >= 2 ? time + seconds : time));

  test("a gap in a steady rate is a hole, unless all pictures are listed or the one before lasts so long", () => {
    expect(holesOf(gap(1))).toEqual([[2, 3]]);
    expect(holesOf(gap(0.4))).toEqual([]);
    expect(holesOf(gap(0.4), { lost: 3 })).toEqual([[2, 2.4]]);
    expect(holesOf(gap(0.4), { lost: 2 })).toEqual([]);
    expect(holesOf(gap(1), { listed: true })).toEqual([]);
    expect(holesOf(gap(1), { duration: 1.05 })).toEqual([]);
    expect(holesOf(gap(1), { listed: true, lost: 3 })).toEqual([[2, 3]]);
    expect(holesOf(gap(12), { listed: true })).toEqual([[2, 14]]);
  });

  test("an uneven rate has no holes but very long ones", () => {
    const uneven = steady.map((time, i) => time + 0.7 * Math.floor(i / 6));
    expect(holesOf(uneven)).toEqual([]);
    expect(holesOf([...uneven, 40])).toEqual([[Number((uneven.at(-1)! + 0.05).toFixed(2)), 40]]);
  });

  test("packets after the last picture are a hole at the end", () => {
    expect(holesOf(steady, { unseen: [5, 5.5, 6] })).toEqual([[5, 6.05]]);
    expect(holesOf(steady, { unseen: [5, 6] })).toEqual([]);
  });
});

test("the size that a file declares is read where it is told, and nowhere else", () => {
  const view = (...parts: readonly (readonly number[] | string)[]) => {
    const bytes = parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part, "latin1")] : part));
    return new DataView(Uint8Array.from([...bytes, ...Array(64).fill(0)]).buffer);
  };
  expect(declaredBytes(view("RIFF", [0, 1, 0, 0], "AVI "))).toBe(264);
  expect(declaredBytes(view("RIFF", [0, 0, 0, 0], "AVI "))).toBeNull();
  expect(declaredBytes(view("RIFF", [255, 255, 255, 255], "AVI "))).toBeNull();
  const ebml = [0x1a, 0x45, 0xdf, 0xa3, 0x81, 0];
  expect(declaredBytes(view(ebml, [0x18, 0x53, 0x80, 0x67, 0x41, 0x02]))).toBe(12 + 0x102);
  expect(declaredBytes(view(ebml, [0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255]))).toBeNull();
  expect(declaredBytes(view(ebml, [0x18, 0x53, 0x80, 0x67, 0xff]))).toBeNull();
  expect(declaredBytes(view([0x1a, 0x45, 0xdf, 0xa3, 0, 0, 0, 0]))).toBeNull();
  expect(declaredBytes(view("\0\0\0\x18ftypisom"))).toBeNull();
  expect(declaredBytes(new DataView(new ArrayBuffer(8)))).toBeNull();
});
