import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Frame } from "../../src/video/frame.ts";
import { readMessages } from "../../src/video/protocol.ts";
import { expandSources } from "../../src/video/sources.node.ts";
import { Decoders, openVideo } from "../../src/video/video.node.ts";
import { carvingIce, hasShared, sharedFolder, sharedReason } from "../shared.ts";

const size = { width: 32, height: 32, fit: "squash" } as const;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-video-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function readAll(source: string, options: Partial<Parameters<typeof openVideo>[1]> = {}): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of openVideo(source, { fps: 5, size, ...options })) frames.push(frame);
  return frames;
}

describe("what is no video gives one clear error", () => {
  test.each([
    ["empty.mp4", "", "E_VIDEO_UNREADABLE", /the file is empty/],
    ["text.mp4", "hello ".repeat(60), "E_VIDEO_UNREADABLE", /FFmpeg cannot read this as a video/],
    [
      "cut.mp4",
      "\0\0\0\x18ftypisom\0\0\x02\0isomiso2\0\0\x10\0mdat12345",
      "E_VIDEO_UNREADABLE",
      /truncated: its index/,
    ],
  ])("%s", async (name, content, code, message) => {
    const file = join(folder, name);
    await writeFile(file, content, "latin1");
    await expect(readAll(file)).rejects.toMatchObject({ code, subject: file, message: expect.stringMatching(message) });
  });

  test("a missing file and a folder", async () => {
    await expect(readAll(join(folder, "none.mp4"))).rejects.toMatchObject({ code: "E_VIDEO_NOT_FOUND" });
    await expect(readAll(folder)).rejects.toMatchObject({ code: "E_VIDEO_NOT_FOUND" });
  });

  test("a URL that answers 404", async () => {
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/clip.mp4`;
    await expect(readAll(url)).rejects.toMatchObject({ code: "E_VIDEO_NETWORK", subject: url });
    server.close();
  });

  test("a source that stays silent ends after its time-out", async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/clip.mp4`;
    await expect(readAll(url, { timeoutMs: 800 })).rejects.toMatchObject({ code: "E_VIDEO_TIMEOUT" });
    server.closeAllConnections();
    server.close();
  });
});

test("a clip that is decoded before anybody looks is kept", async () => {
  const file = join(folder, "short.y4m");
  const picture = [Buffer.from("FRAME\n"), Buffer.alloc(32 * 32 * 1.5, 128)];
  await writeFile(
    file,
    Buffer.concat([Buffer.from("YUV4MPEG2 W32 H32 F5:1 C420\n"), ...picture, ...picture, ...picture]),
  );
  const video = openVideo(file, { fps: 5, size });
  const running = () => process.getActiveResourcesInfo().filter((name) => name === "ProcessWrap").length;
  await vi.waitFor(() => expect(running()).toBe(0), { timeout: 20_000 });
  const times: number[] = [];
  for await (const { timestamp } of video) times.push(timestamp);
  expect(times).toEqual([0, 0.2, 0.4]);
});

test("a stretch of a video: frames and times from start to end, and no more is decoded", async () => {
  const file = join(folder, "long.y4m");
  const pictures = Array.from({ length: 300 }, (_, i) => [
    Buffer.from("FRAME\n"),
    Buffer.alloc(16 * 16 * 1.5, 16 + (i % 200)),
  ]);
  await writeFile(file, Buffer.concat([Buffer.from("YUV4MPEG2 W16 H16 F10:1 C420\n"), ...pictures.flat()]));
  const whole = await readAll(file);
  for (const start of [1, 12]) {
    const video = openVideo(file, { fps: 5, size, start, end: start + 1 });
    const frames: Frame[] = [];
    for await (const frame of video) frames.push(frame);
    expect(frames.map(({ timestamp }) => timestamp)).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
    for (const [k, { data }] of frames.entries()) expect(data).toEqual(whole[start * 5 + k]?.data);
    expect(video.warnings).toEqual([]);
    expect(video.pictures).toBeLessThanOrEqual(22);
  }
  expect(await readAll(file, { start: 40 })).toEqual([]);
  expect(() => openVideo(file, { fps: 5, start: 2, end: 2 })).toThrow("end must be after start (2 s), got 2");
  expect(() => openVideo(file, { fps: 5, start: -1 })).toThrow("start must be ≥ 0 seconds, got -1");
});

test("arguments become sources: a path that exists is no glob, folders are searched, nothing found is an error", async () => {
  await mkdir(join(folder, "clips", "deep"), { recursive: true });
  for (const name of ["b.mp4", "a [1].mkv", "notes.txt", "deep/c.WEBM"])
    await writeFile(join(folder, "clips", name), "x");
  await symlink("nowhere", join(folder, "clips", "gone.mp4"));
  const at = (...names: string[]) => names.map((name) => join(folder, "clips", name));
  const sources = async (...args: string[]) => (await expandSources(args)).sources;
  expect(await sources(join(folder, "clips"))).toEqual(at("a [1].mkv", "b.mp4", "deep/c.WEBM"));
  expect(await sources(...at("a [1].mkv"))).toEqual(at("a [1].mkv"));
  expect(await sources(...at("*.mp4"), "-", "http://x/y.mp4")).toEqual([...at("b.mp4"), "-", "http://x/y.mp4"]);
  expect(await sources(...at("*"))).toEqual(at("a [1].mkv", "b.mp4", "deep/c.WEBM", "notes.txt"));
  expect(await sources(...at("**"))).toEqual(at("a [1].mkv", "b.mp4", "deep/c.WEBM", "notes.txt"));
  await mkdir(join(folder, "texts"));
  await writeFile(join(folder, "texts", "a.txt"), "x");
  const { failures, leftOut, ...rest } = await expandSources([
    join(folder, "*.avi"),
    join(folder, "nothing.mp4"),
    join(folder, "texts"),
    ...at("b.mp4"),
  ]);
  expect(rest.sources).toEqual(at("b.mp4"));
  expect(failures.map(({ code, subject, problem }) => [code, subject, problem])).toEqual([
    ["E_VIDEO_NOT_FOUND", join(folder, "*.avi"), "no files match"],
    ["E_VIDEO_NOT_FOUND", join(folder, "nothing.mp4"), "no such file"],
    ["E_VIDEO_NOT_FOUND", join(folder, "texts"), "the folder contains no video files"],
  ]);
  const kinds = [{ kind: ".txt", count: 1, examples: [join(folder, "texts", "a.txt")] }];
  expect(leftOut).toEqual([{ source: join(folder, "texts"), kinds }]);
});

test("messages survive any cutting of the byte stream", async () => {
  const { frameHeader, jsonMessage } = await import("../../src/video/protocol.ts");
  const end = { duration: 1.5, pictures: 30, warnings: ["w"], decodeMs: 2 };
  const bytes = Buffer.concat([frameHeader(0.2, 3), Uint8Array.of(1, 2, 3), jsonMessage({ kind: "end", end })]);
  for (let cut = 1; cut < bytes.length; cut++) {
    const chunks = (async function* () {
      for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
    })();
    const messages = [];
    for await (const message of readMessages(chunks)) messages.push(message);
    expect(messages).toEqual([
      { kind: "frame", timestamp: 0.2, data: Uint8Array.of(1, 2, 3) },
      { kind: "end", end },
    ]);
  }
});

describe.skipIf(!hasShared)(`real clips${sharedReason}`, () => {
  const clip = (name: string) => `${sharedFolder}/videos/derived/${name}`;
  const difference = (a: Uint8Array, b: Uint8Array) =>
    a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0) / a.length;

  test("frames have the size asked for and the times of the sampling clock", async () => {
    const video = openVideo(carvingIce, { fps: 5, size: { width: 48, height: 20, fit: "crop" } });
    const times: number[] = [];
    for await (const frame of video) {
      expect([frame.width, frame.height, frame.data.length]).toEqual([48, 20, 48 * 20 * 3]);
      times.push(frame.timestamp);
    }
    expect(times).toEqual(Array.from({ length: 22 }, (_, k) => k / 5));
    expect(video).toMatchObject({
      frames: 22,
      warnings: [],
      info: { width: 172, height: 172, rotation: 0, codec: "h264" },
    });
    expect(video.duration).toBeCloseTo(4.36, 1);
  });

  test("leaving the loop ends the decoding process", async () => {
    const video = openVideo(clip("soccer_long_60s_5fps.mp4"), { fps: 5 });
    for await (const _ of video) break;
    expect(video.frames).toBe(1);
    await video[Symbol.asyncDispose]();
    await expect(readAllOf(video)).rejects.toThrow(/iterated only once/);
  });

  test("a signal ends it with its reason", async () => {
    const abort = new AbortController();
    const video = openVideo(clip("soccer_long_60s_5fps.mp4"), { fps: 5, signal: abort.signal });
    const reading = (async () => {
      for await (const frame of video) if (frame.timestamp > 1) abort.abort(new Error("enough"));
    })();
    await expect(reading).rejects.toThrow("enough");
  });

  test("decoders give what single processes give, also after a broken file and an early exit", async () => {
    const decoders = new Decoders();
    const read = async (file: string, most = Number.POSITIVE_INFINITY) => {
      const frames: Frame[] = [];
      for await (const frame of decoders.openVideo(file, { fps: 5, size })) {
        frames.push(frame);
        if (frames.length >= most) break;
      }
      return frames;
    };
    const broken = join(folder, "broken.mp4");
    await writeFile(broken, "no video at all");
    const content = (frames: Frame[]) => frames.map(({ timestamp, data }) => ({ timestamp, data }));
    const expected = content(await readAll(carvingIce));
    expect(content(await read(carvingIce))).toEqual(expected);
    await expect(read(broken)).rejects.toMatchObject({ code: "E_VIDEO_UNREADABLE", subject: broken });
    expect(await read(clip("soccer_long_60s_5fps.mp4"), 3)).toHaveLength(3);
    const [one, two] = await Promise.all([read(carvingIce), read(clip("soccer_h264_faststart.mp4"))]);
    expect(content(one)).toEqual(expected);
    expect(content(two)).toEqual(content(await readAll(clip("soccer_h264_faststart.mp4"))));
    expect(content(await read(carvingIce))).toEqual(expected);
    await decoders[Symbol.asyncDispose]();
  });

  test("rotation metadata turns the pictures", async () => {
    const [plain] = (await readAll(clip("soccer_h264_faststart.mp4"))) as [Frame];
    const [half] = (await readAll(clip("soccer_rot180.mp4"))) as [Frame];
    const turned = plain.data.map((_, i) => plain.data[(1023 - Math.floor(i / 3)) * 3 + (i % 3)] as number);
    expect(difference(half.data, turned)).toBeLessThan(0.01);
    const [upright] = (await readAll(clip("soccer_stored_sideways_rot90.mp4"))) as [Frame];
    expect(difference(upright.data, plain.data)).toBeLessThan(6);
  });

  test("pixel aspect counts for cropping", async () => {
    const video = openVideo(`${sharedFolder}/videos/edge/mb_sar_2x1.mp4`, { fps: 5 });
    for await (const _ of video) break;
    expect(video.info).toMatchObject({ width: 1280, height: 360 });
  });

  test("a URL is read like a file", async () => {
    const { readFile } = await import("node:fs/promises");
    const bytes = await readFile(carvingIce);
    const server = createServer((request, response) => {
      const begin = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const range = `bytes ${begin}-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(206, { "accept-ranges": "bytes", "content-range": range }).end(bytes.subarray(begin));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    expect(await readAll(`http://127.0.0.1:${(server.address() as AddressInfo).port}/clip`)).toHaveLength(22);
    server.close();
  });
});

async function readAllOf(video: AsyncIterable<Frame>): Promise<void> {
  for await (const _ of video);
}
