import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEngine } from "../../src/engines/device.node.ts";
import { Program } from "../../src/session/program.ts";
import { openVideo } from "../../src/video/video.node.ts";
import type { WatchEvent } from "../../src/watch/records.ts";
import { openModelFile } from "../../src/zoo/lookup.node.ts";
import { officialModel } from "../shared.ts";
import { CameraServer, camerasReason, clip, hasCameras, label, makeFile, streamFolder, streamOf } from "./cameras.ts";
import { isStatus, type Noted, Watching } from "./watching.ts";

const encoders = {
  "h264.mp4": ["libx264", "-bf", "0"],
  "b-frames.ts": ["libx264", "-bf", "2", "-x264-params", "open-gop=1"],
  "hevc.ts": ["libx265", "-x265-params", "log-level=none:bframes=0"],
  "mjpeg.mkv": ["mjpeg", "-pix_fmt", "yuvj420p"],
  "vp8.mkv": ["libvpx", "-deadline", "realtime", "-b:v", "500k"],
} as const;
type Name = keyof typeof encoders;

/** Seconds of a test picture, of the action, and of the test picture again. */
const [before, action, after] = [8, 8, 8];
const rules = { enter: 0.5, leave: 0.1, minSeconds: 1, only: [label] };

describe.skipIf(!hasCameras)(`clips of events${camerasReason}`, () => {
  const folder = streamFolder();
  const clips = join(folder.path, "clips");
  let program: Program;

  beforeAll(async () => {
    const model = await openModelFile(officialModel, { labels: "kinetics-600" });
    program = await Program.compile(model, await openEngine({ threads: 1 }));
  });

  afterAll(async () => {
    await program?.[Symbol.asyncDispose]();
    folder.remove();
  });

  test("contain the packets around an event of a file at its own pace", async () => {
    const names = Object.keys(encoders) as Name[];
    for (const name of names) makeScene(join(folder.path, name), encoders[name]);
    const sources = names.map((name) => ({ name, source: join(folder.path, name), clips }));
    await using watching = new Watching(program, sources, { realtime: true, events: rules });
    await watching.done;
    for (const name of names) {
      const [start, end, ...more] = eventsOf(watching.records, name);
      expect(more, name).toEqual([]);
      expect(end?.snapshot, name).toBe(start?.snapshot);
      const [snapshot, source] = [greysOf(end?.snapshot ?? ""), greysOf(join(folder.path, name))];
      expect(snapshot, name).toHaveLength(1);
      const { index, difference } = nearest(snapshot[0] as Buffer, source);
      expect(index / 25, name).toBeGreaterThan(before);
      expect(index / 25, name).toBeLessThan(before + action);
      expect(difference, name).toBeLessThan(4);
      const problems = watching.statusesOf(name).map(({ message }) => message);
      if (name === "vp8.mkv") {
        expect([start?.clip, end?.clip]).toEqual([null, null]);
        expect(problems).toContain("no clips are saved: MP4 cannot contain vp8");
        continue;
      }
      expect(problems, name).toHaveLength(3);
      expect(end?.clip, name).toBe(start?.clip);
      const file = end?.clip ?? "";
      const [own, all] = [picturesOf(file), picturesOf(join(folder.path, name))];
      const at = positionOf(own, all);
      expect(at, name).toBeGreaterThanOrEqual(0);
      expect(typeOfFirst(file), name).toBe("I");
      const lasted = (Date.parse(end?.end ?? "") - Date.parse(start?.start ?? "")) / 1000;
      // Up to a key frame earlier, and some pictures for the way through a busy machine.
      expect(own.length / 25, name).toBeGreaterThan(lasted + 6.5);
      expect(own.length / 25, name).toBeLessThan(lasted + 8.5);
      expect(Math.abs(at / 25 - (before - 5)), name).toBeLessThan(2.5);
      const found = await sizeOf(file);
      expect(found, name).toEqual({ width: 320, height: 240, frames: own.length });
    }
    expect(leftovers(clips)).toEqual([]);
  });

  test("end with their connection: the next one has files of its own", async () => {
    const made = (size: string) => makeFile(folder.path, { codec: "h264", size, rate: 25, seconds: 60 }, "mp4");
    const large = [streamOf("/a", made("320x240"), "h264")];
    const small = [streamOf("/a", made("192x144"), "h264")];
    const first = await CameraServer.start({ streams: large });
    const source = `rtsp://127.0.0.1:${first.port}/a`;
    await using watching = new Watching(program, [{ source, name: "door" }], { events: rules, clips });
    const phase = (wanted: string) => (record: Noted) => record.type === "event" && record.phase === wanted;
    await watching.until(phase("start"));
    await first.kill();
    const end = await watching.until(phase("end"));
    const lost = await watching.until(isStatus("door", "lost"));
    expect(watching.records.indexOf(end)).toBeLessThan(watching.records.indexOf(lost));
    const second = await CameraServer.start({ streams: small, port: first.port });
    await watching.until(phase("start"), { from: watching.records.indexOf(lost) });
    await watching[Symbol.asyncDispose]();
    await second.kill();
    const [one, , two] = eventsOf(watching.records, "door");
    const [before, after] = [await sizeOf(one?.clip), await sizeOf(two?.clip)];
    expect(before).toMatchObject({ width: 320, height: 240 });
    expect(before.frames).toBeGreaterThan(25);
    expect(after).toMatchObject({ width: 192, height: 144 });
    expect(after.frames).toBeGreaterThan(25);
    expect(positionOf(picturesOf(one?.clip ?? ""), picturesOf(made("320x240")))).toBeGreaterThanOrEqual(0);
    expect(positionOf(picturesOf(two?.clip ?? ""), picturesOf(made("192x144")))).toBeGreaterThanOrEqual(0);
    expect(leftovers(clips)).toEqual([]);
  });

  test("that cannot be written are told", async () => {
    const streams = [
      streamOf("/a", makeFile(folder.path, { codec: "h264", size: "320x240", rate: 25, seconds: 60 }, "mp4"), "h264"),
    ];
    const server = await CameraServer.start({ streams });
    const source = { source: `rtsp://127.0.0.1:${server.port}/a`, name: "door" };
    await using watching = new Watching(program, [source], { events: rules, clips: "/proc/clips" });
    await watching.until(isStatus("door", "live", /^\/proc\/clips\/door\S*: cannot write \(ENOENT\)/));
    await watching[Symbol.asyncDispose]();
    await server.kill();
  });
});

/** A test picture, an action, and the test picture again. */
function makeScene(file: string, encoder: readonly string[]): void {
  const still = (seconds: number) => ["-f", "lavfi", "-t", String(seconds), "-i", "testsrc2=size=320x240:rate=25"];
  const scale = "scale=320:240,setsar=1,fps=25,format=yuv420p";
  const inputs = [...still(before), "-stream_loop", "-1", "-t", String(action), "-i", clip, ...still(after)];
  const filter = `[0:v]${scale}[a];[1:v]${scale}[b];[2:v]${scale}[c];[a][b][c]concat=n=3,noise=alls=4:allf=t`;
  const coding = ["-an", "-c:v", ...encoder, "-g", "25", "-threads", "2"];
  execFileSync("ffmpeg", ["-v", "error", "-y", ...inputs, "-filter_complex", filter, ...coding, file]);
}

function eventsOf(records: readonly Noted[], name: string): readonly WatchEvent[] {
  return records.filter((record) => record.type === "event" && record.source === name) as WatchEvent[];
}

/** Hashes of the decoded pictures. */
function picturesOf(file: string): readonly string[] {
  const args = ["-v", "error", "-i", file, "-fps_mode", "passthrough", "-f", "framemd5", "-"];
  const lines = execFileSync("ffmpeg", args, { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line && !line.startsWith("#")).map((line) => line.split(",").at(-1)?.trim() ?? "");
}

/** Decoded pictures of 320 × 240 in shades of grey. */
function greysOf(file: string): readonly Buffer[] {
  const args = ["-v", "error", "-i", file, "-pix_fmt", "gray", "-f", "rawvideo", "-"];
  const all = execFileSync("ffmpeg", args, { maxBuffer: 1e9 });
  const bytes = 320 * 240;
  return Array.from({ length: all.length / bytes }, (_, i) => all.subarray(i * bytes, (i + 1) * bytes));
}

/** The picture that differs least, and its mean difference in 0..255. */
function nearest(picture: Buffer, all: readonly Buffer[]): { readonly index: number; readonly difference: number } {
  const differences = all.map((other) => {
    let sum = 0;
    for (const [i, value] of picture.entries()) sum += Math.abs(value - (other[i] as number));
    return sum / picture.length;
  });
  const difference = Math.min(...differences);
  return { index: differences.indexOf(difference), difference };
}

function typeOfFirst(file: string): string {
  const entries = ["-show_entries", "frame=pict_type", "-read_intervals", "%+#1", "-of", "csv=p=0", file];
  return (
    execFileSync("ffprobe", ["-v", "error", "-select_streams", "v", ...entries], { encoding: "utf8" }).trim()[0] ?? ""
  );
}

/** Where pictures are in others, one after the other; -1: nowhere. */
function positionOf(own: readonly string[], all: readonly string[]): number {
  const text = (list: readonly string[]) => list.map((one) => `${one};`).join("");
  const at = own.length === 0 ? -1 : text(all).indexOf(text(own));
  return at < 0 ? at : at / `${own[0]};`.length;
}

async function sizeOf(file: string | null | undefined) {
  let [width, height, frames] = [0, 0, 0];
  for await (const frame of openVideo(file ?? "", { fps: 25 })) {
    if (frames > 0 && (frame.width !== width || frame.height !== height)) throw new Error("its size changes");
    [width, height] = [frame.width, frame.height];
    frames++;
  }
  return { width, height, frames };
}

/** Files that are neither clips nor snapshots. */
function leftovers(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".tmp"));
}
