/** Damages videos whose pictures are numbered, and compares what is shown, and when, with what was there. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openVideo } from "../../src/video/video.node.ts";
import { type MadeVideo, makeVideo, numberOf } from "../video/make-video.ts";
import { type Draw, pick } from "./mutate.ts";

const fps = 25;
const seconds = 8;
const look = 5;

/**
 * So many pictures may be wrong unnoticed where packets have no counters: a loss of less than half a second looks as if the
 * recorder had left these pictures out, and what refers to them is drawn on others.
 */
const unnoticed = 3;

interface Kind {
  readonly extension: string;
  readonly options: Omit<MadeVideo, "count">;
  /** Whether the file tells how long it is, or how much of it there should be. */
  readonly tellsLength: boolean;
}

const h264 = { gop: 25, encoderOptions: { preset: "veryfast" } };
const kinds: Readonly<Record<string, Kind>> = {
  mp4: { extension: "mp4", options: h264, tellsLength: true },
  fragmented: {
    extension: "mp4",
    options: { ...h264, muxerOptions: { movflags: "frag_keyframe+empty_moov" } },
    tellsLength: false,
  },
  mov: { extension: "mov", options: { codec: "mjpeg", pixelFormat: 12 }, tellsLength: true },
  mkv: {
    extension: "mkv",
    options: { codec: "libx265", encoderOptions: { "x265-params": "log-level=none" } },
    tellsLength: true,
  },
  webm: {
    extension: "webm",
    options: { codec: "libvpx-vp9", encoderOptions: { deadline: "realtime" } },
    tellsLength: true,
  },
  flv: { extension: "flv", options: h264, tellsLength: true },
  ts: { extension: "ts", options: h264, tellsLength: false },
  avi: { extension: "avi", options: { codec: "mpeg4", ticks: 25 }, tellsLength: true },
  mpg: { extension: "mpg", options: { codec: "mpeg2video", ticks: 25 }, tellsLength: false },
};
export const truthKinds = Object.keys(kinds);

const files = new Map<string, Uint8Array>();

function original(name: string, folder: string): Uint8Array {
  const known = files.get(name);
  if (known) return known;
  const { extension, options } = kinds[name] as Kind;
  const path = join(folder, `original-${name}.${extension}`);
  makeVideo(path, { ...options, count: seconds * fps, fps });
  const bytes = new Uint8Array(readFileSync(path));
  files.set(name, bytes);
  return bytes;
}

const wounds = {
  cut: (bytes: Uint8Array, at: number) => bytes.slice(0, at),
  zeros: (bytes: Uint8Array, at: number, size: number) => bytes.slice().fill(0, at, at + size),
  noise: (bytes: Uint8Array, at: number, size: number, draw: Draw) => {
    const copy = bytes.slice();
    for (let i = at; i < at + size; i++) copy[i] = draw(256);
    return copy;
  },
  lost: (bytes: Uint8Array, at: number, size: number) =>
    Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + size)]),
  doubled: (bytes: Uint8Array, at: number, size: number) =>
    Uint8Array.from([...bytes.subarray(0, at + size), ...bytes.subarray(at)]),
  /** Two pieces that lie one behind the other change places. */
  swapped: (bytes: Uint8Array, at: number, size: number) => {
    const half = size >> 1;
    const copy = bytes.slice();
    copy.set(bytes.subarray(at + half, at + 2 * half), at);
    copy.set(bytes.subarray(at, at + half), at + half);
    return copy;
  },
} as const;

/** Resolves to whether there was an answer. Throws where it is wrong and nothing says so. */
export async function truthCase(draw: Draw, folder: string, only?: string): Promise<boolean> {
  const name = only ?? pick(draw, truthKinds);
  const { extension, tellsLength } = kinds[name] as Kind;
  const whole = original(name, folder);
  const wound = pick(draw, Object.keys(wounds) as (keyof typeof wounds)[]);
  const size = Math.floor(whole.length * (0.02 + draw(20) / 100));
  const at = Math.floor(whole.length * 0.05) + draw(Math.max(1, Math.floor(whole.length * 0.9) - size));
  const path = join(folder, `truth.${extension}`);
  await writeFile(path, wounds[wound](whole, at, size, draw));

  const shown: { time: number; number: number }[] = [];
  const video = openVideo(path, { fps: look, timeoutMs: 10_000 });
  for await (const frame of video) shown.push({ time: frame.timestamp, number: numberOf(frame) });
  if (video.warnings.length > 0) return true;
  const what = `${name}, ${wound} ${size} of ${whole.length} at ${at}`;
  const wrong = shown.filter(({ time, number }) => Math.abs(number - time * fps) > 3);
  if (wrong.length > (name === "ts" ? 0 : unnoticed)) {
    const some = wrong.slice(0, 3).map(({ time, number }) => `${number} at ${time.toFixed(1)} s`);
    throw new Error(`${what}: ${wrong.length} of ${shown.length} pictures are wrong, and nothing says so: ${some}`);
  }
  if (tellsLength && video.duration < seconds - 0.6)
    throw new Error(`${what}: it ends at ${video.duration.toFixed(2)} s of ${seconds}, and nothing says so`);
  if (video.duration > seconds + 0.5) throw new Error(`${what}: it lasts ${video.duration.toFixed(2)} s of ${seconds}`);
  return true;
}
