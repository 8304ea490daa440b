/** What an answer says of itself: a change that it hides, too few frames; and how pictures are fitted. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";
import { writeCameraMotions } from "../../../packages/movinet/test/synth/clip-file.ts";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-doubts-"));
  await writeTinyModel(join(folder, "tiny.safetensors"), ["a", "b"]);
  await writeCameraMotions(join(folder, "cut.y4m"), [
    { label: "pan left", seed: 100, frames: 30 },
    { label: "pan right", seed: 200, frames: 30 },
  ]);
  await writeCameraMotions(join(folder, "alone.y4m"), [{ label: "pan left", seed: 300, frames: 60 }]);
});
afterAll(() => rm(folder, { recursive: true }));
const { run } = commandLine(() => folder);
const classify = (...args: string[]) => run("classify", ...args, "--quiet");
const cameraMotion = (...args: string[]) => classify(...args, "--model", "camera-motion", "--top", "1");
const parse = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("a short clip with a cut shows its segments and says so; one without does not", async () => {
  const { stdout, stderr } = await cameraMotion("cut.y4m", "alone.y4m", "--json");
  expect(stderr).toMatch(
    /^movinet: cut\.y4m: warning: the action changes at 3\.\d s, so a single answer for the whole video hides part of it\n$/,
  );
  const lines = parse(stdout);
  expect(lines.map(({ type, source, predictions }) => [type, source, predictions[0].label])).toEqual([
    ["segment", "cut.y4m", "pan left"],
    ["segment", "cut.y4m", "pan right"],
    ["result", "cut.y4m", expect.any(String)],
    ["result", "alone.y4m", "pan left"],
  ]);
  const [first, second, cut, alone] = lines;
  expect(Math.abs(first.end - 3)).toBeLessThan(0.6);
  expect([first.start, second.start, second.end]).toEqual([0, first.end, 6]);
  for (const { predictions } of [first, second]) expect(predictions[0].score).toBeGreaterThan(0.6);
  expect([cut.warnings, alone.warnings]).toEqual([[expect.stringMatching(/^the action changes/)], undefined]);
});

test("segments that are asked for are the same, without the warning; refused ones are warned of alone", async () => {
  const [plain, asked, refused, text] = await Promise.all([
    cameraMotion("cut.y4m", "--json"),
    cameraMotion("cut.y4m", "--json", "--segments"),
    cameraMotion("cut.y4m", "--json", "--no-segments"),
    cameraMotion("cut.y4m"),
  ]);
  const segments = (stdout: string) => parse(stdout).filter(({ type }) => type === "segment");
  expect(segments(asked.stdout)).toEqual(segments(plain.stdout));
  expect(asked.stderr).toBe("");
  expect(segments(refused.stdout)).toEqual([]);
  expect(refused.stderr).toBe(plain.stderr);
  expect(text.stdout).toMatch(/\n {2}0:00\.0 – 0:03\.\d {2}pan left .*\n {2}0:03\.\d – 0:06\.0 {2}pan right /);
});

test("an answer from too few frames is qualified", async () => {
  const clips = [1, 9, 10].map((frames) =>
    writeClip(join(folder, `${frames}.y4m`), { luma: movingSpot(1), fps: 5, seconds: frames / 5 }),
  );
  await Promise.all(clips);
  const { stdout, stderr, code } = await classify("1.y4m", "9.y4m", "10.y4m", "--json", "--model", "tiny.safetensors");
  const one = "based on a single frame, which cannot show an action: the answer is a guess";
  const nine = "based on only 9 frames: below 10, answers are wrong more often than their scores suggest";
  expect(parse(stdout).map(({ frames, warnings }) => [frames, warnings])).toEqual([
    [1, [one]],
    [9, [nine]],
    [10, undefined],
  ]);
  const lines = stderr.trimEnd().split("\n").toSorted();
  expect(lines).toEqual([`movinet: 1.y4m: warning: ${one}`, `movinet: 9.y4m: warning: ${nine}`]);
  expect(code).toBe(0);
});

test("a plot shows cropped pictures in their own shape, and squashed ones in that of the video", async () => {
  await writeClip(join(folder, "plotted.y4m"), { width: 128, height: 64, luma: movingSpot(2) });
  const shape = async (fit: string) => {
    const plot = join(folder, `${fit}.svg`);
    await classify("plotted.y4m", "--model", "tiny.safetensors", "--fit", fit, "--plot", plot);
    const [image = ""] = (await readFile(plot, "utf8")).match(/<image[^>]*/) ?? [];
    const [width = 0, height = 0] = ["width", "height"].map((side) => Number(image.match(` ${side}="([\\d.]+)"`)?.[1]));
    return width / height;
  };
  expect(await shape("crop")).toBeCloseTo(1, 1);
  expect(await shape("squash")).toBeCloseTo(2, 1);
  expect(await shape("pad")).toBeCloseTo(1, 1);
});

test("--fit says how pictures are fitted, and a run is continued with the same", async () => {
  await writeClip(join(folder, "wide.y4m"), { width: 128, height: 32, luma: movingSpot(2) });
  const score = async (...args: string[]) => {
    const { stdout } = await classify("wide.y4m", "--json", "--model", "tiny.safetensors", ...args);
    return parse(stdout)[0].predictions[0].score;
  };
  const [plain, crop, squash, pad] = await Promise.all([
    score(),
    score("--fit", "crop"),
    score("--fit", "squash"),
    score("--fit", "pad"),
  ]);
  expect(crop).toBe(plain);
  expect(new Set([crop, squash, pad]).size).toBe(3);
  const begin = ["wide.y4m", "--model", "tiny.safetensors", "--out", "wide.jsonl"];
  expect((await classify(...begin, "--fit", "pad")).code).toBe(0);
  expect(JSON.parse(await readFile(join(folder, "wide.jsonl.run"), "utf8"))).toMatchObject({ fit: "pad" });
  const other = await classify(...begin, "--resume");
  expect(other.stderr).toContain("was started with fit pad, but this run has fit crop");
  const wrong = await classify("wide.y4m", "--fit", "box");
  expect([wrong.code, wrong.stderr]).toEqual([2, 'movinet: --fit must be one of crop, squash, pad; got "box".\n']);
});
