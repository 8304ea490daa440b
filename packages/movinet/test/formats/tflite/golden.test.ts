/** The golden TFLite files: weights of the official exports, and the logits that they give. */

import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { locateTflite, readTflite, type TflitePart } from "../../../src/formats/tflite/read/import.ts";
import type { Precision } from "../../../src/graph/precision.ts";
import { hashedFrames } from "../../golden/material.ts";
import { foldedWeights, hasShared, reason, sharedFile, sharedJson, streamLogits } from "./shared.ts";

const files: readonly { name: string; dtype: Precision; logits: number | null }[] = [
  { name: "t0_stream_posenc_fp32", dtype: "float32", logits: 1e-4 },
  { name: "a0_stream_fp16", dtype: "float16", logits: 1e-4 },
  { name: "a0_stream_dynamic", dtype: "dynamic_int8", logits: 0.03 },
  { name: "a0_stream_int8", dtype: "int8", logits: null },
  { name: "a0_stream_relu6_nose_int8", dtype: "int8", logits: null },
];

/** The quantization step of element `i` of a parameter in canonical order: 0 for float32. */
function stepOf(dtype: Precision, part: TflitePart | undefined, value: number, i: number): number {
  const stored = part?.kind === "tensor" ? value - part.shift : value;
  if (dtype === "float16") return Math.abs(stored) * 2 ** -10 + 2 ** -24;
  if (part?.kind !== "tensor") return 0; // a constant with a scale of its own: one step is its whole value
  const scale = part.tensor.quantization?.scale ?? [0];
  return scale[i % scale.length] as number;
}

describe.skipIf(!hasShared).each(files)(`golden/tflite/$name${reason}`, ({ name, dtype }) => {
  const path = `golden/tflite/${name}.tflite`;

  test("is recognised", () => {
    const { spec, dtype: found, output } = readTflite(sharedFile(path), path);
    const nose = name.includes("nose");
    expect({ found, output }).toEqual({ found: dtype, output: "logits" });
    expect(spec).toMatchObject({
      variant: name.slice(0, 2),
      mode: "stream",
      classes: 10,
      squeezeExcite: nose ? "none" : "2plus3d",
      activation: nose ? "relu6" : "hard_swish",
      gate: "hard_sigmoid_b",
      classifierActivation: nose ? "relu6" : "swish",
      positionalEncoding: name.includes("posenc"),
    });
  });

  test("has every regenerated weight, to half a quantization step", () => {
    const bytes = sharedFile(path);
    const { spec, weights } = readTflite(bytes, path);
    const { parts } = locateTflite(bytes, path);
    const folded = foldedWeights(spec);
    let worst = 0;
    for (const [name, expected] of folded) {
      const got = weights.get(name)?.data ?? new Float32Array();
      expect(got.length, name).toBe(expected.length);
      const part = parts[name];
      const gain = part?.kind === "tensor" && /(projection|classifier1).kernel/.test(name) ? part.scale : 1;
      let farthest = 0;
      for (const [i, unscaled] of expected.entries()) {
        const value = gain * unscaled;
        const slack = 1e-6 * Math.abs(value) + 1e-6;
        const difference = Math.abs((got[i] as number) - value) - slack;
        const step = stepOf(dtype, part, value, i);
        if (difference > 0) farthest = Math.max(farthest, step > 0 ? difference / step : Number.POSITIVE_INFINITY);
      }
      expect(farthest, name).toBeLessThanOrEqual(0.5);
      worst = Math.max(worst, farthest);
    }
    if (dtype !== "float32") expect(worst).toBeGreaterThan(0.4);
    for (const name of Object.keys(buildGraph(spec, { form: "step", frames: 1 }).params)) {
      if (/norm\.(gamma|mean)$/.test(name)) expect(new Set(weights.get(name)?.data).size, name).toBe(1);
    }
  });
});

const float = files.filter((file) => file.logits !== null);
describe.skipIf(!hasShared).each(float)(`golden/tflite/$name${reason}`, ({ name, logits }) => {
  const path = `golden/tflite/${name}.tflite`;

  test("gives the logits of LiteRT, frame by frame", async () => {
    const { spec, weights } = readTflite(sharedFile(path), path);
    const { height, width } = spec.resolution;
    const expected = sharedJson(path.replace(".tflite", ".json")).logits;
    const got = await streamLogits(spec, weights, hashedFrames(6, height, width));
    const differences = got.flatMap((frame, t) =>
      [...frame].map((value, k) => Math.abs(value - (expected[t]?.[k] ?? Number.NaN))),
    );
    expect(differences.length).toBe(60);
    expect(Math.max(...differences)).toBeLessThanOrEqual(logits ?? 0);
  });
});
