/** The integers of a file of another converter are found, or it is said why they are not kept. */
import { describe, expect, test } from "vitest";
import { importTflite } from "../../../src/formats/tflite/read/import.ts";
import { readModel as readFile, type TfliteModel } from "../../../src/formats/tflite/read/schema.ts";
import { emitTflite } from "../../../src/formats/tflite/write/emit.ts";
import { lowerForTflite } from "../../../src/formats/tflite/write/lower.ts";
import { interpret } from "../../../src/graph/interpret.ts";
import type { Integers, Range } from "../../../src/graph/quantize.ts";
import type { Model } from "../../../src/model/model.ts";
import { hashedModel } from "../../laws/models.ts";
import { integerOperators, keysOf } from "./integer-operators.ts";

describe("a generated network with the steps of a converter", () => {
  const size = { classes: 5, resolution: { height: 24, width: 24 } };
  const networks = {
    "hard swish with gates": hashedModel("a0-stream", size),
    "ReLU6 without gates": hashedModel("a0-stream", {
      ...size,
      activation: "relu6",
      classifierActivation: "relu6",
      squeezeExcite: "none",
    }),
  };

  test.each(Object.entries(networks))("%s: the integers of a file without our metadata are found", (_, model) => {
    const quantized = { ...model, integers: rangesOf(model) };
    const written = emitTflite(quantized, { form: "official", dtype: "int8" });
    const found = importTflite({ ...readFile(written, "file"), metadata: {} }, "file");
    const { integers, spec, weights } = found;
    if (typeof integers === "string" || integers === null) throw new Error(`not kept: ${integers}`);
    expect(Object.keys(integers.ranges).toSorted()).toEqual(Object.keys(quantized.integers.ranges).toSorted());
    const again = emitTflite({ ...model, spec, weights, integers }, { form: "official", dtype: "int8" });
    expect(keysOf(integerOperators(readFile(again, "file")))).toEqual(
      keysOf(integerOperators(readFile(written, "file"))),
    );
  });

  const damages: Readonly<Record<string, [RegExp, (file: TfliteModel) => TfliteModel]>> = {
    "a scale of a kernel that its numbers do not have": [
      /the scales of .* are not those that stem\.kernel/,
      (file) =>
        changed(file, "stem.kernel", ({ scale, ...rest }) => ({ ...rest, scale: scale.map((step) => step * 1.5) })),
    ],
    "a bias with a scale of its own": [
      /the scales of .* are not those that stem\.norm\.beta/,
      (file) =>
        changed(file, "stem.norm.beta", ({ scale, ...rest }) => ({ ...rest, scale: scale.map((step) => step * 1.5) })),
    ],
    "values with a scale for each channel": [
      /the values of .* have no single scale/,
      (file) =>
        changed(file, "head.activation", ({ zeroPoint, axis }) => ({
          scale: [0.1, 0.2],
          zeroPoint: [...zeroPoint, 0],
          axis,
        })),
    ],
  };
  test.each(Object.entries(damages))("%s is not kept, and the import says why", (_, [why, damage]) => {
    const model = networks["ReLU6 without gates"];
    const written = emitTflite({ ...model, integers: rangesOf(model) }, { form: "official", dtype: "int8" });
    const { integers, weights } = importTflite({ ...damage(readFile(written, "file")), metadata: {} }, "file");
    expect(integers).toMatch(why);
    expect(weights.size).toBe(model.weights.size);
  });
});

function changed(
  file: TfliteModel,
  name: string,
  change: (
    grid: NonNullable<TfliteModel["tensors"][number]["quantization"]>,
  ) => TfliteModel["tensors"][number]["quantization"],
): TfliteModel {
  const isIt = (tensor: TfliteModel["tensors"][number]) => tensor.name === name && tensor.quantization !== null;
  expect(file.tensors.some(isIt)).toBe(true);
  const tensors = file.tensors.map((tensor) =>
    isIt(tensor) && tensor.quantization ? { ...tensor, quantization: change(tensor.quantization) } : tensor,
  );
  return { ...file, tensors };
}

/** The ranges of one frame, for what a converter makes integers. */
function rangesOf({ spec, weights }: Model): Integers {
  const integers: Integers = { ranges: {}, floats: [], steps: "converter" };
  const graph = lowerForTflite(spec, { form: "step", dtype: "int8", frames: 1 }, integers);
  const inputs = graph.nodes.flatMap((node) => {
    if (node.op !== "input") return [];
    const { channels, height, width } = node.shape;
    const data = new Float64Array(channels * height * width);
    if (node.role === "image") for (let i = 0; i < data.length; i++) data[i] = (i * 0.381966) % 1;
    return [[node.id, node.role === "inverseCount" ? [1] : data] as const];
  });
  const values = interpret(graph, weights, Object.fromEntries(inputs));
  const extremes = (value: string): Range => {
    const numbers = values[value] as Float64Array;
    return [Math.min(0, ...numbers), Math.max(0, ...numbers)];
  };
  const floats = new Set([
    "inverse_count",
    ...graph.nodes.flatMap((node) => (node.op === "multiply" && node.b === "inverse_count" ? [node.id] : [])),
  ]);
  const fused = new Set(
    graph.nodes.flatMap((node) => (node.op === "activation" && node.kind === "relu6" ? [node.x] : [])),
  );
  const ranges = Object.fromEntries(
    graph.nodes.flatMap(({ id }) => (floats.has(id) || fused.has(id) ? [] : [[id, extremes(id)] as const])),
  );
  const sigmoids = graph.nodes.flatMap((node) =>
    node.op === "activation" && node.kind === "sigmoid" ? [node.id] : [],
  );
  const head = graph.nodes.find(({ id }) => id === "classifier1");
  const pooled = head?.op === "conv" ? { [head.x]: extremes(head.x) } : {};
  const fixed = Object.fromEntries(sigmoids.map((id): [string, Range] => [id, [0, 255 / 256]]));
  return { ...integers, ranges: { ...ranges, ...pooled, ...fixed } };
}
