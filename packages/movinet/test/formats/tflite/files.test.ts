/** Files of several exporters: which network each one holds. */
import { describe, expect, test } from "vitest";
import { locateTflite, readTflite } from "../../../src/formats/tflite/read/import.ts";
import { hasShared, reason, sharedFile } from "./shared.ts";

function countParameters(path: string): number {
  const { weights } = readTflite(sharedFile(path), path);
  return [...weights.values()].reduce((count, { data }) => count + data.length, 0);
}

describe.skipIf(!hasShared)(`files of the official exporter and of users${reason}`, () => {
  test("the official int8 file of A0 has no squeeze-and-excitation and ReLU6 everywhere", () => {
    const path = "models/movinet_a0_stream_k600_int8.tflite";
    const { spec, dtype, weights } = readTflite(sharedFile(path), path);
    expect(dtype).toBe("int8");
    expect(spec).toMatchObject({
      variant: "a0",
      mode: "stream",
      squeezeExcite: "none",
      activation: "relu6",
      classifierActivation: "relu6",
      classes: 600,
      resolution: { height: 172, width: 172 },
    });
    expect(countParameters(path)).toBe(2_750_335);
    // A feature map of −127s with the scale 0.018344…
    expect(weights.get("block0.layer0.rezero")?.data[0]).toBeCloseTo(-2.33, 2);
  });

  test.each([
    ["models/cow_a0_stream_dynamic.tflite", "dynamic_int8"],
    ["models/cow_a0_stream_int8.tflite", "int8"],
  ])("%s keeps squeeze-and-excitation", (path, dtype) => {
    const found = readTflite(sharedFile(path), path);
    expect(found.dtype).toBe(dtype);
    expect(found.spec).toMatchObject({
      variant: "a0",
      classes: 7,
      squeezeExcite: "2plus3d",
      activation: "hard_swish",
      gate: "hard_sigmoid_b",
      classifierActivation: "swish",
    });
  });

  test("the two cow files hold the same weights", () => {
    const [a, b] = ["dynamic", "int8"].map((kind) => {
      const path = `models/cow_a0_stream_${kind}.tflite`;
      return readTflite(sharedFile(path), path).weights;
    });
    for (const [name, { data }] of a ?? []) {
      const other = b?.get(name)?.data ?? new Float32Array();
      const largest = Math.max(...data.map(Math.abs).subarray(0, 10_000));
      const farthest = data.reduce((far, value, i) => Math.max(far, Math.abs(value - (other[i] ?? Number.NaN))), 0);
      expect(farthest, name).toBeLessThanOrEqual(0.01 * largest + 1e-3);
    }
  });

  test.each([
    ["a0_nose_fp32", "a0", 172, 2_750_335],
    ["a0_se_fp32", "a0", 172, 3_765_983],
    ["a1_se_fp32", "a1", 172, 6_481_560],
    ["a2_se_fp32", "a2", 224, 7_366_050],
    ["a3_se_fp32", "a3", 256, 11_043_146 - 33], // exported without positional encoding
  ])("latency/%s is %s at %i pixels", (name, variant, side, parameters) => {
    const path = `golden/latency/${name}.tflite`;
    const { spec, dtype } = locateTflite(sharedFile(path), path);
    expect(dtype).toBe("float32");
    expect(spec).toMatchObject({ variant, classes: 600, resolution: { height: side, width: side } });
    expect(countParameters(path)).toBe(parameters);
  });
});
