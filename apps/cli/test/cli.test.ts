/** The command line's contract: results on stdout, the rest on stderr, one clear line for what is wrong, exit codes. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  carvingIce,
  hasShared,
  officialModel,
  sharedFolder,
  sharedReason,
} from "../../../packages/movinet/test/shared.ts";

const bin = fileURLToPath(new URL("../bin/movinet.js", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function movinet(...args: string[]): Promise<Outcome> {
  const env = { ...process.env, MOVINET_CACHE: join(folder, "cache"), NO_COLOR: "1" };
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], { env, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe("wrong usage: one line on stderr, nothing on stdout, exit code 2", () => {
  test.each([
    [["clasify"], 'movinet: unknown command "clasify". Did you mean classify?'],
    [["clip.mp4"], 'movinet: unknown command "clip.mp4". To classify a video, run movinet classify clip.mp4.'],
    [["--quiet"], 'movinet: unknown option "--quiet". Run movinet --help.'],
    [["classify"], "movinet: classify: missing SOURCE. Usage: movinet classify [options] SOURCE…"],
    [["classify", "--modle", "x", "a.mp4"], 'movinet: classify: unknown option "--modle". Did you mean --model?'],
    [["classify", "a.mp4", "--every", "bogus"], 'movinet: --every must be one of final, frame; got "bogus".'],
    [["train", "clips", "--augment=bogus"], 'movinet: --augment must be one of none, light, strong; got "bogus".'],
    [["classify", "a.mp4", "--top"], "movinet: --top needs a value."],
    [["classify", "a.mp4", "--top", "many"], 'movinet: --top must be an integer ≥ 1, got "many".'],
    [["classify", "a.mp4", "--fps", "0"], 'movinet: --fps must be a number > 0 and ≤ 1000, got "0".'],
    [["classify", "a.mp4", "--plot", "a.pdf"], 'movinet: --plot must be an .svg or .png file, got "a.pdf".'],
    [["classify", "a.mp4", "--plot-shape", "landscape"], "movinet: --plot-shape needs --plot FILE."],
    [
      ["classify", "a.mp4", "--plot-shape", "round"],
      'movinet: --plot-shape must be one of portrait, landscape; got "round".',
    ],
    [["classify", "package.json", "--model", "nowhere"], "movinet: nowhere: there is no such model file or name."],
    [
      ["classify", "package.json"],
      "movinet: --model: no model given, and the cache holds none; nothing may be fetched (offline). Download https://",
    ],
    [
      ["inspect", "camera-moton"],
      "movinet: camera-moton: there is no such model file or name. Did you mean camera-motion?",
    ],
    [["classify", "-v"], 'movinet: classify: unknown option "-v".'],
    [["inspect"], "movinet: inspect: missing MODEL. Usage: movinet inspect [options] MODEL."],
  ])("%j", async (args, line) => {
    const { code, stdout, stderr } = await movinet(...args);
    expect(stderr.startsWith(line), stderr).toBe(true);
    expect(stderr.trimEnd()).not.toContain("\n");
    expect([code, stdout]).toEqual([2, ""]);
  });
});

test("help and version", async () => {
  const help = await movinet("classify", "--help");
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("Usage: movinet classify [options] SOURCE…");
  expect(help.stdout).toContain("      --plot FILE ");
  expect(await movinet("-v")).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
  expect((await movinet()).stdout).toContain("classify");
});

describe("inspect", () => {
  test("begins with what the model is, then lists layers", async () => {
    const { code, stdout } = await movinet("inspect", "a0-stream");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^node +op +shape +parameters +MACs$/m);
    expect(stdout).toMatch(/^block1\.layer0\.temporal +depthwise 3×1×1 +\[1, 80, 22, 22\] +240 +116,160$/m);
    expect(stdout.slice(0, stdout.indexOf("\n\n"))).toMatchInlineSnapshot(`
      "a0-stream
        use       live or recorded video: an answer after every frame
        input     172×172 pixels at 5 fps
        classes   600 of Kinetics-600
        accuracy  72.0 % top-1 on Kinetics-600
        size      15.1 MB, 3,765,983 parameters
        cost      50.70 M multiply–adds per frame (movinet bench times it)
        state     2.7 MB per stream
        blocks    2plus1d convolutions, squeeze-and-excitation 2plus3d, hard_swish
        licence   MIT
        source    https://raw.githubusercontent.com/Atze00/MoViNet-pytorch/c2d1edf48fc6c5259707f9d833f22171b4f63493/weights/modelA0_stream_statedict_v3"
    `);
  });

  test("gives one JSON object", async () => {
    const { stdout } = await movinet("inspect", "a3-stream", "--json");
    const { type, variant, mode, parameters, stateBytes, states } = JSON.parse(stdout);
    expect([type, variant, mode, parameters, states.length]).toEqual(["model", "a3", "stream", 11_043_146, 124]);
    expect(stateBytes).toBe(4 * (4_568_880 + 67));
    expect(states[0]).toEqual({ name: "state_block0_layer0_pool_buffer", shape: [1, 1, 1, 1, 40], dtype: "float32" });
  });

  test.each([
    [
      ["inspect", "a0-stream", "--states", "--json"],
      /^movinet: --states cannot be combined with --json, which has them too\./,
    ],
    [
      ["inspect", "a0-stream", "--labels", "--json"],
      /^movinet: --labels cannot be combined with --json, which has them too\./,
    ],
    [["inspect", "a0-stream", "--labels", "--states"], /^movinet: --states cannot be combined with --labels\./],
    [
      ["bench", "t0-stream", "--video", "x.mp4", "--rounds", "3"],
      /^movinet: --rounds cannot be combined with --video\./,
    ],
    [
      ["bench", "t0-stream", "--video", "x.mp4", "--peer", "litert"],
      /^movinet: --peer cannot be combined with --video\./,
    ],
    [["bench", "t0-stream", "--checkout", "x"], /^movinet: --checkout needs --peer pytorch\./],
    [["bench", "t0-stream", "--csv", "--json"], /^movinet: --csv cannot be combined with --json\./],
  ])("%j: an option that would do nothing is refused", async (args, complaint) => {
    const { code, stdout, stderr } = await movinet(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(complaint);
  });

  test("shows the labels of a file: the first ones, all of them, and in JSON", async () => {
    const first = ["pan left", "pan right", "tilt up", "tilt down"];
    const shown = await movinet("inspect", "camera-motion");
    expect(shown.stdout).toMatch(/^ {2}classes +10: pan left, pan right, tilt up, … \(--labels lists all\)$/m);
    const { stdout } = await movinet("inspect", "camera-motion", "--labels");
    const listed = stdout.trimEnd().split("\n");
    expect([listed.length, ...listed.slice(0, 4)]).toEqual([10, ...first]);
    const { labels } = JSON.parse((await movinet("inspect", "camera-motion", "--json")).stdout);
    expect(labels).toEqual(listed);
    expect((await movinet("inspect", "t0-stream")).stdout).toMatch(/^ {2}classes +600 without names$/m);
    expect(await movinet("inspect", "a0-stream", "--labels")).toMatchObject({
      stdout: "",
      stderr: "movinet: a0-stream: this model has no labels.\n",
    });
  });

  test("lists the states with Google's names", async () => {
    const { stdout } = await movinet("inspect", "a0-stream", "--states");
    expect(stdout.trimEnd().split("\n")).toHaveLength(43);
    expect(stdout).toMatch(/^state_block2_layer0_stream_buffer +float32 +\[1, 4, 11, 11, 184\]$/m);
  });
});

describe.skipIf(!hasShared)(`classify${sharedReason}`, () => {
  const lines = (text: string) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

  test("law 7: the official model names the clip", async () => {
    const { code, stdout, stderr } = await movinet("classify", carvingIce, "--model", officialModel, "--json");
    expect(code).toBe(0);
    const [result] = lines(stdout);
    expect(result).toMatchObject({ type: "result", source: carvingIce, frames: 22 });
    expect(result.predictions).toHaveLength(5);
    expect(result.predictions[0]).toMatchObject({ label: "carving ice", index: 72 });
    expect(result.predictions[0].score).toBeGreaterThanOrEqual(0.95);
    expect(Object.keys(result.timings)).toEqual(["decodeMs", "preprocessMs", "inferMs"]);
    expect(stderr).toMatch(/real time/);
  });

  test("every frame, quiet, from a name in the cache", async () => {
    await mkdir(join(folder, "cache"), { recursive: true });
    await copyFile(officialModel, join(folder, "cache", "a0-stream.tflite"));
    const { stdout, stderr } = await movinet("classify", carvingIce, "--every", "frame", "--json", "-q", "--top", "2");
    const results = lines(stdout);
    expect(results.map((line) => line.type)).toEqual([...Array.from({ length: 22 }, () => "frame"), "result"]);
    expect(results[3]).toMatchObject({ frame: 3, time: 0.6 });
    expect(results[3].predictions).toHaveLength(2);
    expect(results.at(-1)).toMatchObject({ model: "a0-stream" });
    expect(results.at(-1).predictions[0].label).toBe("carving ice");
    expect(stderr).toBe("");
  });

  test("one bad source does not stop the others; the exit code tells", async () => {
    const bad = join(folder, "bad.mp4");
    await writeFile(bad, "");
    const { code, stdout, stderr } = await movinet(
      "classify",
      bad,
      carvingIce,
      join(folder, "none.mp4"),
      "--model",
      officialModel,
      "--json",
      "--quiet",
    );
    expect(code).toBe(1);
    const results = lines(stdout);
    expect(results.map(({ type, code: error }) => error ?? type)).toEqual([
      "E_VIDEO_NOT_FOUND",
      "E_VIDEO_UNREADABLE",
      "result",
    ]);
    expect(stderr).toContain(`movinet: ${bad}: the file is empty. Pass a video file.\n`);
  });

  test("standard input, labels of a file, and the plot", async () => {
    const plot = join(folder, "plot.svg");
    const { spawn } = await import("node:child_process");
    const { createReadStream } = await import("node:fs");
    const args = [
      bin,
      "classify",
      "-",
      "--model",
      officialModel,
      "--labels",
      `${sharedFolder}/models/kinetics600_label_map.txt`,
      "--plot",
      plot,
      "--json",
    ];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "ignore"] });
    createReadStream(carvingIce).pipe(child.stdin);
    let stdout = "";
    for await (const chunk of child.stdout) stdout += chunk;
    expect(lines(stdout)[0].predictions[0].label).toBe("carving ice");
    const svg = await readFile(plot, "utf8");
    expect(svg).toMatch(/^<svg /);
    expect(svg).toContain("carving ice");
  });

  test("labels that do not fit are refused", async () => {
    const labels = join(folder, "labels.txt");
    await writeFile(labels, "one\ntwo\n");
    const { code, stderr } = await movinet("classify", carvingIce, "--model", officialModel, "--labels", labels);
    expect([code, stderr]).toEqual([
      2,
      `movinet: ${labels}: it has 2 labels, but the model has 600 classes. Write one label per line, in the order of the model's outputs.\n`,
    ]);
  });
});
