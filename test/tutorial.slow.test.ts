/** The tutorial's commands run as they stand there, in their order, on the clips that it generates. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDataset } from "movinet/train";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandLine } from "../apps/cli/test/command-line.ts";

const page = readFileSync(fileURLToPath(new URL("../docs/tutorial.md", import.meta.url)), "utf8");
const blocks = Array.from(page.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, block = ""]) => block.trim());
const commands = blocks.flatMap((block) => block.split("\n")).filter((line) => line.startsWith("npx movinet "));

let folder: string;
const { run } = commandLine(() => folder);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "movinet-tutorial-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What each command must say. */
const said: readonly (readonly [command: string, stdout: RegExp])[] = [
  ["dataset synth camera-motion clips", /^clips: 50 clips of 10 labels/],
  ["dataset synth camera-motion fresh", /^fresh: 20 clips of 10 labels/],
  ["dataset check clips", /^no problems$/m],
  ["train clips", /^(9|10) of 10 clips correct/],
  ["evaluate runs/train-1/model.safetensors fresh", /^(16|17|18) of 20 clips correct/],
  ["classify fresh", /pan left[\s\S]*%/],
  ["convert runs/train-1/model.safetensors", /^mine\.tflite: tflite, official, float32/],
];

test("there are these commands, in this order", () => {
  expect(commands).toHaveLength(said.length);
  for (const [i, [command]] of said.entries()) expect(commands[i]).toContain(`npx movinet ${command}`);
});

test.each(said.map(([command, stdout], i) => ({ command, stdout, line: commands[i] ?? "" })))(
  "$command",
  async (one) => {
    const args = one.line
      .replace(/ +#.*$/, "")
      .split(/ +/)
      .slice(2);
    const { code, stdout, stderr } = await run(...args);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(one.stdout);
  },
);

test.skipIf(process.platform === "win32")("the manifest says who is in the clips", async () => {
  const [, lines = ""] = /<!-- manifest -->\n\n```sh\n([\s\S]*?)```/.exec(page) ?? [];
  for (const label of ["wave", "clap"]) {
    mkdirSync(join(folder, "own/clips", label), { recursive: true });
    for (const name of ["anna-1.mp4", "anna-2.MOV", "ben-1.mp4"]) {
      writeFileSync(join(folder, "own/clips", label, name), `${label} ${name}`);
    }
  }
  execFileSync("sh", ["-e", "-c", lines], { cwd: join(folder, "own") });
  const { samples, labels } = await openDataset(join(folder, "own/clips"));
  expect(labels).toEqual(["clap", "wave"]);
  expect(samples.map(({ name, group }) => [name, group])).toContainEqual(["wave/anna-2.MOV", "anna"]);
  expect(new Set(samples.map(({ group }) => group))).toEqual(new Set(["anna", "ben"]));
  expect(samples).toHaveLength(6);
});
