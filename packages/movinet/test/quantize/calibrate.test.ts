/** A small network is calibrated on streams, written as int8 and run by LiteRT.js. */
import { beforeAll, describe, expect, test } from "vitest";
import type { SpecOptions } from "../../src/arch/spec.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { litertEngine } from "../../src/engines/litert/litert.node.ts";
import { referenceEngine } from "../../src/engines/reference.ts";
import { readModel } from "../../src/formats/model-file.ts";
import { readModel as readFile } from "../../src/formats/tflite/read/schema.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import { lowerForTflite } from "../../src/formats/tflite/write/lower.ts";
import { interpret } from "../../src/graph/interpret.ts";
import { quantizedValues, type Range } from "../../src/graph/quantize.ts";
import type { Model } from "../../src/model/model.ts";
import { type Calibration, calibrate } from "../../src/quantize/calibrate.ts";
import { Program } from "../../src/session/program.ts";
import { hashedModel, randomPictures } from "../laws/models.ts";

const side = 24;
const size: SpecOptions = { classes: 5, resolution: { height: side, width: side } };
const networks = {
  "ReLU6 without gates": { activation: "relu6", classifierActivation: "relu6", squeezeExcite: "none" },
  "hard swish with gates": {},
} as const satisfies Readonly<Record<string, SpecOptions>>;

function picturesOf(seed: number, count: number): Float32Array[] {
  const all = randomPictures(seed, count, side, side);
  return Array.from({ length: count }, (_, t) => all.subarray(t * 3 * side * side, (t + 1) * 3 * side * side));
}

async function* clip(pictures: readonly Float32Array[]) {
  yield* pictures;
}

let litert: Engine;
beforeAll(async () => {
  litert = await litertEngine();
});

describe.each(Object.entries(networks))("%s", (_, options) => {
  const model = hashedModel("a0-stream", { ...size, ...options });
  const clips = [picturesOf(1, 4), picturesOf(2, 3)];
  let found: Calibration;
  let quantized: Model;
  beforeAll(async () => {
    found = await calibrate(model, referenceEngine, clips.map(clip));
    quantized = { ...model, integers: { ranges: found.ranges("minmax"), floats: [] } };
  });

  /** The logits of all frames of the first clip. */
  async function logitsOf(program: Program): Promise<readonly number[]> {
    const session = await program.openStream();
    const logits: number[] = [];
    for (const picture of clips[0] as Float32Array[]) logits.push(...(await session.step(picture)).logits);
    await program[Symbol.asyncDispose]();
    return logits;
  }

  test("ranges are those of whole streams, and a slot's that of what it remembers", () => {
    const graph = lowerForTflite(model.spec, { form: "step", dtype: "int8", frames: 1 });
    const extremes = new Map<string, Range>();
    for (const pictures of clips) {
      let states: Record<string, ArrayLike<number>> = {};
      for (const [t, image] of pictures.entries()) {
        const feeds = Object.fromEntries(
          graph.nodes.flatMap((node) => {
            if (node.op !== "input") return [];
            const { channels, height, width } = node.shape;
            const zeros = new Float64Array(channels * height * width);
            const own = { image, inverseCount: [1 / (t + 1)], position: [t] } as Readonly<
              Record<string, ArrayLike<number>>
            >;
            return [[node.id, own[node.role] ?? states[node.id] ?? zeros]];
          }),
        );
        const values = interpret(graph, model.weights, feeds);
        for (const [value, numbers] of Object.entries(values)) {
          const [low, high] = extremes.get(value) ?? [0, 0];
          extremes.set(value, [Math.min(low, ...numbers), Math.max(high, ...numbers)]);
        }
        states = Object.fromEntries(
          graph.states.flatMap((state): [string, ArrayLike<number>][] => {
            if (state.kind === "sum") return [[state.input, values[state.output] as Float64Array]];
            if (state.kind === "count") return [];
            const window = [...state.slots, state.newest[0] as string].map((value) => values[value] as Float64Array);
            return state.slots.map((slot, k) => [slot, window[k + 1] as Float64Array]);
          }),
        );
      }
    }
    expect(found.frames).toBe(7);
    const ranges = found.ranges("minmax");
    expect(Object.keys(ranges)).toEqual(quantizedValues(graph));
    const newest = new Map(
      graph.states.flatMap((state) =>
        state.kind === "buffer" ? state.slots.map((slot) => [slot, state.newest[0] as string] as const) : [],
      ),
    );
    for (const [value, [low, high]] of Object.entries(ranges)) {
      const role = graph.nodes.find(({ id }) => id === value);
      const isImage = role?.op === "input" && role.role === "image";
      const expected = isImage ? [0, 1] : (extremes.get(newest.get(value) ?? value) as Range);
      expect([value, low]).toEqual([value, expect.closeTo(expected[0] as number, 4)]);
      expect([value, high]).toEqual([value, expect.closeTo(expected[1] as number, 4)]);
    }
  });

  test("the step and the official form give the same numbers, near those of floats", async () => {
    const run = (form: "step" | "official") =>
      Program.open(emitTflite(quantized, { form, dtype: "int8" }), form, litert).then(logitsOf);
    const [step, official] = [await run("step"), await run("official")];
    expect(official).toEqual(step);
    const floats = await logitsOf(Program.prepare(model, referenceEngine));
    const spread = Math.max(...floats) - Math.min(...floats);
    const worst = Math.max(...floats.map((value, i) => Math.abs(value - (step[i] as number))));
    expect(worst).toBeLessThan(0.1 * spread);
  });

  test.each(["step", "official"] as const)("a file in the form %s is read and written again, bit for bit", (form) => {
    const bytes = emitTflite(quantized, { form, dtype: "int8" });
    const read = readModel(bytes, "int8");
    expect(read.integers).toEqual(quantized.integers);
    expect(emitTflite(read, { form, dtype: "int8" })).toEqual(bytes);
  });

  test("a convolution that stays float takes floats in the file, and only large kernels are integers for storage", () => {
    const ids = ["block1.layer0.expansion.norm", "classifier1"];
    const float = { ...quantized, integers: { ranges: found.ranges("minmax"), floats: ids } };
    const kernels = (bytes: Uint8Array) => {
      const { operators, tensors } = readFile(bytes, "int8");
      return operators.flatMap(({ op, inputs: [x = -1, kernel = -1] }) => {
        const { type, shape } = tensors[kernel] ?? { shape: [] };
        const isLarge = shape.reduce((product, size) => product * size, 1) >= 1024;
        return op === "CONV_2D" && tensors[x]?.type === "float32" ? [{ type, isLarge }] : [];
      });
    };
    expect(kernels(emitTflite(quantized, { dtype: "int8" }))).toEqual([]);
    expect(kernels(emitTflite(float, { dtype: "int8" }))).toEqual([
      { type: "float32", isLarge: false },
      { type: "int8", isLarge: true },
    ]);
  });

  test.each([
    ["expansions", /expansion/],
    ["convolutions over space", /feature/],
    ["convolutions over time", /temporal/],
    ["projections", /rezero|projection/],
    ["all", /./],
  ])("%s as floats leave the numbers near those of floats", async (_, pattern) => {
    const graph = lowerForTflite(model.spec, { form: "step", dtype: "int8", frames: 1 });
    const weighted = graph.nodes.filter(({ op }) => op === "conv" || op === "depthwise").map(({ id }) => id);
    const floats = weighted.filter((id) => pattern.test(id));
    expect(floats.length).toBeGreaterThan(0);
    const mixed = { ...model, integers: { ranges: found.ranges("minmax"), floats } };
    const own = await logitsOf(Program.prepare(model, referenceEngine));
    for (const form of ["step", "official"] as const) {
      const bytes = emitTflite(mixed, { form, dtype: "int8" });
      const given = await logitsOf(await Program.open(bytes, "mixed", litert));
      const distance = Math.hypot(...given.map((value, i) => value - (own[i] as number))) / Math.hypot(...own);
      expect(distance).toBeLessThan(0.1);
      expect(emitTflite(readModel(bytes, "mixed"), { form, dtype: "int8" })).toEqual(bytes);
    }
  });

  test("without ranges there is no int8 file", () => {
    const refusal = (problem: string) =>
      expect.objectContaining({ code: "E_MODEL_EXPORT", message: expect.stringContaining(problem) });
    expect(() => emitTflite(model, { dtype: "int8" })).toThrow(refusal("needs the ranges of its values"));
    const ranges = found.ranges("minmax");
    const [first] = Object.keys(ranges).slice(5);
    const partial = Object.fromEntries(Object.entries(ranges).filter(([value]) => value !== first));
    expect(() => emitTflite({ ...model, integers: { ranges: partial, floats: [] } }, { dtype: "int8" })).toThrow(
      refusal(`the value ${first} has no range`),
    );
  });
});
