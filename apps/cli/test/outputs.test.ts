/** What a command is to write: looked at before it works, refused in one line where something else would be lost. */
import { execFileSync, spawn } from "node:child_process";
import { link, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readModel, writeModel } from "movinet/formats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";
import { bin, commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

const isRoot = process.getuid?.() === 0;
const isWindows = process.platform === "win32";
let folder: string;
const { start, finish, run } = commandLine(() => folder);
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-outputs-"));
  await writeTinyModel(at("tiny.safetensors"), ["a", "b"]);
  await writeFile(at("names.srt"), "a\nb\n");
  for (const label of ["a", "b"]) {
    for (let i = 0; i < 3; i++) {
      const luma = movingSpot(i + (label === "a" ? 0 : 3));
      await writeClip(at(`clips/${label}/${i}.y4m`), { luma, seconds: 1 });
    }
  }
  await writeClip(at("clip.png"), { luma: movingSpot(0), seconds: 1 });
  await writeClip(at("clip.webm"), { luma: movingSpot(0), seconds: 1 });
  await link(at("clip.png"), at("hard.png"));
  await symlink("clip.png", at("soft.png"));
  await mkdir(at("folder.svg"));
  await symlink("nowhere", at("dangling.svg"));
  await symlink("/dev/null", at("device.svg"));
  if (!isWindows) execFileSync("mkfifo", [at("pipe.svg")]);
  await mkdir(at("foreign"));
  await writeFile(at("foreign/report.html"), "mine");
  await writeFile(at("foreign/evaluation.json"), '{"evaluation":1}');
  await mkdir(at("project"));
  await writeFile(at("project/config.json"), "{}");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** All names, with sizes and kinds. */
async function everything(): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  const own = names.filter((name) => !name.startsWith("cache"));
  return Promise.all(
    own.sort().map(async (name) => {
      const { mode, size, mtimeMs } = await lstat(at(name));
      return `${name} ${mode} ${size} ${mtimeMs}`;
    }),
  );
}

async function refused(args: readonly string[], line: RegExp): Promise<void> {
  const before = await everything();
  const { code, stdout, stderr } = await run(...args, "--quiet");
  expect({ code, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 2, stdout: "", lines: 1 });
  expect(stderr).toMatch(line);
  expect(await everything()).toEqual(before);
}

const classify = ["classify", "clip.png", "--model", "tiny.safetensors"] as const;

describe.skipIf(isWindows)("files", () => {
  test.each<[readonly string[], RegExp]>([
    [
      [...classify, "--plot", "clip.png"],
      /^movinet: clip\.png: is also the video to read\. Choose another output file\.$/m,
    ],
    [[...classify, "--plot", "./clip.png"], /^movinet: \.\/clip\.png: is also the video to read \(clip\.png\)\./],
    [[...classify, "--plot", "hard.png"], /^movinet: hard\.png: is also the video to read \(clip\.png\)\./],
    [[...classify, "--plot", "soft.png"], /^movinet: soft\.png: is also the video to read \(clip\.png\)\./],
    [[...classify, "--labels", "names.srt", "--subtitles", "names.srt"], /: is also the list of labels to read\./],
    [
      ["classify", "clip.webm", ...classify.slice(2), "--annotate", "./clip.webm"],
      /: is also the video to read \(clip\.webm\)\./,
    ],
    [[...classify, "--annotate", "x.avi"], /^movinet: --annotate must be an \.mp4 or \.webm file, got "x\.avi"\./],
    [[...classify, "--annotate", "x.mp4", "--out", "x", "--resume"], /--annotate cannot be combined with --resume\./],
    [["classify", "clip.png", "clips", "--annotate", "x.mp4"], /^movinet: --annotate.* 7 /],
    [[...classify, "--plot", "folder.svg"], /^movinet: folder\.svg: it is a folder, not a regular file\. /],
    [[...classify, "--plot", "dangling.svg"], /^movinet: dangling\.svg: it is a broken symbolic link\./],
    [[...classify, "--plot", "device.svg"], /^movinet: device\.svg: it is a device or a pipe, /],
    [[...classify, "--plot", "pipe.svg"], /^movinet: pipe\.svg: it is a device or a pipe, /],
    [[...classify, "--plot", "none/x.svg"], /^movinet: none\/x\.svg: cannot write \(ENOENT\)\./],
    [[...classify, "--out", "device.svg"], /^movinet: device\.svg: it is a device or a pipe, /],
    [[...classify, "--out", "folder.svg/"], /^movinet: folder\.svg\/: it is no name of a file\. Name a file\.$/m],
    [[...classify, "--out", ""], /: it is no name of a file\./],
    [[...classify, "--out", "x.svg", "--plot", "x.svg"], /^movinet: x\.svg: is the same file as x\.svg, /],
    [[...classify, "--out", "./x.svg", "--plot", "x.svg"], /is the same file as x\.svg, which is also written\./],
    [["convert", "tiny.safetensors", "tiny.safetensors"], /: is also the model to read\. Choose another output file\./],
    [["convert", "tiny.safetensors", "none/x.onnx"], /: it cannot be written \(ENOENT\)\./],
  ])("%j is refused", refused);

  test.skipIf(!isRoot)(`a link that another user made is not followed${isRoot ? "" : " (needs root)"}`, async () => {
    execFileSync("chown", ["-h", "12345", at("soft.png")]);
    try {
      await refused(
        ["classify", "clips/a/0.y4m", "--model", "tiny.safetensors", "--plot", "soft.png"],
        /^movinet: soft\.png: it is a symbolic link owned by another user\./,
      );
    } finally {
      execFileSync("chown", ["-h", "0", at("soft.png")]);
    }
  });

  test("a link of one's own is written through, and stays", async () => {
    await mkdir(at("elsewhere"));
    await writeFile(at("elsewhere/plot.svg"), "old", { mode: 0o640 });
    await symlink("elsewhere/plot.svg", at("own.svg"));
    const { code, stderr } = await run(...classify, "--plot", "own.svg", "--quiet");
    expect(code, stderr).toBe(0);
    expect((await lstat(at("own.svg"))).isSymbolicLink()).toBe(true);
    expect(await readFile(at("elsewhere/plot.svg"), "utf8")).toMatch(/^<svg/);
    expect((await stat(at("elsewhere/plot.svg"))).mode & 0o777).toBe(0o640);
    expect(await readdir(at("elsewhere"))).toEqual(["plot.svg"]);
  });
});

describe.skipIf(isWindows)("folders", () => {
  const train = ["train", "clips", "--from", "tiny.safetensors", "--out"] as const;
  const evaluate = ["evaluate", "tiny.safetensors", "clips", "--out"] as const;
  test.each<[readonly string[], RegExp]>([
    [[...train, "foreign"], /^movinet: foreign: already contains other files\./],
    [[...train, "clips"], /^movinet: clips: already contains other files\./],
    [[...train, "project"], /^movinet: project: already contains a run\./],
    [[...train, "clip.png"], /^movinet: clip\.png: is a file, not a folder\./],
    [[...train, "clip.png/run"], /^movinet: clip\.png\/run: it cannot be written \(ENOTDIR\)\./],
    [[...train, "dangling.svg"], /^movinet: dangling\.svg: is a broken symbolic link\./],
    [[...evaluate, "foreign"], /^movinet: foreign: already contains other files\./],
    [[...evaluate, "project"], /^movinet: project: contains a run, whose report would be overwritten\./],
    [[...evaluate, "foreign", "--compare"], /^movinet: foreign: already contains other files\./],
    [["dataset", "synth", "camera-motion", "foreign"], /^movinet: foreign: already contains other files\./],
    [["dataset", "synth", "camera-motion", "clip.png"], /^movinet: clip\.png: is a file, /],
  ])("%j is refused", refused);

  test("a report takes the place of an earlier one", async () => {
    for (let i = 0; i < 2; i++) expect((await run(...evaluate, "report", "--quiet")).code).toBe(0);
    expect((await readdir(at("report"))).sort()).toEqual(["evaluation.json", "report.html"]);
  }, 60_000);
});

test("a command that fails at its first frame ends then", async () => {
  const { spec, weights, card } = readModel(await readFile(at("tiny.safetensors")), "tiny");
  const kernel = weights.get("classifier2.kernel") as { shape: readonly number[]; data: Float32Array };
  const broken = new Map(weights).set("classifier2.kernel", { ...kernel, data: kernel.data.map(() => Number.NaN) });
  await writeFile(at("broken.safetensors"), writeModel({ spec, weights: broken, card }));
  const child = start("classify", "clips/a/0.y4m", "--model", "broken.safetensors", "--quiet");
  // A video's watchdog would hold the process for 30 s.
  const impatience = setTimeout(() => child.kill("SIGKILL"), 25_000);
  const { code, stderr } = await finish(child);
  clearTimeout(impatience);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^movinet: .*\n$/) });
}, 60_000);

test.skipIf(process.platform !== "linux")("a full disk behind standard output is told in one line", async () => {
  const shell = 'exec "$0" "$@" > /dev/full';
  const child = spawn("sh", ["-c", shell, process.execPath, bin, "inspect", "a0-stream"], { cwd: folder });
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint += text;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(complaint).toBe(
    "movinet: standard output: cannot write: the disk is full (ENOSPC). Free up space, or choose a folder on another disk.\n",
  );
  expect(code).toBe(1);
});

describe.skipIf(process.platform !== "linux")("names that are not UTF-8", () => {
  const name = Buffer.from("caf\xe9.y4m", "latin1");
  const video = (parent: string) => Buffer.concat([Buffer.from(`${at(parent)}/`), name]);

  beforeAll(async () => {
    await writeClip(at("odd/plain.y4m"), { luma: movingSpot(0), seconds: 1 });
    await rename(at("odd/plain.y4m"), video("odd"));
    await link(video("odd"), at("odd.svg"));
  });

  test("a video of such a name is not written over", async () => {
    const { code, stderr } = await run("classify", "odd", "--model", "tiny.safetensors", "--plot", "odd.svg");
    expect(stderr).toMatch(/^movinet: odd\.svg: is also the video to read/);
    expect(code).toBe(2);
  });

  test("a short video of such a name can be read again, so its plot tells its one answer", async () => {
    const { code } = await run("classify", "odd", "--model", "tiny.safetensors", "--plot", "answer.svg", "--quiet");
    expect(code).toBe(0);
    const svg = await readFile(at("answer.svg"), "utf8");
    expect(/aria-label="([^"]*)"/.exec(svg)?.[1]).toMatch(/tiny: [ab], \d+ %$/);
  });
});
