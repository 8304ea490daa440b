/** What we export as TFLite computes what the network computes, and keeps the rules of its runtimes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { type Spec, type SpecName, type SpecOptions, specOf } from "../../../src/arch/spec.ts";
import { openFlatbuffer } from "../../../src/formats/tflite/read/flatbuffer.ts";
import { fields } from "../../../src/formats/tflite/read/schema.ts";
import { emitTflite, type TfliteForm } from "../../../src/formats/tflite/write/emit.ts";
import { defaultCard } from "../../../src/model/card.ts";
import type { Model } from "../../../src/model/model.ts";
import { hashedWeights } from "../../golden/material.ts";
import { distance, hashedModel, randomPictures } from "../../laws/models.ts";
import { clipLogits, interleaved, openOfficial, openStep } from "./hosts.ts";
import { openTflite } from "./interpreter.ts";

const small: SpecOptions = { classes: 5, resolution: { height: 32, width: 38 } };
const stream: readonly (readonly [SpecName, SpecOptions])[] = [
  ["a0-stream", {}],
  ["a0-stream", { convType: "3d", squeezeExcite: "3d", gate: "hard_sigmoid_a" }],
  ["a0-stream", { convType: "3d_2plus1d", squeezeExcite: "2d", gate: "sigmoid", activation: "swish" }],
  ["a0-stream", { squeezeExcite: "none", activation: "relu6", classifierActivation: "relu6" }],
  ["t0-stream", { positionalEncoding: true, classes: 1 }],
];

/** The largest difference between the logits of both stream forms, frame by frame, and those of the network on clips. */
function streamDistance(model: Model, frames: number): number {
  const { height, width } = model.spec.resolution;
  const picture = 3 * height * width;
  const clip = randomPictures(7, frames, height, width);
  const streams = [openStep(emitTflite(model)), openOfficial(emitTflite(model, { form: "official" }))];
  let worst = 0;
  for (let t = 0; t < frames; t++) {
    const expected = clipLogits(model, clip.subarray(0, (t + 1) * picture));
    for (const step of streams) {
      worst = Math.max(worst, distance(step(clip.subarray(t * picture, (t + 1) * picture)), expected));
    }
  }
  return worst;
}

function clipDistance(model: Model, frames: number): number {
  const { height, width } = model.spec.resolution;
  const picture = 3 * height * width;
  const clip = randomPictures(7, frames, height, width);
  const pictures = Array.from({ length: frames }, (_, t) => [
    ...interleaved(clip.subarray(t * picture, (t + 1) * picture)),
  ]);
  const { run } = openTflite(emitTflite(model, { form: "clip", frames }));
  return distance(run({ image: pictures.flat() })["logits"] ?? [], clipLogits(model, clip));
}

describe("logits of an exported file are those of the network", () => {
  test.each(stream)("%s %o, frame by frame", (name, options) => {
    const model = hashedModel(name, { ...small, ...options });
    expect(streamDistance(model, 3)).toBeLessThan(1e-4);
  });

  test.each([
    ["a0-base", {}],
    ["a0-base", { convType: "2plus1d", squeezeExcite: "2plus3d" }],
    ["t0-stream", { positionalEncoding: true }],
    ["a0-stream", { convType: "3d", squeezeExcite: "none" }],
  ] as const)("%s %o, a clip at once", (name, options) => {
    expect(clipDistance(hashedModel(name, { ...small, ...options }), 4)).toBeLessThan(1e-4);
  });

  test("of any network", () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const weights = hashedWeights(buildGraph(spec, { form: "clip", frames: 1 }).params);
        const model = { spec, weights, card: defaultCard(spec) };
        expect(clipDistance(model, 6)).toBeLessThan(1e-4);
        if (spec.mode === "base") return;
        expect(streamDistance(model, 6)).toBeLessThan(1e-4);
      }),
      { numRuns: 30 },
    );
  });
});

const width = fc.integer({ min: 1, max: 9 });
const layer = fc.record({
  expand: width,
  kernel: fc.record({ time: fc.constantFrom(1, 3, 5), space: fc.constantFrom(1, 3, 5) }),
});
const block = fc.record({
  filters: width,
  stride: fc.constantFrom(1, 2) as fc.Arbitrary<1 | 2>,
  layers: fc.array(layer, { minLength: 1, maxLength: 2 }),
});
const anySpec: fc.Arbitrary<Spec> = fc
  .record({
    mode: fc.constantFrom("stream", "stream", "base"),
    stem: width,
    blocks: fc.array(block, { minLength: 1, maxLength: 2 }),
    head: width,
    hidden: width,
    convType: fc.constantFrom("3d", "2plus1d", "3d_2plus1d"),
    squeezeExcite: fc.constantFrom("none", "2d", "3d", "2plus3d"),
    activation: fc.constantFrom("swish", "hard_swish", "relu6"),
    gate: fc.constantFrom("sigmoid", "hard_sigmoid_a", "hard_sigmoid_b"),
    classifierActivation: fc.constantFrom("swish", "hard_swish", "relu6"),
    positionalEncoding: fc.boolean(),
    classes: width,
    resolution: fc.record({ height: fc.integer({ min: 3, max: 17 }), width: fc.integer({ min: 3, max: 17 }) }),
  })
  .map((parts) => {
    const positionalEncoding = parts.positionalEncoding && parts.mode === "stream";
    return { ...specOf("a0-stream"), ...parts, positionalEncoding } as Spec;
  });

describe("a file keeps the rules", () => {
  const files: readonly (readonly [TfliteForm, Model])[] = stream.flatMap(([name, options]) => {
    const model = hashedModel(name, { ...small, ...options });
    return [["step", model] as const, ["official", model] as const];
  });

  test.each(files)("constants begin at multiples of 16 bytes: %s", (form, model) => {
    const bytes = emitTflite(model, { form });
    const { tensors } = openTflite(bytes).model;
    const starts = tensors.flatMap(({ data }) => (data ? [data.byteOffset - bytes.byteOffset] : []));
    expect(starts.length).toBeGreaterThan(20);
    expect(starts.filter((start) => start % 16 !== 0)).toEqual([]);
  });

  test.each(files)("a RESHAPE says its shape in its options, too, where tf2onnx reads it: %s", (form, model) => {
    const bytes = emitTflite(model, { form });
    const { operators, tensors } = openTflite(bytes).model;
    const file = openFlatbuffer(bytes);
    const [graph = 0] = file.tables(file.root(), fields.model.subgraphs, 1);
    const said = file.tables(graph, fields.subgraph.operators, operators.length).flatMap((table, i) => {
      if (operators[i]?.op !== "RESHAPE") return [];
      const options = file.table(table, fields.operator.options) ?? 0;
      return [file.numbers(options, 0, "int32", 8)];
    });
    const made = operators.filter(({ op }) => op === "RESHAPE").map(({ outputs: [i = -1] }) => tensors[i]?.shape);
    expect(made.length).toBeGreaterThan(0);
    expect(said).toEqual(made);
  });

  test.each(files)("in float16 kernels and biases are halves, as MNN's converter needs them: %s", (form, model) => {
    const { operators, tensors } = openTflite(emitTflite(model, { form, dtype: "float16" })).model;
    const makerOf = new Map(operators.flatMap(({ op, inputs, outputs }) => outputs.map((i) => [i, { op, inputs }])));
    const weights = operators
      .filter(({ op }) => op.endsWith("CONV_2D"))
      .flatMap(({ inputs: [, kernel = -1, bias = -1] }) => [makerOf.get(kernel), makerOf.get(bias)]);
    expect(weights.length).toBeGreaterThan(20);
    for (const made of weights) {
      expect(made?.op).toBe("DEQUANTIZE");
      expect(tensors[made?.inputs[0] ?? -1]?.type).toBe("float16");
    }
  });

  test.each(files.filter(([form]) => form === "step"))("what GPU delegates need: %s", (form, model) => {
    const { model: file } = openTflite(emitTflite(model, { form }));
    expect(Math.max(...file.tensors.map(({ shape }) => shape.length))).toBeLessThanOrEqual(4);
    const outputs = new Set(file.outputs);
    expect(outputs.size).toBe(file.outputs.length);
    expect(file.inputs.filter((tensor) => outputs.has(tensor))).toEqual([]);
    const read = new Set(file.operators.flatMap(({ inputs }) => inputs));
    expect(file.outputs.filter((tensor) => read.has(tensor))).toEqual([]);
    const states = new Set(file.inputs);
    const sums = file.operators.filter(({ op, inputs }) => op === "ADD" && inputs.some((i) => states.has(i)));
    expect(sums.filter(({ outputs: [made = -1] }) => outputs.has(made))).toEqual([]);
  });
});
