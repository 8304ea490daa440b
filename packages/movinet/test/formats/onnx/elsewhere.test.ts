/** What other makers' tools ask of a file, beyond ONNX's own rules. */
import { describe, expect, test } from "vitest";
import type { SpecName, SpecOptions } from "../../../src/arch/spec.ts";
import { readModel } from "../../../src/formats/model-file.ts";
import { versionsOf } from "../../../src/formats/onnx/versions.ts";
import { emitOnnx, type OnnxOptions } from "../../../src/formats/onnx/write/file.ts";
import { hashedModel } from "../../laws/models.ts";
import { partsOf } from "./parts.ts";

/** Sides that pools halve as even and as odd numbers. */
const small: SpecOptions = { classes: 5, resolution: { height: 45, width: 70 } };
const relu6: SpecOptions = { squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" };
const clip = { form: "clip", frames: 3 } as const;

const files: readonly (readonly [SpecName, SpecOptions, OnnxOptions])[] = [
  ["a0-stream", {}, {}],
  ["a0-stream", {}, clip],
  ["a0-stream", relu6, { ...clip, dtype: "float16" }],
  ["a0-base", {}, clip],
  ["t0-base", { squeezeExcite: "2plus3d" }, clip],
  ["t0-stream", { positionalEncoding: true, gate: "hard_sigmoid_b" }, { dtype: "float16" }],
  ["t0-stream", { convType: "3d", squeezeExcite: "3d", activation: "swish", gate: "hard_sigmoid_a" }, clip],
];

describe.each(files)("%s %o as %o", (name, options, file) => {
  const bytes = emitOnnx(hashedModel(name, { ...small, ...options }), file);
  const parts = partsOf(bytes);

  test("open sizes have identifiers as names (tract), and nothing has spaces in its name (ncnn)", () => {
    expect(parts.sizes).not.toEqual([]);
    for (const size of parts.sizes) expect(size).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
    expect(parts.names.filter((one) => /\s/.test(one))).toEqual([]);
  });

  test("it needs no newer runtime than its operators do", () => {
    const hardSwish = parts.nodes.some(({ op }) => op === "HardSwish");
    expect({ opset: parts.opset, ir: parts.ir }).toEqual({ opset: hardSwish ? 14 : 13, ir: 7 });
  });

  test("pools are padded equally on both sides (ncnn, PyTorch)", () => {
    const pools = parts.nodes.filter(({ op }) => op === "AveragePool");
    expect(pools).not.toEqual([]);
    for (const { ints } of pools) expect(ints["pads"]?.slice(0, 2)).toEqual(ints["pads"]?.slice(2));
  });

  test("files that named later versions are read as before", () => {
    const earlier = bytes.slice();
    const imported = Buffer.from(earlier).lastIndexOf(Buffer.from([0x0a, 0, 0x10, parts.opset]));
    earlier[1] = 10;
    earlier[imported + 3] = 20;
    expect(partsOf(earlier)).toMatchObject({ ir: 10, opset: 20 });
    const read = (file: Uint8Array) => readModel(file, "mine.onnx");
    expect(read(earlier)).toEqual(read(bytes));
  });
});

test("versions follow the newest operator; one that is not in the table is a mistake of ours", () => {
  expect(versionsOf([])).toEqual({ opset: 13, ir: 7 });
  expect(versionsOf(["Conv", "HardSwish", "Add"])).toEqual({ opset: 14, ir: 7 });
  expect(() => versionsOf(["Gelu"])).toThrow("internal: it is not known since which operator set Gelu exists");
});
