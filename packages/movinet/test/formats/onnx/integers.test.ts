/** int8 ONNX files: ONNX Runtime computes them with the integers of LiteRT.js, and they are read as they were written. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SpecName, SpecOptions } from "../../../src/arch/spec.ts";
import { readModel, writeModel } from "../../../src/formats/model-file.ts";
import { emitOnnxGraph } from "../../../src/formats/onnx/write/emit.ts";
import { emitOnnx } from "../../../src/formats/onnx/write/file.ts";
import { emitTflite } from "../../../src/formats/tflite/write/emit.ts";
import { lowerForTflite } from "../../../src/formats/tflite/write/lower.ts";
import { onGrid } from "../../../src/graph/integers.ts";
import { runNode } from "../../../src/graph/interpret.ts";
import { type Graph, inputsOf } from "../../../src/graph/ir.ts";
import { resolveParams } from "../../../src/graph/params.ts";
import { quantizeGraph, writtenBy } from "../../../src/graph/quantize.ts";
import type { Model } from "../../../src/model/model.ts";
import { openFile } from "../../../src/verify/open-file.node.ts";
import { hashedModel, randomPictures } from "../../laws/models.ts";
import { picturesOf, quantizedModel, relu6 } from "../quantized.ts";
import { partsOf } from "./parts.ts";

const int8 = { dtype: "int8" } as const;
const networks: readonly (readonly [string, SpecName, SpecOptions])[] = [
  ["ReLU6 without gates", "a0-stream", relu6],
  ["3-D convolutions", "t0-stream", { ...relu6, convType: "3d" }],
  ["hard swish with gates", "a0-stream", {}],
  ["positions and swish", "t0-stream", { positionalEncoding: true, activation: "swish", gate: "sigmoid" }],
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-qdq-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(networks)("%s", (title, name, options) => {
  let model: Model;
  beforeAll(async () => {
    model = await quantizedModel(name, options);
  });

  test("every op that ONNX Runtime computes is within one quantum of the interpreter's integers", async () => {
    const lowered = lowerForTflite(model.spec, { form: "step", dtype: "int8", frames: 1 });
    const graph = quantizeGraph(lowered, model.weights, model.integers ?? { ranges: {}, floats: [] });
    const { differences, kinds } = await compareOps(graph, model);
    expect(differences.filter(({ quanta }) => quanta > 1)).toEqual([]);
    expect(kinds).toEqual(expect.arrayContaining(["conv", "depthwise", "add", "averagePool"]));
  });

  test("it says what LiteRT.js says", async () => {
    const pictures = picturesOf(3, 6);
    const answers = async (bytes: Uint8Array, format: "onnx" | "tflite") => {
      const file = await openFile({ bytes, name: title, format, card: {} });
      return file.runner.logits(pictures).finally(() => file.close());
    };
    const [onnx, tflite] = [
      await answers(emitOnnx(model, int8), "onnx"),
      await answers(emitTflite(model, int8), "tflite"),
    ];
    const all = tflite.flatMap((row) => [...row]);
    const quantum = Math.min(...all.flatMap((a) => all.map((b) => Math.abs(a - b)).filter((gap) => gap > 1e-6)));
    const worst = Math.max(...onnx.flatMap((row) => [...row]).map((value, i) => Math.abs(value - (all[i] as number))));
    // Activations other than ReLU6 have kernels that round in their own ways.
    expect(worst / quantum).toBeLessThan(options.activation === "relu6" ? 2.5 : 20);
  });

  test("it is read with its integers, and written again bit for bit", () => {
    const bytes = emitOnnx(model, int8);
    const read = readModel(bytes, "small.onnx");
    expect(read.integers).toEqual(model.integers);
    expect(emitOnnx(read, int8)).toEqual(bytes);
    expect(emitTflite(read, int8)).toEqual(emitTflite(model, int8));
  });

  test("a safetensors file has its integers too", () => {
    const read = readModel(writeModel(model), "small.safetensors");
    expect(read.integers).toEqual(model.integers);
    expect(emitTflite(read, int8)).toEqual(emitTflite(model, int8));
    expect(emitOnnx(read, int8)).toEqual(emitOnnx(model, int8));
  });
});

describe("ONNX Runtime", () => {
  const optimized = async (model: Model) => {
    const file = join(folder, "optimized.onnx");
    const session = await InferenceSession.create(emitOnnx(model, int8), {
      graphOptimizationLevel: "all",
      optimizedModelFilePath: file,
      logSeverityLevel: 3,
    });
    await session.release();
    return Object.groupBy(partsOf(await readFile(file)).nodes, ({ op }) => op);
  };

  test("has an integer kernel for everything but the sums over time", async () => {
    const found = await optimized(await quantizedModel("a0-stream", relu6));
    // stem, 15 layers of expansion, depthwise and projection, 11 over time, 4 skips, head, two dense layers
    expect(found["QLinearConv"]).toHaveLength(1 + 3 * 15 + 11 + 4 + 3);
    expect(found["QLinearAdd"]).toHaveLength(15);
    expect(found["QLinearGlobalAveragePool"]).toHaveLength(1);
    expect(Object.keys(found)).not.toEqual(expect.arrayContaining(["Conv"]));
    expect(Object.keys(found)).not.toEqual(expect.arrayContaining(["Clip"]));
    expect(found["Add"]?.length).toBe(1 + 4);
  });

  test("convolutions that stay floats are floats", async () => {
    const floats = ["block1.layer0.expansion.norm", "block1.layer0.temporal.norm", "classifier1"];
    const found = await optimized(await quantizedModel("a0-stream", relu6, floats));
    expect(found["QLinearConv"]).toHaveLength(1 + 3 * 15 + 11 + 4 + 3 - 3);
    expect(found["Conv"]).toHaveLength(3);
  });
});

describe("refusals", () => {
  const refusal = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });

  test("a model without integers, a clip, a base model", async () => {
    const model = await quantizedModel("t0-stream", relu6);
    const { integers, ...rest } = model;
    expect(() => emitOnnx(rest, int8)).toThrow(refusal("E_MODEL_EXPORT", /needs the ranges of its values/));
    expect(() => emitOnnx(model, { ...int8, form: "clip", frames: 2 })).toThrow(
      refusal("E_MODEL_EXPORT", /no int8 ONNX files of whole clips\. Use the step form/),
    );
    const base = hashedModel("a0-base", { classes: 3, resolution: { height: 32, width: 32 } });
    expect(() => emitOnnx({ ...base, integers }, { ...int8, frames: 2 })).toThrow(
      refusal("E_MODEL_EXPORT", /no int8 ONNX files of whole clips/),
    );
  });

  test("a file with a tensor less, or without the scales of one", async () => {
    const bytes = emitOnnx(await quantizedModel("t0-stream", relu6), int8);
    const without = (tensor: string) => {
      const copy = Buffer.from(bytes);
      for (let at = copy.indexOf(tensor); at >= 0; at = copy.indexOf(tensor, at + 1)) copy.write("x", at);
      return new Uint8Array(copy);
    };
    for (const tensor of ["classifier2.bias/int32", "classifier2.bias/scale"]) {
      expect(() => readModel(without(tensor), "small.onnx")).toThrow(
        refusal("E_MODEL_TENSORS", /1 missing: classifier2\.bias/),
      );
    }
  });
});

/** Runs a quantized graph in ONNX Runtime, and every node that makes integers in the interpreter, on what ONNX Runtime gave it. */
async function compareOps(graph: Graph, { weights }: Model) {
  const types = graph.types ?? {};
  const made = new Map(graph.nodes.map((node) => [node.id, node]));
  const written = writtenBy(graph);
  const isWindow = (value: string) => made.get(value)?.op === "join";
  const values = Object.keys(types).filter((value) => !isWindow(value) && made.get(value)?.op !== "input");
  const session = await InferenceSession.create(emitOnnxGraph(graph, weights, { outputs: values }), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const known: Record<string, Float64Array> = {};
  const feeds: Record<string, Tensor> = {};
  for (const [i, node] of graph.nodes.entries()) {
    if (node.op !== "input") continue;
    const { channels, height, width } = node.shape;
    const type = types[node.id];
    // On the whole grid; what is no integer is a clock or a sum.
    const scale = type?.quantization?.scale[0] ?? 1 / 255;
    const zero = type?.quantization?.zeroPoint[0] ?? -128;
    const numbers = randomPictures(i, 1, Math.ceil((channels * height * width) / 3), 1).subarray(
      0,
      channels * height * width,
    );
    const data = numbers.map((value) => scale * (255 * value - 128 - zero));
    feeds[node.id] = new Tensor(data, [1, channels, height, width]);
    known[node.id] = type ? onGrid(data, type) : Float64Array.from(data);
  }
  const outputs = await session.run(feeds);
  await session.release();
  for (const value of values) known[value] = Float64Array.from(outputs[value]?.data as Float32Array);
  const own = resolveParams(graph, weights);
  const param = (name: string) => {
    const type = graph.params[name]?.type;
    return type?.quantization ? Float32Array.from(onGrid(own(name), type)) : own(name);
  };
  const differences: { readonly value: string; readonly quanta: number }[] = [];
  const kinds = new Set<string>();
  for (const node of graph.nodes) {
    const value = written(node);
    const type = types[value];
    if (!type?.quantization || node.op === "input" || node.op === "join") continue;
    const run = { shapes: graph.shapes, batch: 1, values: { ...known }, param };
    const frames = made.get(inputsOf(node)[0] as string);
    if (frames?.op === "join") run.values[frames.id] = runNode(frames, run);
    if (inputsOf(node).some((input) => run.values[input] === undefined)) continue;
    run.values[node.id] = runNode(node, run);
    const reader = made.get(value);
    const said = onGrid(value === node.id || !reader ? (run.values[value] ?? []) : runNode(reader, run), type);
    const step = type.quantization.scale[0] as number;
    const quanta = said.map((number, i) => Math.round(Math.abs(number - (known[value]?.[i] as number)) / step));
    differences.push({ value, quanta: Math.max(...quanta) });
    kinds.add(node.op);
  }
  return { differences, kinds: [...kinds] };
}
