/** What is no video, or one that cannot be read, says so; what is one is not taken for something else. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AV_PIX_FMT_RGB8, AV_PIX_FMT_YUVJ420P } from "node-av/constants";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pathOf } from "../../src/common/read.node.ts";
import { transportPackets, transportStep } from "../../src/video/transport-stream.ts";
import { openVideo } from "../../src/video/video.node.ts";
import { withContentEncryption, withStreamType } from "./encrypt.ts";
import { type MadeSong, makeSong } from "./make-song.ts";
import { type MadeVideo, makeVideo, numberOf } from "./make-video.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-no-video-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function numbers(source: string): Promise<number[]> {
  const found: number[] = [];
  for await (const frame of openVideo(source, { fps: 25 })) found.push(numberOf(frame));
  return found;
}

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

function refused(file: string, code: string, message: RegExp): Promise<void> {
  return expect(numbers(file)).rejects.toMatchObject({ code, subject: file, message: expect.stringMatching(message) });
}

/** Numbers without order, the same each time. */
function noise(length: number): Buffer {
  let state = 1;
  return Buffer.alloc(length).map(() => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  }) as Buffer;
}

describe("files that are no video", () => {
  test.each<[string, string | Buffer, string, RegExp]>([
    ["text.mp4", "Tomorrow we shoot the second part.\n".repeat(99), "E_VIDEO_UNREADABLE", /it is a text/],
    ["colours.txt", "\x1b[31mred\x1b[0m and \x1b[32mgreen\n".repeat(99), "E_VIDEO_UNREADABLE", /it is a text/],
    ["page.mp4", "\n<!DOCTYPE html><html><body>Sign in</body></html>", "E_VIDEO_UNREADABLE", /it is a web page/],
    ["data.json", '{"frames": [1, 2, 3]}', "E_VIDEO_UNREADABLE", /it is a text/],
    ["paper.pdf", "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "E_VIDEO_UNREADABLE", /PDF/],
    ["clips.zip", Buffer.from("504b03040a0000000000", "hex"), "E_VIDEO_UNREADABLE", /ZIP/],
    ["player.exe", Buffer.concat([Buffer.from("MZ"), noise(5000)]), "E_VIDEO_UNREADABLE", /program/],
    ["words.srt", "1\n00:00:01,000 --> 00:00:02,000\nHello\n", "E_VIDEO_UNREADABLE", /subtitles/],
    ["lfs.mp4", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n", "E_VIDEO_UNREADABLE", /Git LFS/],
    ["zeros.mp4", Buffer.alloc(300_000), "E_VIDEO_UNREADABLE", /zero bytes/],
    ["noise.mp4", noise(300_000), "E_VIDEO_UNREADABLE", /cannot read this as a video/],
    ["short.h264", noise(300), "E_VIDEO_UNREADABLE", /cannot read this as a video/],
    ["raw.yuv", noise(160 * 64 * 6), "E_VIDEO_UNREADABLE", /cannot read this as a video/],
    ["drawing.svg", '<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="a"/>', "E_VIDEO_PICTURE", /SVG/],
    ["list.m3u8", "#EXTM3U\n#EXTINF:1,\nclip.ts\n", "E_VIDEO_PLAYLIST", /playlist/],
    ["list.mpd", '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>', "E_VIDEO_PLAYLIST", /DASH/],
    ["camera.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nm=video 5004 RTP/AVP 96\n", "E_VIDEO_PLAYLIST", /SDP/],
    ["list.mp4", "ffconcat version 1.0\nfile clip.mp4\n", "E_VIDEO_PLAYLIST", /list of files/],
  ])("%s", async (name, content, code, message) => {
    await refused(await write(name, content), code, message);
  });

  test.each<[string, MadeVideo]>([
    ["photo.jpg", { container: "mjpeg", codec: "mjpeg", pixelFormat: AV_PIX_FMT_YUVJ420P, ticks: 25, count: 1 }],
    ["photo.avif", { codec: "libaom-av1", ticks: 25, count: 1 }],
    ["photo.webp", { codec: "libwebp", ticks: 25, count: 1 }],
  ])("a picture: %s", async (name, options) => {
    const file = join(folder, name);
    try {
      makeVideo(file, options);
    } catch (error) {
      if (!/has no/.test(String(error))) throw error;
      makeVideo(file, { ...options, codec: "libsvtav1" });
    }
    await refused(file, "E_VIDEO_PICTURE", /image, not a video/);
  });

  test.each<[string, MadeSong]>([
    ["cover.mp3", { sound: "libmp3lame", picture: "mjpeg", isCover: true }],
    ["cover.m4a", { sound: "aac", picture: "mjpeg", isCover: true }],
    ["cover.mp4", { sound: "aac", picture: "png", isCover: true }],
    ["cover.flac", { sound: "flac", picture: "png", isCover: true }],
    ["cover.wma", { sound: "wmav2", picture: "mjpeg", isCover: true }],
    ["poster.mka", { sound: "flac", picture: "png", isCover: false }],
    ["poster.mkv", { sound: "aac", picture: "mjpeg", isCover: false }],
    ["poster.avi", { sound: "pcm_s16le", picture: "mjpeg", isCover: false }],
  ])("sound with a picture: %s", async (name, song) => {
    const file = join(folder, name);
    makeSong(file, song);
    await refused(file, "E_VIDEO_NO_STREAM", /only audio/);
  });
});

describe("encrypted files", () => {
  const key = {
    encryption_key: "00112233445566778899aabbccddeeff",
    encryption_kid: "0123456789abcdef0123456789abcdef",
  };
  const cenc = { encryption_scheme: "cenc-aes-ctr", ...key };

  test.each<[string, Readonly<Record<string, string>>]>([
    ["whole.mp4", cenc],
    ["pieces.mp4", { ...cenc, movflags: "frag_keyframe+empty_moov" }],
  ])("MP4: %s", async (name, muxerOptions) => {
    const file = join(folder, name);
    makeVideo(file, { count: 50, muxerOptions });
    await refused(file, "E_VIDEO_ENCRYPTED", /CENC/);
  });

  test.each([
    ["CENC", "encv"],
    ["FairPlay", "drmi"],
  ])("MP4 whose only sign is the name of its samples: %s", async (name, entry) => {
    const file = join(folder, `${entry}.mp4`);
    makeVideo(file, { count: 5, muxerOptions: { movflags: "faststart" } });
    const bytes = await readFile(file);
    bytes.write(entry, bytes.indexOf("avc1", bytes.indexOf("stsd")), "latin1");
    await refused(await write(`${entry}.mp4`, bytes), "E_VIDEO_ENCRYPTED", new RegExp(name));
  });

  test.each([true, false])("Matroska, with the name of its key: %s", async (withKey) => {
    const file = join(folder, "clear.mkv");
    makeVideo(file, { count: 25 });
    const bytes = withContentEncryption(await readFile(file), withKey);
    await refused(await write("encrypted.mkv", bytes), "E_VIDEO_ENCRYPTED", /encrypted/);
  });

  /** Calls `change` for each packet of a transport stream that belongs to its video. */
  function changePackets(bytes: Buffer, change: (packet: Buffer, payload: Uint8Array) => void): Buffer {
    let at = 0;
    for (const { pid, payload } of transportPackets(bytes)) {
      if (pid === 0x100) change(bytes.subarray(at, at + 188), payload);
      at += 188;
    }
    return bytes;
  }
  const scramble = (payload: Uint8Array) => payload.set(payload.map((byte, i) => byte ^ (0x5a + i)));

  test("a transport stream that is scrambled by its packets, or inside them, or by HLS", async () => {
    const file = join(folder, "clear.ts");
    makeVideo(file, { count: 50 });
    const clear = await readFile(file);
    const packets = changePackets(Buffer.from(clear), (packet, payload) => {
      packet[3] = (packet[3] ?? 0) | 0x80;
      scramble(payload);
    });
    await refused(await write("packets.ts", packets), "E_VIDEO_ENCRYPTED", /scrambled/);
    const inside = changePackets(Buffer.from(clear), (packet, payload) => {
      const begins = ((packet[1] ?? 0) & 0x40) !== 0;
      if (begins) payload[6] = (payload[6] ?? 0) | 0x20;
      scramble(payload.subarray(begins ? 32 : 0));
    });
    await refused(await write("inside.ts", inside), "E_VIDEO_ENCRYPTED", /scrambled/);
    await refused(await write("hls.ts", withStreamType(Buffer.from(clear), 0xdb)), "E_VIDEO_ENCRYPTED", /SAMPLE-AES/);
  });

  test("a program stream whose packets are scrambled, as a DVD's", async () => {
    const file = join(folder, "clear.vob");
    makeVideo(file, { codec: "mpeg2video", ticks: 25, count: 50 });
    const bytes = await readFile(file);
    const start = Buffer.of(0, 0, 1, 0xe0);
    for (let at = bytes.indexOf(start); at >= 0; at = bytes.indexOf(start, at + 1)) {
      if (((bytes[at + 6] ?? 0) & 0xc0) === 0x80) bytes[at + 6] = (bytes[at + 6] ?? 0) | 0x10;
    }
    await refused(await write("scrambled.vob", bytes), "E_VIDEO_ENCRYPTED", /DVD/);
  });

  test("Windows Media", async () => {
    const file = join(folder, "clear.wmv");
    makeVideo(file, { codec: "wmv2", ticks: 25, count: 25 });
    const bytes = await readFile(file);
    const codecs = bytes.indexOf("4052d1861d31d011a3a400a0c90348f6", 0, "hex");
    bytes.write("fbb3112223bdd211b4b700a0c955fc6e", codecs, "hex");
    await refused(await write("drm.wmv", bytes), "E_VIDEO_ENCRYPTED", /Windows Media/);
  });
});

describe("files that are videos", () => {
  const mjpeg = { codec: "mjpeg", pixelFormat: AV_PIX_FMT_YUVJ420P, ticks: 25 };
  test.each<[string, Partial<MadeVideo>]>([
    ["raw.h264", {}],
    ["raw.hevc", { codec: "libx265" }],
    ["raw.m2v", { container: "mpeg2video", codec: "mpeg2video", ticks: 25 }],
    ["raw.mjpeg", mjpeg],
    ["large.mjpeg", { ...mjpeg, width: 1600, height: 640, encoderOptions: { qmin: "1", qmax: "1" } }],
    ["clip.ivf", { codec: "libvpx" }],
    ["clip.gif", { codec: "gif", pixelFormat: AV_PIX_FMT_RGB8, ticks: 25 }],
    ["clip.nut", { codec: "mpeg4", ticks: 25 }],
    ["clip.mxf", { codec: "mpeg2video", ticks: 25 }],
    ["clip.ogv", { codec: "libtheora", ticks: 25 }],
    ["clip.webp", { codec: "libwebp_anim", ticks: 25 }],
    ["clip.mkv", mjpeg],
  ])("%s, also without its name", async (name, options) => {
    const file = join(folder, name);
    makeVideo(file, { count: 8, ...options });
    const found = await numbers(file);
    expect(found.length).toBeGreaterThanOrEqual(7);
    if (options.pixelFormat !== AV_PIX_FMT_RGB8) expect(found).toEqual(found.map((_, i) => i));
    expect(await numbers(await write("nameless", await readFile(file)))).toEqual(found);
  });

  test("a few packets of a transport stream", async () => {
    const file = join(folder, "few.ts");
    makeVideo(file, { count: 1 });
    const bytes = await readFile(file);
    expect(bytes.length).toBeLessThan(10 * 188);
    expect(transportStep(bytes)).not.toBeNull();
    expect(await numbers(file)).toEqual([0]);
  });

  test("names that FFmpeg would take for something else, and names that are not UTF-8", async () => {
    const file = join(folder, "plain.mp4");
    makeVideo(file, { count: 4 });
    const bytes = await readFile(file);
    for (const name of ["http:clip.mp4", "clip%03d.mp4", "a?b#c.txt", "-"]) {
      expect(await numbers(await write(name, bytes))).toEqual([0, 1, 2, 3]);
    }
    const latin = Buffer.concat([Buffer.from(join(folder, "caf")), Buffer.of(0xe9), Buffer.from(".mp4")]);
    try {
      await writeFile(latin, bytes);
    } catch {
      return; // This file system takes only UTF-8.
    }
    expect(await numbers(pathOf(latin))).toEqual([0, 1, 2, 3]);
  });

  test("a folder, a pipe and a device are no files", async () => {
    await mkdir(join(folder, "folder.mp4"));
    await refused(join(folder, "folder.mp4"), "E_VIDEO_NOT_FOUND", /it is a folder/);
    if (process.platform === "win32") return;
    execFileSync("mkfifo", [join(folder, "pipe.mp4")]);
    await refused(join(folder, "pipe.mp4"), "E_VIDEO_UNREADABLE", /it is a pipe.*standard input/);
    await refused("/dev/zero", "E_VIDEO_UNREADABLE", /it is a device/);
  });
});
