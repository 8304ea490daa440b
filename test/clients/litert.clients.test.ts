import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pythonObstacle, pythonWith, runPython } from "./environment.ts";
import { type Case, writeCases } from "./material.ts";

const obstacle = pythonObstacle("3.11");
const folder = mkdtempSync(join(tmpdir(), "movinet-clients-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
    python = await pythonWith("3.11", "litert", ["ai-edge-litert==2.3.0", "numpy==2.4.2"]);
    await writeCases(folder, cases);
  });

  test("runs every form and precision", async () => {
    const differences = await runPython<Readonly<Record<string, number>>>(python, "litert.py", folder);
    expect(Object.keys(differences)).toHaveLength(cases.length);
    for (const [name, difference] of Object.entries(differences)) {
      expect.soft(difference, name).toBeLessThan(name.includes("dynamic_int8") ? 0.1 : 1e-4);
    }
  });
});
