import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "../../apps/cli/test/command-line.ts";
import { pythonObstacle, pythonWith, runPython } from "./environment.ts";
import { type Case, writeCases } from "./material.ts";

const obstacle = pythonObstacle("3.11");
const folder = mkdtempSync(join(tmpdir(), "movinet-clients-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { run } = commandLine(() => folder);
const raspberryPi = fileURLToPath(new URL("../../examples/raspberry-pi.py", import.meta.url));

const cases: readonly Case[] = (["a0-stream", "a3-stream"] as const).flatMap((spec) =>
  (["step", "official", "clip"] as const).flatMap((form) =>
    (["float32", "float16", "dynamic_int8"] as const).map(
      (dtype) => ({ spec, format: "tflite", form, dtype }) as const,
    ),
  ),
);

describe.skipIf(obstacle !== "")(`native LiteRT${obstacle}`, () => {
  let python: string;
  beforeAll(async () => {
    python = await pythonWith("3.11", "litert", [
      "ai-edge-litert==2.3.0",
      "numpy==2.4.2",
      "opencv-python-headless==5.0.0.93",
    ]);
    await writeCases(folder, cases);
  });

  test("runs every form and precision", async () => {
    const differences = await runPython<Readonly<Record<string, number>>>(python, "litert.py", folder);
    expect(Object.keys(differences)).toHaveLength(cases.length);
    for (const [name, difference] of Object.entries(differences)) {
      expect.soft(difference, name).toBeLessThan(name.includes("dynamic_int8") ? 0.1 : 1e-4);
    }
  });

  test("examples/raspberry-pi.py names clips in the place of a camera as the command line does", async () => {
    const small = ["--clips", "10", "--size", "160x120", "--seconds", "2.1", "--seed", "1"];
    await run("dataset", "synth", "camera-motion", "clips", ...small);
    await run("convert", "camera-motion", "mine.tflite", "--form", "official");
    const names = (await readdir(join(folder, "clips"), { recursive: true })).filter((name) => name.endsWith(".mp4"));
    const files = names
      .sort()
      .slice(0, 5)
      .map((name) => join("clips", name));
    const { stdout } = await run("classify", ...files, "--model", "camera-motion", "--json", "--quiet");
    const answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const expected = new Map(answers.map(({ source, predictions: [best] }) => [source, best.label]));
    expect([...expected.keys()]).toEqual(files);
    const found = new Map<string, string>();
    for (const file of files) {
      const { stdout } = await promisify(execFile)(python, [raspberryPi, "mine.tflite", file, "10"], { cwd: folder });
      found.set(file, /s {2}(.*) {2}\d+%$/.exec(stdout.trim().split("\n").at(-1) ?? "")?.[1] ?? stdout);
    }
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });
});
