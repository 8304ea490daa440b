/** Small hostile files are refused before they cost much, and what ends early leaves nothing behind. */
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Decoders, openVideo } from "../../src/video/video.node.ts";
import { makeVideo } from "./make-video.ts";

const MiB = 2 ** 20;
const videoModule = new URL("../../src/video/video.node.ts", import.meta.url).href;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-limits-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The most memory that a child of this process has had so far, in bytes; 0 where nobody tells. */
function peakOfChildren(): number {
  if (process.platform !== "linux") return 0;
  let peak = 0;
  for (const task of readdirSync("/proc/self/task")) {
    try {
      for (const child of readFileSync(`/proc/self/task/${task}/children`, "utf8").split(" ").filter(Boolean)) {
        const kilobytes = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${child}/status`, "utf8"))?.[1];
        peak = Math.max(peak, Number(kilobytes ?? 0) * 1024);
      }
    } catch {
      // It ended meanwhile.
    }
  }
  return peak;
}

/** Reads a video, and tells what its decoding process took at most. */
async function read(file: string): Promise<{ frames: number; code: string | null; peak: number }> {
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, peakOfChildren());
  }, 2);
  let frames = 0;
  try {
    for await (const _ of openVideo(file, { fps: 5, size: { width: 32, height: 32, fit: "crop" } })) frames++;
    return { frames, code: null, peak };
  } catch (error) {
    return { frames, code: (error as { code: string }).code, peak };
  } finally {
    clearInterval(watch);
  }
}

/** Three pictures of one size in very few bytes. */
function hugeGif(width: number, height: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width, 0);
  size.writeUInt16LE(height, 2);
  const header = Buffer.concat([Buffer.from("GIF89a"), size, Buffer.of(0x80, 0, 0, 0, 0, 0, 255, 255, 255)]);
  const control = Buffer.of(0x21, 0xf9, 4, 0, 10, 0, 0, 0);
  const picture = Buffer.concat([control, Buffer.of(0x2c, 0, 0, 0, 0), size, Buffer.of(0, 2, 2, 0x4c, 1, 0)]);
  return Buffer.concat([header, picture, picture, picture, Buffer.of(0x3b)]);
}

const words = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
};
const box = (name: string, ...content: (Buffer | string)[]) => {
  const inside = Buffer.concat(content.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)));
  return Buffer.concat([words(inside.length + 8), Buffer.from(name), inside]);
};
const matrix = words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** An MP4 of some 700 bytes whose one fragment claims so many samples: FFmpeg takes 36 bytes for each. */
function hugeIndex(samples: number): Buffer {
  const header = box("mvhd", words(0, 0, 0, 1000, 0, 0x10000), Buffer.alloc(10), matrix, Buffer.alloc(24), words(2));
  const track = box("tkhd", words(3, 0, 0, 1, 0, 0, 0, 0, 0, 0), matrix, words(64 << 16, 64 << 16));
  const depth = Buffer.of(0, 24, 255, 255);
  const size = Buffer.concat([Buffer.of(0, 64, 0, 64), words(0x480000, 0x480000, 0), Buffer.of(0, 1)]);
  const entry = box("mjpa", Buffer.alloc(6), Buffer.of(0, 1), Buffer.alloc(16), size, Buffer.alloc(32), depth);
  const tables = [box("stsd", words(0, 1), entry), box("stts", words(0, 0)), box("stsc", words(0, 0))];
  const samplesOf = box("stbl", ...tables, box("stsz", words(0, 0, 0)), box("stco", words(0, 0)));
  const reference = box("dinf", box("dref", words(0, 1), box("url ", words(1))));
  const handler = box("hdlr", words(0, 0), "vide", words(0, 0, 0), "\0");
  const info = box("minf", box("vmhd", words(1, 0, 0)), reference, samplesOf);
  const media = box("mdia", box("mdhd", words(0, 0, 0, 1000, 0, 0x55c40000)), handler, info);
  const extended = box("mvex", box("trex", words(0, 1, 1, 40, 100, 0)));
  const fragment = box("traf", box("tfhd", words(0x20000, 1)), box("trun", words(0, samples)));
  const movie = box("moov", header, box("trak", track, media), extended);
  const pieces = box("moof", box("mfhd", words(0, 1)), fragment);
  return Buffer.concat([box("ftyp", "isom", words(512), "isomiso2"), movie, pieces, box("mdat", Buffer.alloc(100))]);
}

test.each<[string, () => Buffer, string]>([
  ["16000.gif", () => hugeGif(16_000, 16_000), "E_VIDEO_TOO_LARGE"],
  ["wide.gif", () => hugeGif(65_000, 600), "E_VIDEO_TOO_LARGE"],
  ["index-20M.mp4", () => hugeIndex(20_000_000), "E_VIDEO_MEMORY"],
  ["index-60M.mp4", () => hugeIndex(60_000_000), "E_VIDEO_MEMORY"],
])("%s: a few hundred bytes that ask for gigabytes", async (name, make, expected) => {
  const bytes = make();
  expect(bytes.length).toBeLessThan(1000);
  const file = join(folder, name);
  await writeFile(file, bytes);
  const { frames, code, peak } = await read(file);
  expect({ frames, code }).toEqual({ frames: 0, code: expected });
  expect(peak).toBeLessThan(512 * MiB + bytes.length);
});

test.each(["mp4", "ts"])("pictures of 8192 × 8192 in .%s", async (extension) => {
  const file = join(folder, `large.${extension}`);
  const encoderOptions = { preset: "ultrafast", tune: "zerolatency" };
  makeVideo(file, { width: 8192, height: 8192, count: 1, encoderOptions });
  const { frames, code, peak } = await read(file);
  expect({ frames, code }).toEqual({ frames: 0, code: "E_VIDEO_TOO_LARGE" });
  expect(peak).toBeLessThan(512 * MiB);
});

test("pictures of 3840 × 2160 are read, one video after another in one process", async () => {
  const file = join(folder, "4k.mp4");
  makeVideo(file, {
    width: 3840,
    height: 2160,
    count: 20,
    encoderOptions: { preset: "ultrafast", refs: "8", bf: "3" },
  });
  const decoders = new Decoders();
  for (let k = 0; k < 3; k++) {
    let frames = 0;
    const video = decoders.openVideo(file, { fps: 5, size: { width: 32, height: 32, fit: "crop" } });
    for await (const _ of video) frames++;
    expect(frames).toBe(4);
    expect(peakOfChildren()).toBeLessThan(512 * MiB);
  }
  await decoders[Symbol.asyncDispose]();
});

test.each([
  [15, /E_VIDEO_TOO_LARGE/],
  // Such pixels cannot be meant: they count as square.
  [2000, /^1000 × 1000$/],
])("pixels that are shown %i times as high as wide make no picture that is too large", async (den, expected) => {
  const file = join(folder, `sar-${den}.mkv`);
  const stream = (made: { sampleAspectRatio: { num: number; den: number } }) => {
    made.sampleAspectRatio = { num: 1, den };
  };
  const height = den === 15 ? 6000 : 1000;
  makeVideo(file, { codec: "ffv1", width: 1000, height, count: 2, stream: stream as never });
  const whole = async () => {
    for await (const { width, height } of openVideo(file, { fps: 5 })) return `${width} × ${height}`;
    return "nothing";
  };
  expect(await whole().catch((error: { code: string }) => error.code)).toMatch(expected);
});

/** Opens `-` in a process of its own that a shell line feeds; tells the code of the error, or the number of frames. */
async function readPiped(line: string): Promise<string> {
  const script = `
    const { openVideo } = await import(${JSON.stringify(videoModule)});
    let frames = 0;
    try {
      for await (const _ of openVideo("-", { fps: 5, size: { width: 32, height: 32, fit: "crop" } })) frames++;
      console.log(frames);
    } catch (error) { console.log(error.code); }`;
  const node = `'${process.execPath}' --input-type=module -e "$SCRIPT"`;
  const shell = spawn("sh", ["-c", line.replace("READ", node)], {
    env: { ...process.env, SCRIPT: script, DIR: folder },
  });
  let output = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await new Promise((resolve) => shell.once("close", resolve));
  return output.trim();
}

test.skipIf(process.platform === "win32")(
  "standard input without an end, and more of it than there is room for",
  async () => {
    expect(await readPiped("cat /dev/zero | READ")).toBe("E_VIDEO_UNREADABLE");
    for (let k = 0; k < 3; k++) expect(await readPiped("cat /dev/urandom | READ")).toBe("E_VIDEO_UNREADABLE");
    makeVideo(join(folder, "raw.avi"), { codec: "rawvideo", ticks: 25, count: 100 });
    expect(await readPiped('cat "$DIR/raw.avi" | READ')).toBe("20");
    // A process may write so many blocks into a file: what lies beyond fails as on a full disk.
    expect(await readPiped('ulimit -f 1000; cat "$DIR/raw.avi" | READ')).toBe("E_VIDEO_DISK");
  },
);

test.skipIf(process.platform === "win32")("standard input that is none, and no place to keep it", async () => {
  expect(await readPiped('READ < "$DIR"')).toBe("E_VIDEO_UNREADABLE");
  expect(await readPiped("READ < /dev/null")).toBe("E_VIDEO_UNREADABLE");
  expect(await readPiped("TMPDIR=/nowhere READ < /dev/zero")).toBe("E_VIDEO_DISK");
});

test("a video that is given up after its first frame leaves no timer behind", async () => {
  const file = join(folder, "timer.mp4");
  makeVideo(file, { count: 20 });
  const script = `
    const { openVideo } = await import(${JSON.stringify(videoModule)});
    const video = openVideo(${JSON.stringify(file)}, { fps: 5 });
    await video[Symbol.asyncIterator]().next();
    await video[Symbol.asyncDispose]();
    console.log(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length);
    process.exit();`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(output.trim()).toBe("0");
});

test.skipIf(process.platform !== "linux")(
  "what a process is asked for is not among its arguments (Linux)",
  async () => {
    const video = openVideo("http://user:secret@127.0.0.1:9/clip.mp4", { fps: 5 });
    const lines = readdirSync("/proc/self/task").flatMap((task) =>
      readFileSync(`/proc/self/task/${task}/children`, "utf8")
        .split(" ")
        .filter(Boolean)
        .map((child) => readFileSync(`/proc/${child}/cmdline`, "utf8")),
    );
    expect(lines.join()).not.toContain("secret");
    await video[Symbol.asyncDispose]();
  },
);
