/**
 * Situations that people report about tools of this kind, in one table: what is tried, and what must come. The correct answer
 * or one clear line; nothing wrong is said quietly.
 */
import { execFileSync } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AV_DISPOSITION_ATTACHED_PIC, AV_PIX_FMT_YUVJ420P } from "node-av/constants";
import { Rational } from "node-av/lib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MadeVideo, makeVideo } from "../../../packages/movinet/test/video/make-video.ts";
import { commandLine } from "./command-line.ts";

interface Answer {
  readonly type: string;
  readonly source: string;
  readonly code?: string;
  readonly message?: string;
  readonly frames?: number;
  readonly duration?: number;
  readonly warnings?: readonly string[];
}

/** What must come of a video: how long it is and what is said of it, or why it is refused. */
type Expected =
  | { readonly seconds: number; readonly said?: RegExp }
  | { readonly code: string; readonly message: RegExp };

interface Situation {
  readonly what: string;
  readonly file: string;
  readonly make: (path: string) => void | Promise<void>;
  readonly comes: Expected;
}

const made = (options: Partial<MadeVideo> = {}) => {
  return (path: string) => makeVideo(path, { count: 200, encoderOptions: { preset: "veryfast" }, ...options });
};
const vp9 = { codec: "libvpx-vp9", encoderOptions: { deadline: "realtime" } };
const bytesOf = (text: string) => (path: string) => writeFile(path, text, "latin1");

/** A file that is made of another: cut, zeroed, joined. */
function changed(options: Partial<MadeVideo>, change: (bytes: Buffer) => Buffer) {
  return async (path: string) => {
    made(options)(path);
    await writeFile(path, change(await readFile(path)));
  };
}

const zeroed = (from: number, to: number) => (bytes: Buffer) =>
  bytes.fill(0, Math.floor(bytes.length * from), Math.floor(bytes.length * to));
const cut = (at: number) => (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length * at));
const twice = (bytes: Buffer) => Buffer.concat([bytes, bytes]);
const withoutPackets = (from: number, to: number) => (_: unknown, i: number) => i < from || i >= to;

const situations: readonly Situation[] = [
  { what: "a sound MP4", file: "sound.mp4", make: made(), comes: { seconds: 8 } },
  {
    what: "a sound MP4 in fragments",
    file: "f.mp4",
    make: made({ muxerOptions: { movflags: "frag_keyframe+empty_moov" } }),
    comes: { seconds: 8 },
  },
  { what: "a name in capitals", file: "CLIP.MKV", make: made(), comes: { seconds: 8 } },
  {
    what: "a wrong ending",
    file: "really-a-webm.mp4",
    make: made({ ...vp9, container: "webm" }),
    comes: { seconds: 8 },
  },
  // Time.
  {
    what: "MPEG-TS joined with cat",
    file: "joined.ts",
    make: changed({}, twice),
    comes: { seconds: 16, said: /^its timestamps jump once/ },
  },
  {
    what: "MPEG-TS of eight pieces of one second",
    file: "pieces.ts",
    make: changed({ count: 25 }, (b) => Buffer.concat(Array(8).fill(b))),
    comes: { seconds: 8, said: /^its timestamps jump 7 times/ },
  },
  {
    what: "MP4s joined with cat, of which FFmpeg reads the first",
    file: "joined.mp4",
    make: changed({}, twice),
    comes: { seconds: 8, said: /^a second MP4 appended to it was ignored$/ },
  },
  {
    what: "coded pictures that do not say how fast they are",
    file: "raw.mjpeg",
    make: made({ codec: "mjpeg", container: "mjpeg", pixelFormat: AV_PIX_FMT_YUVJ420P, encoderOptions: {} }),
    comes: { seconds: 8, said: /^it does not state its frame rate; assuming 25 fps$/ },
  },
  {
    what: "MPEG-PS joined with cat",
    file: "joined.mpg",
    make: changed({ codec: "mpeg2video", ticks: 25, encoderOptions: {} }, twice),
    comes: { seconds: 16, said: /^its timestamps jump once/ },
  },
  {
    what: "an MP4 whose clock jumps by 100 s",
    file: "jump.mp4",
    make: made({ time: (i) => i / 25 + (i >= 100 ? 100 : 0) }),
    comes: { seconds: 108, said: /4\.0 s to 10[34]\.\d s|104\.0 s/ },
  },
  {
    what: "an MKV whose clock jumps by 100 s",
    file: "jump.mkv",
    make: made({ time: (i) => i / 25 + (i >= 100 ? 100 : 0) }),
    comes: { seconds: 108, said: /104\.0 s/ },
  },
  {
    what: "a slide show: a picture every three seconds",
    file: "slides.mp4",
    make: made({ count: 5, time: (i) => 3 * i }),
    comes: { seconds: 12 },
  },
  {
    what: "a WebM that begins late",
    file: "late.webm",
    make: made({ ...vp9, time: (i) => 5 + i / 25 }),
    comes: { seconds: 8 },
  },
  // Completeness.
  {
    what: "an MKV with two seconds lost",
    file: "lost.mkv",
    make: made({ packet: withoutPackets(75, 125) }),
    comes: { seconds: 8, said: /no new frames from 3\.\d s to [45]\.\d s/ },
  },
  {
    what: "an MP4 with a zeroed middle",
    file: "zeroed.mp4",
    make: changed({}, zeroed(0.4, 0.6)),
    comes: { seconds: 8, said: /could not be decoded|no new frames/ },
  },
  {
    what: "an MKV with a zeroed middle",
    file: "zeroed.mkv",
    make: changed({}, zeroed(0.4, 0.6)),
    comes: { seconds: 8, said: /no new frames|could not/ },
  },
  {
    what: "an MPEG-TS with a zeroed middle",
    file: "zeroed.ts",
    make: changed({}, zeroed(0.4, 0.6)),
    comes: { seconds: 8, said: /no new frames|could not/ },
  },
  {
    what: "a WebM with a zeroed middle",
    file: "zeroed.webm",
    make: changed(vp9, zeroed(0.4, 0.6)),
    comes: { seconds: 8, said: /no new frames|could not/ },
  },
  {
    what: "an AVI that was cut off",
    file: "cut.avi",
    make: changed({ codec: "mpeg4", ticks: 25, encoderOptions: {} }, cut(0.5)),
    comes: { seconds: 3, said: /the rest is missing/ },
  },
  {
    what: "an FLV that was cut off",
    file: "cut.flv",
    make: changed({}, cut(0.5)),
    comes: { seconds: 4, said: /the rest is missing/ },
  },
  {
    what: "an MKV that was cut off",
    file: "cut.mkv",
    make: changed({}, cut(0.5)),
    comes: { seconds: 4, said: /the rest is missing/ },
  },
  {
    what: "an MP4 without its index",
    file: "noindex.mp4",
    make: changed({}, cut(0.5)),
    comes: { code: "E_VIDEO_UNREADABLE", message: /truncated: its index/ },
  },
  // What is no video.
  {
    what: "a text",
    file: "notes.txt",
    make: bytesOf("Shopping list: bread, milk, eggs.\n".repeat(20)),
    comes: { code: "E_VIDEO_UNREADABLE", message: /cannot read this as a video/ },
  },
  {
    what: "a text called .mp4",
    file: "notes.mp4",
    make: bytesOf("hello ".repeat(900)),
    comes: { code: "E_VIDEO_UNREADABLE", message: /cannot read this as a video/ },
  },
  {
    what: "a web page called .mp4",
    file: "page.mp4",
    make: bytesOf("<!DOCTYPE html><html><body>404 Not Found</body></html>"),
    comes: { code: "E_VIDEO_UNREADABLE", message: /web page/ },
  },
  {
    what: "a Git LFS pointer",
    file: "pointer.mp4",
    make: bytesOf("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
    comes: { code: "E_VIDEO_UNREADABLE", message: /Git LFS/ },
  },
  {
    what: "an empty file",
    file: "empty.webm",
    make: bytesOf(""),
    comes: { code: "E_VIDEO_UNREADABLE", message: /empty/ },
  },
  {
    what: "zeros",
    file: "zeros.mp4",
    make: (path) => writeFile(path, Buffer.alloc(100_000)),
    comes: { code: "E_VIDEO_UNREADABLE", message: /cannot read this as a video|zero bytes/ },
  },
  {
    what: "a still picture",
    file: "still.png",
    make: made({ codec: "png", container: "image2", count: 1, pixelFormat: 2, encoderOptions: {} }),
    comes: { code: "E_VIDEO_PICTURE", message: /not a video/ },
  },
  {
    what: "a cover picture alone",
    file: "cover.m4a",
    make: made({
      codec: "mjpeg",
      container: "mp4",
      count: 1,
      pixelFormat: AV_PIX_FMT_YUVJ420P,
      encoderOptions: {},
      stream: (s) => {
        s.disposition = AV_DISPOSITION_ATTACHED_PIC;
      },
    }),
    comes: { code: "E_VIDEO_NO_STREAM", message: /no video stream/ },
  },
  {
    what: "an encrypted MP4",
    file: "encrypted.mp4",
    make: made({
      muxerOptions: {
        encryption_scheme: "cenc-aes-ctr",
        encryption_key: "76a6c65c5ea762046bd749a2e632ccbb",
        encryption_kid: "a7e61c373e219033c21091fa607bf3b8",
      },
    }),
    comes: { code: "E_VIDEO_ENCRYPTED", message: /encrypted/ },
  },
  {
    what: "a playlist called .mp4",
    file: "list.mp4",
    make: bytesOf("#EXTM3U\n#EXT-X-TARGETDURATION:8\n#EXTINF:8,\nsound.mp4\n#EXT-X-ENDLIST\n"),
    comes: { code: "E_VIDEO_PLAYLIST", message: /playlist/ },
  },
  {
    what: "a list of other files",
    file: "concat.mp4",
    make: bytesOf("ffconcat version 1.0\nfile sound.mp4\n"),
    comes: { code: "E_VIDEO_PLAYLIST", message: /./ },
  },
  // Limits.
  {
    what: "a GIF of 16,000 × 16,000 pixels",
    file: "huge.gif",
    make: (path) => writeFile(path, hugeGif()),
    comes: { code: "E_VIDEO_TOO_LARGE", message: /16000 × 16000/ },
  },
  {
    what: "a picture every 500 seconds",
    file: "ages.mp4",
    make: made({ count: 200, time: (i) => i * 500, ticks: 1000 }),
    comes: { code: "E_VIDEO_SPARSE", message: /shown for longer/ },
  },
  // Shape.
  {
    what: "an aspect in the container alone",
    file: "wide.mkv",
    make: made({
      ...vp9,
      stream: (s) => {
        s.sampleAspectRatio = new Rational(2, 1);
      },
    }),
    comes: { seconds: 8 },
  },
  {
    what: "an aspect that cannot be",
    file: "absurd.mkv",
    make: made({
      ...vp9,
      stream: (s) => {
        s.sampleAspectRatio = new Rational(1, 5000);
      },
    }),
    comes: { seconds: 8, said: /pixel aspect ratio/ },
  },
];

function hugeGif(): Buffer {
  const header = Buffer.from("GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff", "latin1");
  header.writeUInt16LE(16_000, 6);
  header.writeUInt16LE(16_000, 8);
  const image = Buffer.from(",\0\0\0\0\0\0\0\0\0\x02\x02D\x01\0", "latin1");
  image.writeUInt16LE(16_000, 5);
  image.writeUInt16LE(16_000, 7);
  return Buffer.concat([header, image, image, Buffer.from(";")]);
}

let folder: string;
const answers = new Map<string, Answer>();
let printed = "";
const { run } = commandLine(() => folder);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-situations-"));
  for (const { file, make } of situations) await make(join(folder, file));
  const files = situations.map(({ file }) => file);
  const { stdout, stderr } = await run("classify", ...files, "--model", "camera-motion", "--json", "--jobs", "2");
  printed = stdout + stderr;
  for (const line of stdout.trim().split("\n")) {
    const answer = JSON.parse(line) as Answer;
    if (answer.type === "result" || answer.type === "error") answers.set(answer.source, answer);
  }
}, 240_000);
afterAll(() => rm(folder, { recursive: true }));

describe("videos", () => {
  test.each(situations)("$what", ({ file, comes }) => {
    const answer = answers.get(file);
    if ("code" in comes) {
      expect(answer).toMatchObject({ code: comes.code, message: expect.stringMatching(comes.message) });
      return;
    }
    expect(answer).toMatchObject({ type: "result" });
    expect(Math.abs((answer?.duration ?? 0) - comes.seconds)).toBeLessThan(0.6);
    const said = (answer?.warnings ?? []).join("; ");
    if (comes.said) expect(said).toMatch(comes.said);
    else expect(said).toBe("");
  });

  test("none of them is a mistake of ours, or ends the decoding process", () => {
    expect(printed).not.toMatch(/internal|E_INTERNAL|E_VIDEO_DECODER/);
  });
});

interface Call {
  readonly what: string;
  /** Prepares the folder, and gives the arguments. */
  readonly args: () => string[] | Promise<string[]>;
  readonly code: number;
  readonly says: RegExp;
  /** What else must hold. */
  readonly holds?: () => Promise<void>;
}

const file = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content);
const classify = (...args: string[]) => ["classify", "sound.mp4", "--model", "camera-motion", ...args];
const withModel = (name: string) => ["classify", "sound.mp4", "--model", name];

const calls: readonly Call[] = [
  {
    what: "a pipe among the videos",
    args: () => {
      execFileSync("mkfifo", [join(folder, "pipe.mp4")]);
      return ["classify", "pipe.mp4", "--model", "camera-motion"];
    },
    code: 1,
    says: /pipe\.mp4: it is a (named )?pipe/,
  },
  {
    what: "a device",
    args: () => ["classify", "/dev/zero", "--model", "camera-motion"],
    code: 1,
    says: /\/dev\/zero: it is a .*device/,
  },
  {
    what: "an unknown scheme",
    args: () => ["classify", "rtsp://127.0.0.1/cam", "--model", "camera-motion"],
    code: 1,
    says: /unsupported URL scheme rtsp:\/\//,
  },
  {
    what: "a password in a URL",
    args: () => ["classify", "HTTP://me:secret@127.0.0.1:1/a.mp4", "--model", "camera-motion", "--json"],
    code: 1,
    says: /^(?!.*secret)/s,
  },
  {
    what: "two URLs that differ in a password",
    args: () => classify("http://a:b@127.0.0.1:1/a", "http://a:c@127.0.0.1:1/a", "--out", "urls.jsonl"),
    code: 2,
    says: /two URLs differ only in their secret parts/,
  },
  {
    what: "labels in UTF-16",
    args: async () => {
      await file(
        "utf16.txt",
        Buffer.from(`\ufeff${Array.from({ length: 10 }, (_, i) => `färben ${"abcdefghij"[i]}`).join("\n")}`, "utf16le"),
      );
      return classify("--labels", "utf16.txt", "--json");
    },
    code: 0,
    says: /färben/,
  },
  {
    what: "labels in another encoding",
    args: async () => {
      await file("latin.txt", Buffer.from(Array.from({ length: 10 }, (_, i) => `färben ${i}x`).join("\n"), "latin1"));
      return classify("--labels", "latin.txt");
    },
    code: 2,
    says: /latin\.txt: .*UTF-8/,
  },
  {
    what: "labels from a pipe",
    args: () => {
      execFileSync("mkfifo", [join(folder, "labels-pipe.txt")]);
      return classify("--labels", "labels-pipe.txt");
    },
    code: 2,
    says: /labels-pipe\.txt: .*pipe/,
  },
  {
    what: "too few labels",
    args: async () => {
      await file("few.txt", "a\nb\n");
      return classify("--labels", "few.txt");
    },
    code: 2,
    says: /few\.txt: .*2 labels|few\.txt: .* 10 classes/,
  },
  {
    what: "a model that is a Git LFS pointer",
    args: async () => {
      await file("lfs.tflite", "version https://git-lfs.github.com/spec/v1\noid sha256:6125\nsize 9\n");
      return withModel("lfs.tflite");
    },
    code: 1,
    says: /lfs\.tflite: .*Git LFS/,
  },
  {
    what: "a model that is a web page",
    args: async () => {
      await file("page.tflite", "<!doctype html><title>Sign in</title>");
      return withModel("page.tflite");
    },
    code: 1,
    says: /page\.tflite: .*web page/,
  },
  {
    what: "an empty model",
    args: async () => {
      await file("empty.tflite", "");
      return withModel("empty.tflite");
    },
    code: 1,
    says: /empty\.tflite: .*empty/,
  },
  {
    what: "a model that is a folder",
    args: async () => {
      await mkdir(join(folder, "saved.tflite"), { recursive: true });
      return withModel("saved.tflite");
    },
    code: 1,
    says: /saved\.tflite: .*folder/,
  },
  {
    what: "a plot over its own video",
    args: async () => {
      await cp(join(folder, "huge.gif"), join(folder, "own.png"));
      return ["classify", "own.png", "--model", "camera-motion", "--plot", "own.png"];
    },
    code: 2,
    says: /own\.png/,
    holds: async () => expect((await stat(join(folder, "own.png"))).size).toBe(hugeGif().length),
  },
  {
    what: "results into a device",
    args: () => classify("--out", "/dev/null"),
    code: 2,
    says: /\/dev\/null/,
    holds: async () => expect(await stat("/dev/null.run").catch(() => null)).toBeNull(),
  },
  {
    what: "a lock that is a dangling symlink",
    args: async () => {
      await symlink("nowhere", join(folder, "r.jsonl.lock"));
      return classify("--out", "r.jsonl");
    },
    code: 2,
    says: /r\.jsonl/,
  },
  {
    what: "a lock that is a folder",
    args: async () => {
      await mkdir(join(folder, "s.jsonl.lock"));
      return classify("--out", "s.jsonl");
    },
    code: 2,
    says: /s\.jsonl/,
  },
  {
    what: "a folder with formats that are left out",
    args: async () => {
      await mkdir(join(folder, "mixed"));
      await cp(join(folder, "sound.mp4"), join(folder, "mixed", "a.mp4"));
      await file("mixed/b.jpg", "x");
      await file("mixed/c.txt", "x");
      return ["classify", "mixed", "--model", "camera-motion"];
    },
    code: 0,
    says: /mixed: .*skipped.*jpg/,
  },
  {
    what: "an unreadable model",
    args: async () => {
      await file("secret.safetensors", "x");
      await chmod(join(folder, "secret.safetensors"), 0);
      return withModel("secret.safetensors");
    },
    code: 1,
    says: /secret\.safetensors: /,
  },
  {
    what: "a symlink that leads to itself",
    args: async () => {
      await symlink("self.mp4", join(folder, "self.mp4"));
      return ["classify", "self.mp4", "--model", "camera-motion"];
    },
    code: 1,
    says: /self\.mp4: cannot open this file \(ELOOP\)/,
  },
  {
    what: "standard input that is empty",
    args: () => ["classify", "-", "--model", "camera-motion"],
    code: 1,
    says: /-: standard input is empty/,
  },
  {
    what: "standard input twice",
    args: () => classify("-", "-"),
    code: 2,
    says: /-: standard input can be read only once/,
  },
  {
    what: "results to standard output by name",
    args: () => classify("--out", "-"),
    code: 2,
    says: /--out must be a file/,
    holds: async () => expect(await stat(join(folder, "-")).catch(() => null)).toBeNull(),
  },
  {
    what: "a password in the address of a model",
    args: () => withModel("https://me:secret@host/a.tflite?token=secret"),
    code: 2,
    says: /^(?=.*https:\/\/\*\*\*@host)(?!.*secret)/s,
  },
  {
    what: "a password in the address of labels",
    args: () => classify("--labels", "https://me:secret@host/labels.txt"),
    code: 2,
    says: /^(?=.*https:\/\/\*\*\*@host)(?!.*secret)/s,
  },
  {
    what: "a password in the address of a dataset",
    args: () => ["dataset", "check", "https://me:secret@host/clips"],
    code: 2,
    says: /^(?=.*https:\/\/\*\*\*@host)(?!.*secret)/s,
  },
  {
    what: "a password in a URL with one slash too few",
    args: () => ["classify", "https:/me:secret@host/a.mp4", "--model", "camera-motion", "--json"],
    code: 1,
    says: /^(?!.*secret)/s,
  },
  {
    what: "labels with their index behind them",
    args: async () => {
      await file("behind.txt", Array.from({ length: 10 }, (_, i) => `name ${"abcdefghij"[i]},${i}`).join("\n"));
      return classify("--labels", "behind.txt", "--top", "10");
    },
    code: 0,
    says: /^(?=.*the numbers 0 to 9 after the names)(?!.*name a,0)/s,
  },
  {
    what: "labels in another order than their index",
    args: async () => {
      await file("order.txt", Array.from({ length: 10 }, (_, i) => `${"abcdefghij"[i]}b\t${9 - i}`).join("\n"));
      return classify("--labels", "order.txt");
    },
    code: 2,
    says: /order\.txt: the numbers 0 to 9 after its names are not in order/,
  },
  {
    what: "a device in a manifest",
    args: async () => {
      await file("devices.csv", "file,label\nsound.mp4,a\n/dev/zero,b\n");
      return ["dataset", "check", "devices.csv"];
    },
    code: 1,
    says: /devices\.csv: line 3: a pipe or device, not a video: \/dev\/zero/,
  },
  {
    what: "a run in its own dataset",
    args: async () => {
      for (const label of ["a", "b"]) {
        await mkdir(join(folder, "own", label), { recursive: true });
        await cp(join(folder, "sound.mp4"), join(folder, "own", label, "1.mp4"));
      }
      return ["train", "own", "--from", "camera-motion", "--out", "own/run"];
    },
    code: 2,
    says: /own\/run: lies inside the dataset own/,
    holds: async () => expect(await stat(join(folder, "own/run")).catch(() => null)).toBeNull(),
  },
  {
    what: "a report in its own dataset",
    args: () => ["evaluate", "camera-motion", "own", "--out", "own/c/report"],
    code: 2,
    says: /own\/c\/report: lies inside the dataset own/,
  },
  {
    what: "more threads than there are",
    args: () => classify("--threads", "1e9"),
    code: 2,
    says: /--threads must be an integer from 1 to 1024, got "1e9"/,
  },
  {
    what: "more frames than there are",
    args: () => classify("--fps", "1e9"),
    code: 2,
    says: /--fps must be a number > 0 and ≤ 1000, got "1e9"/,
  },
  {
    what: "a frame an hour",
    args: () => classify("--fps", "0.0003"),
    code: 0,
    says: /based on a single frame/,
  },
  {
    what: "a clip that is too long for a file",
    args: () => ["convert", "camera-motion", "long.onnx", "--form", "clip", "--frames", "5000"],
    code: 2,
    says: /--frames must be an integer from 1 to 4096, got "5000"/,
  },
  { what: "an unknown device", args: () => classify("--device", "tpu"), code: 2, says: /tpu/ },
  { what: "a fit that is none", args: () => classify("--fit", "stretch"), code: 2, says: /--fit/ },
];

describe("calls", () => {
  test.each(calls)("$what", async ({ args, code, says, holds }) => {
    const outcome = await run(...(await args()));
    expect(outcome.stdout + outcome.stderr).toMatch(says);
    expect(outcome.stderr).not.toMatch(/internal/);
    expect(outcome.code).toBe(code);
    await holds?.();
  });
});
