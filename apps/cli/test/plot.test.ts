/** `classify --plot`: the picture's shape, its segments, and texts that no font here can show. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { movingSpot, writeClip } from "../../../packages/movinet/test/data/clips.ts";
import { faultsOf, sizeOf, textsIn } from "../../../packages/movinet/test/plot/drawn.ts";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
const { run } = commandLine(() => folder);
const classify = ["classify", "clip.y4m", "--model", "tiny.safetensors", "--segments"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-plot-"));
  await writeTinyModel(join(folder, "tiny.safetensors"), ["moving left", "moving right"]);
  await writeClip(join(folder, "clip.y4m"), { luma: movingSpot(1), seconds: 2 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ["portrait", 600],
  ["landscape", 960],
])("%s: segments are named over the curves and in the subtitle", async (shape, width) => {
  const { code } = await run(...classify, "--plot", `${shape}.svg`, "--plot-shape", shape, "--quiet");
  expect(code).toBe(0);
  const svg = await readFile(join(folder, `${shape}.svg`), "utf8");
  expect(sizeOf(svg).width).toBe(width);
  expect(faultsOf(svg)).toEqual([]);
  const contents = textsIn(svg).map(({ content }) => content);
  const [, label] = /^tiny: (moving (?:left|right))$/.exec(contents[1] ?? "") ?? [];
  expect(contents.filter((content) => content === label)).toHaveLength(2);
});

test("a PNG of names that no font has says so in one line; an SVG leaves them to its reader", async () => {
  await writeFile(join(folder, "names.txt"), "\u{10fffd}\nice\n");
  const named = [...classify, "--labels", "names.txt", "--quiet", "--plot"];
  const png = await run(...named, "plot.png", "--plot-shape", "landscape");
  const warnings = png.stderr
    .trimEnd()
    .split("\n")
    .filter((line) => line.includes("plot.png"));
  expect(warnings).toEqual([
    'movinet: plot.png: warning: no font on this system has all characters of "\u{10fffd}", so they show as boxes. Write an .svg file, or install a font for that script',
  ]);
  const file = await readFile(join(folder, "plot.png"));
  expect([file.readUInt32BE(16), file.readUInt32BE(20)]).toEqual([1920, 1080]);
  expect((await run(...named, "plot.svg")).stderr).not.toContain("plot.svg: warning");
});
