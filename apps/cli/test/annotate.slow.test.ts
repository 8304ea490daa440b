/** `classify --annotate`: a video with its answers drawn into it. */
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  carvingIce,
  hasShared,
  officialModel,
  sharedFolder,
  sharedReason,
} from "../../../packages/movinet/test/shared.ts";
import { greysOf, packetsOf } from "../../../packages/movinet/test/video/copies.ts";
import { makeVideo } from "../../../packages/movinet/test/video/make-video.ts";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
const { start, finish, run } = commandLine(() => folder);
const at = (name: string) => join(folder, name);
const tiny = ["--model", "tiny.safetensors"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-annotate-"));
  await writeTinyModel(at("tiny.safetensors"), ["a", "b"]);
  makeVideo(at("clip.mp4"), { count: 75, width: 640, height: 360, sound: { codec: "aac", seconds: 3 } });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Where a picture of 640 × 360 has its caption, and where it has none. */
const panel = { left: 12, top: 12, width: 200, height: 60 };
const elsewhere = { left: 400, top: 200, width: 200, height: 100 };

describe("a clip with sound", () => {
  test("keeps its pictures, its times and its sound; the caption's place is darker, the rest as it was", async () => {
    const { code, stdout, stderr } = await run("classify", "clip.mp4", ...tiny, "--annotate", "out.mp4", "--quiet");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^clip.mp4 {3}15 frames, 3.0 s/);
    const [source, copy] = [packetsOf(at("clip.mp4")), packetsOf(at("out.mp4"))];
    expect(copy.times).toHaveLength(75);
    expect(Math.max(...copy.times.map((time, i) => Math.abs(time - (source.times[i] as number))))).toBeLessThan(1e-4);
    expect(copy.sound.map(({ hash }) => hash)).toEqual(source.sound.map(({ hash }) => hash));
    const greys = async (file: string, place: typeof panel) => greysOf(at(file), 25, place);
    const [before, after] = [await greys("clip.mp4", elsewhere), await greys("out.mp4", elsewhere)];
    expect(Math.max(...before.map((grey, i) => Math.abs(grey - (after[i] as number))))).toBeLessThan(3);
    const [under, over] = [await greys("clip.mp4", panel), await greys("out.mp4", panel)];
    // The first bars of picture 74 are white: 0.35 of them stays, and some text comes.
    expect(over.every((grey, i) => grey < 0.35 * (under[i] as number) + 60)).toBe(true);
    expect(Math.max(...over) - Math.min(...over)).toBeLessThan(120);
  });

  test("--json and --every frame print what they print without it", async () => {
    const options = ["classify", "clip.mp4", ...tiny, "--json", "--every", "frame", "--quiet"];
    const plain = await run(...options);
    const annotated = await run(...options, "--annotate", "frames.webm");
    const scores = ({ stdout }: { stdout: string }) =>
      stdout.split("\n").map((line) => line.replace(/"(timings|warnings)":.*/, ""));
    expect(annotated.code).toBe(0);
    expect(scores(annotated)).toEqual(scores(plain));
    const { times, codecs } = packetsOf(at("frames.webm"));
    expect([times.length, ...codecs]).toEqual([75, "vp9", "opus"]);
  });

  test("a file that is there is replaced as a whole, and keeps its permissions", async () => {
    await copyFile(at("tiny.safetensors"), at("there.mp4"));
    const before = (await stat(at("there.mp4"))).mode;
    expect((await run("classify", "clip.mp4", ...tiny, "--annotate", "there.mp4", "--quiet")).code).toBe(0);
    expect(packetsOf(at("there.mp4")).times).toHaveLength(75);
    expect((await stat(at("there.mp4"))).mode).toBe(before);
  });
});

test("an interrupt leaves nothing", async () => {
  makeVideo(at("long.mp4"), { count: 1500, width: 640, height: 360, encoderOptions: { preset: "ultrafast" } });
  const before = await readdir(folder);
  const child = start("classify", "long.mp4", ...tiny, "--annotate", "cut.mp4", "--quiet");
  const ended = finish(child);
  const isAside = (name: string) => name.startsWith(".") && name.endsWith(".tmp");
  while (!(await readdir(folder)).some(isAside) && child.exitCode === null) await setTimeout(20);
  child.kill("SIGINT");
  expect((await ended).code).toBe(130);
  expect(await readdir(folder)).toEqual(before);
});

test("a video of which the end is missing is annotated as far as it goes, and what is missing is said", async () => {
  makeVideo(at("whole.mkv"), { count: 100, width: 320, height: 240 });
  const bytes = await readFile(at("whole.mkv"));
  await writeFile(at("half.mkv"), bytes.subarray(0, bytes.length / 2));
  const { code, stderr } = await run("classify", "half.mkv", ...tiny, "--annotate", "half.mp4", "--quiet");
  expect(code).toBe(0);
  expect(stderr).toMatch(/half\.mkv: warning: .*missing/);
  const { times } = packetsOf(at("half.mp4"));
  expect(times.length).toBe(packetsOf(at("half.mkv")).times.length);
});

describe.skipIf(!hasShared)(`real videos${sharedReason}`, () => {
  const official = ["--model", officialModel, "--quiet"];
  test.each([
    ["stored on its side", "derived/soccer_stored_sideways_rot90.mp4", 320, 240],
    ["stored with wide pixels", "derived/soccer_sar_4_3.mp4", 427, 240],
    ["of odd size", "derived/soccer_odd_321x241.webm", 321, 241],
    ["of 10 bits", "derived/soccer_h264_10bit.mp4", 320, 240],
    ["of 4:4:4", "derived/soccer_h264_444.mp4", 320, 240],
    ["of interlaced pictures", "derived/soccer_interlaced.mp4", 320, 240],
    ["of variable rate", "derived/soccer_vfr.mp4", 320, 240],
    ["in a transport stream", "derived/soccer_h264.mts", 320, 240],
    ["in a GIF", "derived/soccer.gif", 240, 180],
    ["of 32 × 24 pixels", "derived/soccer_tiny_32x24.mp4", 32, 24],
  ])("a video %s keeps its pictures", async (_, name, width, height) => {
    const source = join(sharedFolder, "videos", name);
    expect((await run("classify", source, ...official, "--annotate", "real.mp4")).code).toBe(0);
    const copy = packetsOf(at("real.mp4"));
    const { times } = packetsOf(source);
    expect(copy).toMatchObject({ width, height });
    expect(copy.times).toHaveLength(times.length);
    const off = copy.times.map(
      (time, i) => time - (copy.times[0] as number) - ((times[i] as number) - (times[0] as number)),
    );
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(1e-3);
  });

  test("the annotated video is named like the source", async () => {
    const { stdout } = await run("classify", carvingIce, ...official, "--annotate", "carving.mp4");
    expect(stdout).toMatch(/carving ice +9\d/);
    expect((await run("classify", at("carving.mp4"), ...official)).stdout).toMatch(/^ *carving ice/m);
  });
});
