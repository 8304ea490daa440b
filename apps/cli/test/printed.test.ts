import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "./command-line.ts";

const hostile = "a\x1b[2Jb\x9b1m\x07\u202ecilc\nmovinet: all is well";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-printed-"));
  await writeFile(join(folder, `${hostile}.mp4`), "no video");
  await writeFile(join(folder, `${hostile}.safetensors`), "no model");
});
afterAll(() => rm(folder, { recursive: true }));
const { run } = commandLine(() => folder);

describe("what stands in names does not reach the terminal, and makes no line of its own", () => {
  test.each([
    ["a video", ["classify", `${hostile}.mp4`, "--model", "camera-motion"]],
    ["a missing video", ["classify", `${hostile}.avi`, "--model", "camera-motion"]],
    ["a model", ["inspect", `${hostile}.safetensors`]],
    ["a missing model", ["classify", "x.mp4", "--model", hostile]],
    ["a label file", ["classify", "x.mp4", "--model", "camera-motion", "--labels", hostile]],
    ["a host", ["classify", `http://127.0.0.1:1/${hostile}`, "--model", "camera-motion"]],
    ["a command", [hostile]],
    ["an option", ["classify", `--${hostile}`]],
    ["a value", ["classify", "x.mp4", "--top", hostile]],
    ["a dataset", ["dataset", "check", hostile]],
    ["a report's place", ["verify", `${hostile}.safetensors`, "--against", hostile]],
    ["the stack of an error", ["classify", `${hostile}.mp4`, "--model", "camera-motion", "--debug"]],
  ])("%s", async (_, args) => {
    const { code, stdout, stderr } = await run(...args);
    expect(code).toBeGreaterThan(0);
    expect(stderr.length).toBeLessThan(10_000);
    expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\u202e|^movinet: all is well/mu);
  });
});
