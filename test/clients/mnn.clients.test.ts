import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pythonObstacle, pythonWith, runPython } from "./environment.ts";
import { type Case, writeCases } from "./material.ts";

const obstacle = pythonObstacle("3.11");
const folder = mkdtempSync(join(tmpdir(), "movinet-clients-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Its converter crashes on dynamic_int8, Google's own file included. */
const cases: readonly Case[] = [
  ...(["step", "official", "clip"] as const).flatMap((form) =>
    (["float32", "float16"] as const).map((dtype) => ({ spec: "a0-stream", format: "tflite", form, dtype }) as const),
  ),
  { spec: "t0-stream", options: { positionalEncoding: true }, format: "tflite", form: "official", dtype: "float16" },
  { spec: "a0-stream", options: { squeezeExcite: "none" }, format: "tflite", form: "official", dtype: "float16" },
  { spec: "a0-base", format: "tflite", form: "clip", dtype: "float16" },
];

describe.skipIf(obstacle !== "")(`MNN${obstacle}`, () => {
  let python: string;
  beforeAll(async () => {
    python = await pythonWith("3.11", "mnn", ["MNN==3.6.1", "ai-edge-litert==2.3.0", "numpy==2.4.2"]);
    await writeCases(folder, cases);
  });

  test("its converter takes TFLite files in float16 and float32, and MNN says the same", async () => {
    const differences = await runPython<Readonly<Record<string, number | string>>>(python, "to_mnn.py", folder);
    expect(Object.keys(differences)).toHaveLength(cases.length);
    for (const [name, difference] of Object.entries(differences)) expect.soft(difference, name).toBeLessThan(1e-4);
  });
});
