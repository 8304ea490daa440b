/** The tutorial's script for a Raspberry Pi, on a file in the place of a camera: it says what the command line says. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "../../apps/cli/test/command-line.ts";
import { pythonObstacle, pythonWith } from "./environment.ts";

const obstacle = pythonObstacle("3.11");
const script = fileURLToPath(new URL("../../examples/raspberry-pi.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "movinet-raspberry-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { run } = commandLine(() => folder);

describe.skipIf(obstacle !== "")(`examples/raspberry-pi.py${obstacle}`, () => {
  let python: string;
  beforeAll(async () => {
    const packages = ["ai-edge-litert==2.3.0", "numpy==2.4.2", "opencv-python-headless==5.0.0.93"];
    python = await pythonWith("3.11", "raspberry-pi", packages);
    const small = ["--clips", "10", "--size", "160x120", "--seconds", "2.1", "--seed", "1"];
    await run("dataset", "synth", "camera-motion", "clips", ...small);
    await run("convert", "camera-motion", "mine.tflite", "--form", "official");
  });

  test("names ten clips as the command line does", async () => {
    const { stdout } = await run("classify", "clips", "--model", "camera-motion", "--json", "--quiet");
    const results = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const answers = results.filter(({ predictions }) => predictions);
    const expected = new Map(answers.map(({ source, predictions: [best] }) => [source, best.label]));
    const files = (await readdir(join(folder, "clips"), { recursive: true })).filter((name) => name.endsWith(".mp4"));
    expect(files).toHaveLength(10);
    const found = new Map<string, string>();
    for (const file of files) {
      const clip = join("clips", file);
      const { stdout } = await promisify(execFile)(python, [script, "mine.tflite", clip, "10"], { cwd: folder });
      found.set(clip, /s {2}(.*) {2}\d+%$/.exec(stdout.trim().split("\n").at(-1) ?? "")?.[1] ?? stdout);
    }
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });
});
