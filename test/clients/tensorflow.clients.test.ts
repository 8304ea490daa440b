/** TensorFlow's world: tf2onnx on our TFLite files, and where TensorFlow's converter puts inputs and outputs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pythonObstacle, pythonPackages, pythonWith, runPython } from "./environment.ts";
import { type Case, writeCases } from "./material.ts";

const obstacle = pythonObstacle("3.10");
const folder = mkdtempSync(join(tmpdir(), "movinet-clients-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const none = { squeezeExcite: "none", activation: "relu6" } as const;
const encoded = { positionalEncoding: true } as const;
const forms = ["step", "official", "clip"] as const;
/** Every form and precision of a network without gates, and some of one with gates and positions, and of whole clips. */
const converted: readonly Case[] = [
  ...forms.flatMap((form) =>
    (["float32", "float16", "dynamic_int8"] as const).map(
      (dtype) => ({ spec: "a0-stream", options: none, format: "tflite", form, dtype }) as const,
    ),
  ),
  { spec: "t0-stream", options: encoded, format: "tflite", form: "step", dtype: "float16" },
  { spec: "t0-stream", options: encoded, format: "tflite", form: "official", dtype: "dynamic_int8" },
  { spec: "t0-stream", options: encoded, format: "tflite", form: "clip", dtype: "float32" },
  { spec: "a0-base", format: "tflite", form: "clip", dtype: "float16" },
];
const placed: readonly Case[] = [
  ...(["a0-stream", "a1-stream", "a2-stream"] as const).flatMap((spec) =>
    [{}, none].map((options) => ({ spec, options })),
  ),
  { spec: "a3-stream" as const },
  { spec: "t0-stream" as const, options: encoded },
].map((one) => ({ ...one, format: "tflite", form: "official", dtype: "float16" }));

describe.skipIf(obstacle !== "")(`TensorFlow 2.15${obstacle}`, () => {
  let python: string;
  beforeAll(async () => {
    const tensorflow = ["tensorflow-cpu==2.15.1", "numpy==1.26.4", "protobuf==3.20.3"];
    python = await pythonWith("3.10", "tensorflow", [...tensorflow, "onnx==1.17.0", "onnxruntime==1.22.1"]);
    await writeCases(join(folder, "converted"), converted);
    await writeCases(join(folder, "placed"), placed);
  });

  test("tf2onnx converts every file, and ONNX Runtime says the same", async () => {
    const convert = async (version: string) => {
      const packages = await pythonPackages(python, `tf2onnx-${version}`, [`tf2onnx==${version}`]);
      return runPython<Told>(python, "to_onnx.py", join(folder, "converted"), packages);
    };
    const versions = ["1.16.1", "1.17.0"];
    const told = await Promise.all(versions.map(convert));
    expect(told.map(({ version }) => version)).toEqual(versions);
    for (const { version, found } of told) {
      expect(Object.keys(found)).toHaveLength(converted.length);
      for (const [name, difference] of Object.entries(found)) {
        expect.soft(difference, `${name} by ${version}`).toBeLessThan(1e-4);
      }
    }
  });

  test("inputs and outputs of the official form stand where TensorFlow's converter puts those of Google's files", async () => {
    const differences = await runPython<Readonly<Record<string, readonly string[]>>>(
      python,
      "places.py",
      join(folder, "placed"),
    );
    expect(Object.keys(differences)).toHaveLength(placed.length);
    for (const [name, wrong] of Object.entries(differences)) expect.soft(wrong, name).toEqual([]);
  });
});

interface Told {
  readonly version: string;
  readonly found: Readonly<Record<string, number>>;
}
