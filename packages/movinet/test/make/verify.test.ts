/** Conversions are compared with their source; a comparison that finds a mistake says so. */
import { describe, expect, test } from "vitest";
import { convertModel, type ExportFormat } from "../../src/make/verify/convert.node.ts";
import { compareRunners, noiseClip, toleranceOf } from "../../src/make/verify/receipt.ts";
import { clipRunner, type Runner, referenceRunner } from "../../src/make/verify/runner.ts";
import { openRunners, verifyFiles } from "../../src/make/verify/verify.node.ts";
import { readOnnxMetadata } from "../../src/model/emit/onnx/proto.ts";
import type { Model } from "../../src/model/model.ts";
import { readSafetensors } from "../../src/model/weights/safetensors.ts";
import { readModel as readTfliteFile } from "../../src/model/weights/tflite/schema.ts";
import type { Backend } from "../../src/run/session/backend.ts";
import { nodeBackend } from "../../src/run/session/onnx.node.ts";
import { referenceBackend } from "../../src/run/session/reference.ts";
import { hashedModel } from "../laws/models.ts";

const resolution = { height: 32, width: 44 };
const model = hashedModel("a0-stream", { classes: 5, resolution });
const base: Model = { ...hashedModel("a0-base", { classes: 5, resolution }), card: { ...model.card, frames: 4 } };
const names = { name: "source", resultName: "result" };
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

const receiptIn: Record<ExportFormat, (bytes: Uint8Array) => string | undefined> = {
  tflite: (bytes) => text(readTfliteFile(bytes, "x").metadata["movinet.receipt"]),
  onnx: (bytes) => readOnnxMetadata(bytes)["movinet.receipt"],
  safetensors: (bytes) => readSafetensors(bytes, "x").metadata["movinet.receipt"],
};

describe("convertModel", () => {
  test.each([
    [model, { format: "tflite" }, "frame by frame"],
    [model, { format: "tflite", form: "official", dtype: "float16" }, "frame by frame"],
    [model, { format: "tflite", dtype: "dynamic_int8" }, "frame by frame"],
    [model, { format: "tflite", form: "clip", frames: 6 }, "whole clip"],
    [model, { format: "onnx", dtype: "float16" }, "frame by frame"],
    [model, { format: "onnx", form: "clip", frames: 6 }, "whole clip"],
    [model, { format: "safetensors" }, "frame by frame"],
    [base, { format: "tflite" }, "whole clip"],
    [base, { format: "onnx" }, "whole clip"],
  ] as const)("%#: %o %o passes, and the file carries its receipt", async (source, options, call) => {
    const backend = await nodeBackend({ threads: 1 });
    const { bytes, receipt } = await convertModel(source, { ...names, ...options, backend });
    expect(receipt).toMatchObject({ pass: true, source: { name: "source", call: "whole clip" } });
    expect(receipt.checks).toEqual([expect.objectContaining({ name: "result", call, pass: true })]);
    expect(receipt.difference).toBeLessThan(toleranceOf(receipt.result.dtype, receipt.scale));
    expect(JSON.parse(receiptIn[options.format](bytes) ?? "null")).toEqual(receipt);
  });

  test("a result that says something else does not pass", async () => {
    const backend = await nodeBackend({ threads: 1 });
    const bent: Backend = {
      name: "bent",
      compile(graph, weights, options) {
        const bias = weights.get("classifier2.bias") as { shape: readonly number[]; data: Float32Array };
        const moved = new Map(weights).set("classifier2.bias", {
          ...bias,
          data: bias.data.map((value) => value + 0.01),
        });
        return backend.compile(graph, moved, options);
      },
    };
    const { receipt } = await convertModel(model, { ...names, format: "onnx", backend: bent });
    expect(receipt).toMatchObject({ pass: false, difference: expect.closeTo(0.01, 4) });
  });

  test.each([
    [base, { format: "tflite", form: "step" }, /has no TFLite file of the form step/],
    [model, { format: "onnx", form: "official" }, /there are no onnx files of the form official\. Use step or clip/],
    [model, { format: "onnx", dtype: "dynamic_int8" }, /no onnx files of the precision dynamic_int8/],
    [model, { format: "safetensors", dtype: "float16" }, /no safetensors files of the precision float16/],
    [model, { format: "tflite", form: "clip" }, /needs its number of frames/],
  ] as const)("%#: what there is not", async (source, options, complaint) => {
    await expect(convertModel(source, { ...names, ...options, backend: referenceBackend })).rejects.toThrow(complaint);
  });
});

describe("verifyFiles", () => {
  test("every file in every way", async () => {
    const backend = await nodeBackend({ threads: 1 });
    const tflite = await convertModel(model, { ...names, format: "tflite", form: "official", backend });
    const onnx = await convertModel(model, { ...names, format: "onnx", backend });
    const files = [
      await openRunners(tflite.bytes, "a.tflite", backend),
      await openRunners(onnx.bytes, "b.onnx", backend),
    ];
    const receipt = await verifyFiles(files as [(typeof files)[number], ...typeof files]);
    expect(receipt).toMatchObject({ pass: true, source: { name: "a.tflite", call: "whole clip" } });
    const ways = receipt.checks.map(({ name, runtime, call }) => `${name}: ${runtime}, ${call}`);
    expect(ways).toEqual([
      "a.tflite: LiteRT.js wasm, frame by frame",
      "a.tflite: onnxruntime-node cpu, frame by frame",
      "a.tflite: reference interpreter, whole clip",
      "b.onnx: onnxruntime-node cpu, frame by frame",
    ]);
    for (const file of files) await file[Symbol.asyncDispose]();
  });
});

describe("compareRunners", () => {
  const says = (...answers: readonly (readonly number[])[]): Runner => ({
    name: "",
    runtime: "",
    call: "frame by frame",
    logits: async () => answers.map((logits) => Float32Array.from(logits)),
  });
  const clip = [[new Float32Array()]];

  test("answers are matched from the end; the greatest difference and the share of the same class are told", async () => {
    const source = says([1, 2], [3, 4], [5, 6]);
    const { checks, scale } = await compareRunners(source, [says([3, 4.5], [6.1, 6])], clip, "float32");
    expect(checks[0]?.difference).toBeCloseTo(1.1, 5);
    expect(checks[0]).toMatchObject({ sameClass: 0.5, pass: false });
    expect(scale).toBe(6);
  });

  test("no number is no match; no answer is no check; int8 may move logits where the class stays", async () => {
    const source = says([1, 2]);
    const nothing = await compareRunners(source, [says([Number.NaN, 2]), says()], clip, "float32");
    expect(nothing.checks).toHaveLength(1);
    expect(nothing).toMatchObject({ pass: false, difference: Number.POSITIVE_INFINITY });
    expect((await compareRunners(source, [says([1, 3])], clip, "int8")).pass).toBe(true);
    expect((await compareRunners(source, [says([3, 1])], clip, "int8")).pass).toBe(false);
  });

  test("the reference interpreter agrees, and keeps silent of what would take long", async () => {
    const backend = await nodeBackend({ threads: 1 });
    const noise = [noiseClip(model.spec, 3, 1)];
    const small = await compareRunners(
      clipRunner(model, "m", backend),
      [referenceRunner(model, "m")],
      noise,
      "float32",
    );
    expect(small.difference).toBeLessThan(1e-5);
    expect(small.checks).toHaveLength(1);
    const large = hashedModel("a0-stream", { classes: 5 });
    expect(await referenceRunner(large, "m").logits(noiseClip(large.spec, 20, 1))).toEqual([]);
  });
});
