/** Runs over several videos, long videos in segments, and interrupts. */
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  carvingIce,
  hasShared,
  officialModel,
  sharedFolder,
  sharedReason,
} from "../../../packages/movinet/test/shared.ts";
import { commandLine } from "./command-line.ts";

const derived = (name: string) => `${sharedFolder}/videos/derived/${name}`;
const concat = derived("concat_carving_then_soccer.mp4");
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-folder-"));
});
afterAll(() => rm(folder, { recursive: true }));

const { start: startAny, finish } = commandLine(() => folder);
const start = (...args: string[]) => startAny("classify", ...args);
const run = (...args: string[]) => finish(start(...args));
const classify = (...args: string[]) => run(...args, "--model", officialModel, "--quiet");

const parse = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test.each([
  [["a.mp4", "--resume"], "movinet: --resume needs --out FILE, the file to continue."],
  [["a.mp4", "--subtitles", "a.txt"], 'movinet: --subtitles must be a .vtt or .srt file, got "a.txt".'],
  [
    ["a.mp4", "--subtitles", "a.vtt", "--no-segments"],
    "movinet: --no-segments cannot be combined with --subtitles, which are made of segments.",
  ],
  [["package.json", "README.md", "--subtitles", "a.vtt"], "movinet: --subtitles takes one video, got 2."],
  [["a.mp4", "--jobs", "0"], 'movinet: --jobs must be an integer ≥ 1, got "0".'],
])("wrong usage: %j", async (args, line) => {
  const { code, stdout, stderr } = await run(...args);
  expect(stderr.startsWith(line), stderr).toBe(true);
  expect([code, stdout]).toEqual([2, ""]);
});

describe.skipIf(!hasShared)(`with clips${sharedReason}`, () => {
  test("several jobs give what one gives, in the order of the sources, failures among them", async () => {
    const text = join(folder, "text.mp4");
    await writeFile(text, "no video");
    const sources = [derived("soccer_5fps.mp4"), text, carvingIce, derived("soccer_1frame.mp4")];
    const [one, three] = await Promise.all(["1", "3"].map((jobs) => classify(...sources, "--json", "--jobs", jobs)));
    const facts = (outcome = one as Exclude<typeof one, undefined>) =>
      parse(outcome.stdout).map(({ type, source, frames, predictions = [] }) => {
        const best = predictions.map((p: { index: number; score: number }) => [p.index, Math.round(p.score * 1e4)]);
        return { type, source, frames, best };
      });
    expect(facts(three)).toEqual(facts(one));
    expect(facts(three).map(({ type }) => type)).toEqual(["result", "error", "result", "result"]);
    expect(facts(three).map(({ source }) => source)).toEqual(sources);
    expect([one?.code, three?.code]).toEqual([1, 1]);
  });

  test("results in a file, in whole sources; the next run does what is left", async () => {
    const out = join(folder, "results.jsonl");
    const first = await classify(carvingIce, join(folder, "later.mp4"), "--out", out);
    expect([first.code, first.stdout]).toEqual([1, ""]);
    expect(parse(await readFile(out, "utf8")).map(({ type }) => type)).toEqual(["error", "result"]);
    await copyFile(carvingIce, join(folder, "later.mp4"));
    const second = await classify(carvingIce, join(folder, "later.mp4"), "--out", out, "--resume");
    expect(second.code).toBe(0);
    const lines = parse(await readFile(out, "utf8"));
    expect(lines.map(({ type, source }) => [type, source])).toEqual([
      ["result", carvingIce],
      ["result", join(folder, "later.mp4")],
    ]);
    expect(lines[1].predictions).toEqual(lines[0].predictions);
  });

  test("two runs on one file: the second says so", async () => {
    const out = join(folder, "shared.jsonl");
    const first = start(derived("soccer_long_60s_5fps.mp4"), "--model", officialModel, "--out", out);
    const ended = finish(first);
    while (!(await stat(out).catch(() => null))) await new Promise((resolve) => setTimeout(resolve, 10));
    // Else it may be done before the second one has started.
    first.kill("SIGSTOP");
    const second = await classify(carvingIce, "--out", out, "--resume");
    expect(second.stderr).toMatch(/^movinet: .*shared\.jsonl: another run is writing it \(process \d+ on /);
    expect(second.code).toBe(2);
    first.kill("SIGCONT");
    expect((await ended).code).toBe(0);
    expect(parse(await readFile(out, "utf8")).at(-1)).toMatchObject({ type: "result", frames: 294 });
  });

  test("an interrupt ends the run, and the file is ready to be continued", async () => {
    const videos = join(folder, "videos");
    await mkdir(videos);
    for (let i = 0; i < 30; i++) await copyFile(carvingIce, join(videos, `${i}.mp4`));
    const out = join(folder, "interrupted.jsonl");
    const args = [videos, "--model", officialModel, "--out", out, "--resume"];
    const child = start(...args, "--quiet");
    const ended = finish(child);
    while (!(await stat(out).catch(() => null))?.size) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /^movinet: interrupted with \d+ videos? to go\. Repeat the command with --resume to continue\.\n$/,
    );
    const before = parse(await readFile(out, "utf8"));
    expect(before.length).toBeLessThan(30);
    const again = await run(...args);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain(`${before.length} done earlier, ${30 - before.length} to go`);
    const sources = parse(await readFile(out, "utf8")).map(({ source }) => source);
    expect([sources.length, new Set(sources).size]).toEqual([30, 30]);
  });

  test("segments: when what was seen; the result stays that of the whole", async () => {
    const [plain, cut] = await Promise.all([
      classify(concat, "--device", "cpu", "--json"),
      classify(
        concat,
        "--device",
        "cpu",
        "--json",
        "--segments",
        "--subtitles",
        join(folder, "concat.srt"),
        "--plot",
        join(folder, "concat.svg"),
      ),
    ]);
    const [carving, soccer, result] = parse(cut.stdout);
    expect(parse(cut.stdout).map(({ type }) => type)).toEqual(["segment", "segment", "result"]);
    expect(carving).toMatchObject({ source: concat, start: 0, end: soccer.start });
    expect(carving.predictions[0].label).toBe("carving ice");
    expect(carving.predictions).toHaveLength(5);
    expect(soccer.predictions[0].label).toMatch(/soccer/);
    expect(Math.abs(soccer.start - 5)).toBeLessThan(1);
    expect(soccer.end).toBe(Math.round(result.duration * 1000) / 1000);
    // Another form of the network computes it: the same to the streaming law's tolerance.
    const expected = parse(plain.stdout).at(-1).predictions as { label: string; score: number }[];
    for (const [rank, { label, score }] of expected.entries()) {
      expect(result.predictions[rank].label).toBe(label);
      expect(Math.abs(result.predictions[rank].score - score)).toBeLessThanOrEqual(1e-4);
    }
    // The plot shows each moment: the class of the second half is as sure there as that of the first.
    const plot = await readFile(join(folder, "concat.svg"), "utf8");
    expect(plot).toContain("carving ice, then juggling soccer ball");
    for (const text of [">carving ice<", ">juggling soccer"]) expect(plot).toContain(text);
    expect(await readFile(join(folder, "concat.srt"), "utf8")).toMatch(/^1\n00:00:00,000 --> .*\ncarving ice \(/);
  });

  test("segments come unasked with a video over 30 s, as a table of at most 80 columns below the whole path", async () => {
    const long = derived("soccer_long_60s_5fps.mp4");
    const [shown, refused, short] = await Promise.all([
      classify(long),
      classify(long, "--no-segments"),
      classify(concat, "--segments", "--device", "cpu"),
    ]);
    expect(shown.stdout).toMatch(/^ {2}0:00\.0 – 0:58\.8 {2}juggling soccer ball +\d\d\.\d %$/m);
    expect(refused.stdout).not.toContain("0:58.8");
    expect(short.stdout).toMatch(/^ {2}0:00\.0 – 0:0\d\.\d {2}carving ice +\d\d\.\d %\n {2}0:0\d\.\d – 0:11\.0 {2}/m);
    const [head, ...table] = short.stdout.split("\n");
    expect(head?.startsWith(`${concat}   `)).toBe(true);
    for (const line of table) expect(line.length).toBeLessThanOrEqual(80);
  });
});
