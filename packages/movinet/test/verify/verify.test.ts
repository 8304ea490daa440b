/** Conversions are compared with their source; a comparison that finds a mistake says so. */
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../src/arch/build.ts";
import { type Spec, specOf } from "../../src/arch/spec.ts";
import { ModelError } from "../../src/common/errors.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { litertEngine } from "../../src/engines/litert/litert.node.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { referenceEngine } from "../../src/engines/reference.ts";
import { readOnnx } from "../../src/formats/onnx/proto.ts";
import { openArchive } from "../../src/formats/pytorch/archive.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { openBundle } from "../../src/formats/tensorflow/read/bundle.ts";
import { readModel as readTfliteFile } from "../../src/formats/tflite/read/schema.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import type { Precision } from "../../src/graph/precision.ts";
import { defaultCard } from "../../src/model/card.ts";
import type { Model } from "../../src/model/model.ts";
import { Program } from "../../src/session/program.ts";
import { sceneClips, streamLengths } from "../../src/verify/clips.ts";
import { convertModel, type ExportFormat } from "../../src/verify/convert.node.ts";
import { compareRunners } from "../../src/verify/receipt.ts";
import { clipRunner, type Runner, referenceRunner, sessionRunner } from "../../src/verify/runner.ts";
import { openRunners, verifyFiles } from "../../src/verify/verify.node.ts";
import { brokenModels, brokenRunners, changed } from "../data/broken.ts";
import { hashedWeights } from "../golden/material.ts";
import { hashedModel } from "../laws/models.ts";
import { told } from "../told.ts";

const kernel = { time: 3, space: 3 } as const;
/** Two blocks of a network, for small pictures. */
function small(name: "a0-stream" | "a0-base"): Model {
  const spec: Spec = {
    ...specOf(name, { classes: 5, resolution: { height: 32, width: 44 }, squeezeExcite: "none" }),
    blocks: [
      { filters: 8, stride: 2, layers: [{ expand: 16, kernel }] },
      { filters: 16, stride: 2, layers: [{ expand: 16, kernel }] },
    ],
    head: 32,
    hidden: 32,
  };
  const weights = hashedWeights(buildGraph(spec, { form: "clip", frames: 1 }).params);
  return { spec, weights, card: { ...defaultCard(spec), frames: name === "a0-base" ? 4 : null } };
}
const model = small("a0-stream");
const base = small("a0-base");
const scenes = sceneClips(model.spec, streamLengths);
const names = { name: "source", resultName: "result" };
const x = { code: "E_MODEL_FORMAT", subject: "x", remedy: "x" };
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

const receiptIn: Record<
  ExportFormat,
  (bytes: Uint8Array, beside: ReadonlyMap<string, Uint8Array>) => string | undefined
> = {
  tflite: (bytes) => text(readTfliteFile(bytes, "x").metadata["movinet.receipt"]),
  onnx: (bytes) => readOnnx(bytes).metadata["movinet.receipt"],
  safetensors: (bytes) => openSafetensors(bytes, "x").metadata["movinet.receipt"],
  pt: (bytes) => openArchive(bytes, "x").texts()["movinet.receipt"],
  checkpoint: (index, shards) =>
    text(openBundle({ index, shards }, (problem) => new ModelError({ ...x, problem })).text("movinet.receipt")),
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
    [model, { format: "pt" }, "frame by frame"],
    [model, { format: "checkpoint" }, "frame by frame"],
    [base, { format: "tflite" }, "whole clip"],
    [base, { format: "onnx" }, "whole clip"],
  ] as const)("%#: %o %o passes, and the file carries its receipt", async (source, options, call) => {
    const engine = await nodeEngine({ threads: 1 });
    const { bytes, beside, receipt } = await convertModel(source, { ...names, ...options, engine });
    expect(receipt).toMatchObject({ pass: true, source: { name: "source", call: "whole clip" } });
    expect(receipt.checks).toEqual([expect.objectContaining({ name: "result", call, pass: true })]);
    expect(receipt.checks[0]?.error).toBeLessThan(receipt.limits.error / 2);
    expect(receipt.controls.length).toBe(source === base ? 3 : 4);
    expect(receipt.controls.every(({ fails }) => fails)).toBe(true);
    expect(JSON.parse(receiptIn[options.format](bytes, beside) ?? "null")).toEqual(receipt);
  });

  test("a PyTorch file says what the public port has instead", async () => {
    const options = { ...names, format: "pt", engine: await nodeEngine({ threads: 1 }) } as const;
    const squeezed = hashedModel("a0-stream", { classes: 2, resolution: { height: 32, width: 32 } });
    expect((await convertModel(squeezed, options)).warnings).toEqual([
      "the public PyTorch port builds a different network for these weights: gate hard sigmoid A instead of hard sigmoid B",
    ]);
    const equal = { ...squeezed, spec: { ...squeezed.spec, gate: "hard_sigmoid_a" } } as const;
    expect((await convertModel(equal, options)).warnings).toEqual([]);
  });

  test("a checkpoint says what the official code has instead", async () => {
    const options = { ...names, format: "checkpoint", engine: await nodeEngine({ threads: 1 }) } as const;
    const squeezed = hashedModel("a0-stream", { classes: 2, resolution: { height: 32, width: 32 } });
    expect((await convertModel(squeezed, options)).warnings).toEqual([]);
    const older = { ...squeezed, spec: { ...squeezed.spec, gate: "hard_sigmoid_a" } } as const;
    expect((await convertModel(older, options)).warnings).toEqual([
      "the current official code builds a different network for these weights: gate hard sigmoid B instead of hard sigmoid A",
    ]);
  });

  test("a result that says something else does not pass", async () => {
    const engine = await nodeEngine({ threads: 1 });
    const bent: Engine = {
      ...engine,
      name: "bent",
      load(source, options) {
        if (!("weights" in source)) return engine.load(source, options);
        const { weights } = source;
        const bias = weights.get("classifier2.bias") as { shape: readonly number[]; data: Float32Array };
        const moved = new Map(weights).set("classifier2.bias", {
          ...bias,
          data: bias.data.map((value, i) => value + (i === 0 ? 0.01 : 0)),
        });
        return engine.load({ ...source, weights: moved }, options);
      },
    };
    const { receipt } = await convertModel(model, { ...names, format: "onnx", engine: bent });
    expect(receipt).toMatchObject({ pass: false, difference: expect.closeTo(0.008, 4) });
  });

  test.each([
    [base, { format: "tflite", form: "step" }, /has no TFLite step form/],
    [model, { format: "onnx", form: "official" }, /onnx files do not support form official\. Use step or clip/],
    [model, { format: "onnx", dtype: "dynamic_int8" }, /onnx files do not support precision dynamic_int8/],
    [model, { format: "safetensors", dtype: "float16" }, /safetensors files do not support precision float16/],
    [model, { format: "pt", dtype: "float16" }, /pt files do not support precision float16/],
    [model, { format: "checkpoint", dtype: "float16" }, /checkpoint files do not support precision float16/],
    [model, { format: "tflite", form: "clip" }, /needs a number of frames/],
  ] as const)("%#: what there is not", async (source, options, complaint) => {
    await expect(convertModel(source, { ...names, ...options, engine: referenceEngine })).rejects.toThrow(
      told("E_MODEL_EXPORT", complaint),
    );
  });
});

describe("verifyFiles", () => {
  test("every file in every way", async () => {
    const engine = await nodeEngine({ threads: 1 });
    const tflite = await convertModel(model, { ...names, format: "tflite", form: "official", engine });
    const onnx = await convertModel(model, { ...names, format: "onnx", engine });
    const files = [
      await openRunners(tflite.bytes, "a.tflite", engine),
      await openRunners(onnx.bytes, "b.onnx", engine),
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

  test("hears of an abort between clips, of ways that never wait", async () => {
    const answers = (name: string): Runner => ({
      ...{ name, runtime: "computes without a pause", arithmetic: "float32", call: "whole clip", frames: null },
      logits: async (clip) => [Float32Array.from([clip.length, 0, 1, 2, 3])],
    });
    const file = { name: "a", format: "safetensors", dtype: "float32", model } as const;
    const runners = [answers("a"), answers("b")];
    const opened = { ...file, runners, [Symbol.asyncDispose]: async () => {} };
    const abort = new AbortController();
    setImmediate(() => abort.abort(new Error("enough")));
    await expect(verifyFiles([opened], { clips: scenes, signal: abort.signal })).rejects.toThrow("enough");
  });
});

describe("compareRunners", () => {
  /** A way that answers the n-th clip it is asked for with the n-th of these lists. */
  const says = (...clips: readonly (readonly (readonly number[])[])[]): Runner => ({
    name: "",
    runtime: "",
    arithmetic: "float32",
    call: "frame by frame",
    frames: null,
    logits: async ([frame]) => (clips[frame?.[0] as number] ?? []).map((logits) => Float32Array.from(logits)),
  });
  const clips = [0, 1].map((i) => [Float32Array.of(i)]);
  /** Does not know the controls apart: they need not fail here. */
  const checksOf = async (source: Runner, others: readonly Runner[], dtype: Precision) =>
    (await compareRunners(source, others, clips, dtype)).checks;

  test("answers are matched from the end; difference, error and the share of the same class are told", async () => {
    const source = says(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [[6, 5]],
    );
    const other = says(
      [
        [3, 4.5],
        [6.1, 6],
      ],
      [[6, 5]],
    );
    const [check] = await checksOf(source, [other], "float32");
    expect(check).toMatchObject({ answers: 3, pass: false, fails: expect.arrayContaining(["error", "margin"]) });
    expect(check?.difference).toBeCloseTo(0.55, 5);
    expect(check?.sameClass).toBeCloseTo(2 / 3, 5);
  });

  test("no number is no match, on either side; no answer is no check; no check is no pass", async () => {
    const sound = says([[1, 2]], [[2, 1]]);
    const broken = says([[Number.NaN, 2]], [[2, 1]]);
    const infinite = says([[1, 2]], [[Number.POSITIVE_INFINITY, 1]]);
    for (const [source, other] of [
      [sound, broken],
      [broken, sound],
      [broken, broken],
      [sound, infinite],
      [infinite, infinite],
    ] as const) {
      const receipt = await compareRunners(source, [other, says()], clips, "int8");
      expect(receipt.checks).toEqual([expect.objectContaining({ pass: false, fails: ["numbers"] })]);
      expect(receipt).toMatchObject({ pass: false, difference: null });
    }
    expect(await compareRunners(sound, [says()], clips, "float32")).toMatchObject({
      pass: false,
      problem: "nothing was compared",
    });
  });

  test("a source that answers every clip alike proves nothing", async () => {
    const constant = says([[1, 2]], [[1, 2]]);
    expect(await compareRunners(constant, [constant], clips, "int8")).toMatchObject({
      pass: false,
      spread: 0,
      problem: "it gives every clip the same answer",
    });
  });

  test("a number added to all logits changes nothing of a softmax, and much of a sigmoid", async () => {
    const source = says([[1, 2]], [[2, 1]]);
    const shifted = says([[101, 102]], [[102, 101]]);
    const [check] = await checksOf(source, [shifted], "float32");
    expect(check).toMatchObject({ pass: true, error: 0 });
    const { checks } = await compareRunners(source, [shifted], clips, "float32", { output: "sigmoid" });
    expect(checks[0]).toMatchObject({ pass: false, difference: 100 });
  });

  test("a comparison that a still picture would pass proves nothing", async () => {
    const source = says([[1, 2]], [[2, 1]]);
    const receipt = await compareRunners(source, [source], clips, "float32");
    expect(receipt).toMatchObject({ pass: false, problem: expect.stringContaining('the control "zeroed state"') });
    expect(receipt.checks).toEqual([expect.objectContaining({ pass: true })]);
    expect(receipt.controls).toMatchObject([
      { name: "constant answer", error: 1, correlation: 0, fails: true },
      { name: "other clips", error: 2, fails: true },
      { name: "zeroed state", error: 0, fails: false },
      { name: "no time", error: 0, fails: false },
    ]);
  });

  test("the reference interpreter agrees, and keeps silent of what would take long", async () => {
    const engine = await nodeEngine({ threads: 1 });
    const whole = clipRunner(model, "m", engine);
    const { checks, difference } = await compareRunners(whole, [referenceRunner(model, "m")], scenes, "float32");
    await whole.close();
    expect(difference).toBeLessThan(1e-5);
    expect(checks).toMatchObject([{ answers: 8, pass: true }]);
    const large = hashedModel("a0-stream", { classes: 5 });
    const frame = new Float32Array(3 * 172 * 172);
    expect(await referenceRunner(large, "m").logits(new Array(20).fill(frame))).toEqual([]);
  });
});

describe("broken files", () => {
  /** Every frame shows another scene than the one before it: so small a network hardly sees slower changes. */
  const shown = sceneClips(model.spec, new Array(8).fill(8));
  const clips = streamLengths.map((length, i) =>
    Array.from({ length }, (_, t) => shown[(i + 3 * t) % 8]?.[t] as Float32Array),
  );

  test.each([
    ["float32", "float32"],
    ["float16", "float16"],
    ["dynamic_int8", "dynamic_int8"],
    ["dynamic_int8", "int8"],
  ] as const)(
    "%s judged as %s: a sound file passes, each broken one fails, each control fails",
    async (dtype, judged) => {
      const program = Program.prepare(model, await nodeEngine({ threads: 1 }));
      const source = sessionRunner(program, "source");
      const litert = await litertEngine();
      const judge = async (written: Model, wrap: (runner: Runner) => Runner = (runner) => runner) => {
        const file = await Program.open(emitTflite(written, { form: "step", dtype }), "file", litert);
        const receipt = await compareRunners(source, [wrap(sessionRunner(file, "file"))], clips, judged);
        await file[Symbol.asyncDispose]();
        return receipt;
      };
      const sound = await judge(model);
      expect(sound).toMatchObject({ pass: true, problem: null });
      expect(sound.controls.map(({ name, fails }) => [name, fails])).toEqual([
        ["constant answer", true],
        ["other clips", true],
        ["zeroed state", true],
        ["no time", true],
      ]);
      const passing: string[] = [];
      for (const [name, wrap] of Object.entries(brokenRunners)) if ((await judge(model, wrap)).pass) passing.push(name);
      for (const [name, breakIt] of Object.entries(brokenModels)) {
        if ((await judge(breakIt(model))).pass) passing.push(`written: ${name}`);
      }
      // Its three taps matter less than int8 moves the answers of so small a network: the slow test has a real one.
      expect(passing).toEqual(judged === "int8" ? ["written: no time"] : []);
      await program[Symbol.asyncDispose]();
    },
  );

  test("a constant network is no match for one whose biases are 100 higher, in float16", async () => {
    const shift = changed(
      model,
      (name) => name === "classifier2.bias",
      (value) => value + 100,
    );
    const constant = brokenModels["constant"]?.(shift) as Model;
    const litert = await litertEngine();
    const program = Program.prepare(shift, await nodeEngine({ threads: 1 }));
    const file = await Program.open(emitTflite(constant, { form: "step", dtype: "float16" }), "file", litert);
    const receipt = await compareRunners(
      sessionRunner(program, "source"),
      [sessionRunner(file, "file")],
      clips,
      "float16",
    );
    expect(receipt.checks).toMatchObject([{ pass: false, fails: expect.arrayContaining(["error", "correlation"]) }]);
    await file[Symbol.asyncDispose]();
    await program[Symbol.asyncDispose]();
  });
});
