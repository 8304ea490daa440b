/** Law: a third-party int8 file is imported with its integers, and written again with the same ones; its answers stay the same bits. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../../src/engines/engine.ts";
import { channelsFirst, channelsLast } from "../../../src/engines/layout.ts";
import { litertEngine } from "../../../src/engines/litert/litert.node.ts";
import { referenceEngine } from "../../../src/engines/reference.ts";
import { readModel, writeModel } from "../../../src/formats/model-file.ts";
import { readModel as readFile } from "../../../src/formats/tflite/read/schema.ts";
import { emitGraph, emitTflite, integerStep } from "../../../src/formats/tflite/write/emit.ts";
import { lowerForTflite } from "../../../src/formats/tflite/write/lower.ts";
import { onGrid } from "../../../src/graph/integers.ts";
import { runNode } from "../../../src/graph/interpret.ts";
import { type Graph, inputsOf, type Shape } from "../../../src/graph/ir.ts";
import { resolveParams } from "../../../src/graph/params.ts";
import { quantizeGraph, writtenBy } from "../../../src/graph/quantize.ts";
import { kernelRounding } from "../../../src/graph/requantize.ts";
import { poolFrameName, slotName } from "../../../src/graph/states.ts";
import type { Model } from "../../../src/model/model.ts";
import { Program } from "../../../src/session/program.ts";
import { type Frames, sceneClips } from "../../../src/verify/clips.ts";
import { type IntegerOperator, integerOperators, keysOf } from "./integer-operators.ts";
import { hasShared, reason, sharedFile } from "./shared.ts";

let litert: Engine;
beforeAll(async () => {
  litert = await litertEngine();
});

/** The files at hand, and their biases of more than 24 bits: Google's own, one of another exporter, and two of Google's tool. */
const files = {
  "models/movinet_a0_stream_k600_int8.tflite": { biases: 10 },
  "models/cow_a0_stream_int8.tflite": { biases: 3 },
  "golden/tflite/a0_stream_int8.tflite": { biases: 0 },
  "golden/tflite/a0_stream_relu6_nose_int8.tflite": { biases: 0 },
} as const;

describe.skipIf(!hasShared).each(Object.entries(files))(`%s${reason}`, (path, { biases }) => {
  const bytes = () => sharedFile(path);
  let model: Model;
  beforeAll(() => {
    model = readModel(bytes(), path);
  });

  test("all its integers are kept", () => {
    const { integers } = model;
    expect(integers?.steps).toBe("converter");
    expect(integers?.floats).toEqual([]);
    const exceptions = Object.values(integers?.biases ?? {}).flatMap((channels) => Object.values(channels));
    expect(exceptions).toHaveLength(biases);
    for (const integer of exceptions) expect(Math.abs(integer)).toBeGreaterThan(2 ** 23);
  });

  test.each(["official", "step"] as const)("the %s form has the same integers, operator by operator", (form) => {
    const theirs = integerOperators(readFile(bytes(), path));
    const ours = integerOperators(readFile(emitTflite(model, { form, dtype: "int8" }), path));
    // The mean of the head is a sum and a product with 1/36 there, of equal grids, and one operator here.
    const sums = theirs.filter(({ op }) => op === "SUM");
    const [mean] = ours.filter(({ op, key }) => op === "MEAN" && !theirs.some((other) => other.key === key));
    expect(sums).toHaveLength(1);
    const sum = sums[0] as IntegerOperator;
    const product = theirs.find(({ inputs }) => inputs[0] === sum.output) as IntegerOperator;
    expect(mean?.inputs).toEqual([sum.inputs[0]]);
    expect(mean?.output).toEqual(product.output);
    const others = theirs.filter((operator) => operator !== sum && operator !== product);
    expect(keysOf(ours.filter((operator) => operator !== mean))).toEqual(keysOf(others));
    expect(others.length).toBeGreaterThan(90);
  });

  test("written files give the same bits in LiteRT.js, and are read and written again unchanged", async () => {
    const clips = sceneClips(model.spec, [6, 4, 3]);
    const expected = await answers(bytes(), clips);
    expect(new Set(expected.map(String)).size).toBeGreaterThan(6);
    for (const form of ["official", "step"] as const) {
      const written = emitTflite(model, { form, dtype: "int8" });
      expect(await answers(written, clips)).toEqual(expected);
      const again = readModel(written, path);
      expect(again.integers).toEqual(model.integers);
      expect(emitTflite(again, { form, dtype: "int8" })).toEqual(written);
      const stored = readModel(writeModel(model), path);
      expect(emitTflite(stored, { form, dtype: "int8" })).toEqual(written);
    }
  });

  test("the interpreter gives the classes of the file in LiteRT.js, with logits within a quantum", async () => {
    const clips = sceneClips(model.spec, [2, 1]);
    const expected = await answers(bytes(), clips);
    const program = Program.prepare(model, referenceEngine);
    expect(program.arithmetic).toBe("int8");
    const found = await answersOf(program, clips);
    const { types, outputs } = integerStep(model);
    const [quantum = 0] = types?.[outputs["logits"] ?? ""]?.quantization?.scale ?? [];
    for (const [i, logits] of found.entries()) {
      const others = expected[i] as Float32Array;
      expect(Math.max(...logits.map((logit, c) => Math.abs(logit - (others[c] as number))))).toBeLessThan(
        1.01 * quantum,
      );
      expect(logits.indexOf(Math.max(...logits))).toBe(others.indexOf(Math.max(...others)));
    }
  });

  test("the interpreter is within one quantum of LiteRT.js, op by op", async () => {
    const found = await compareOps(model, sceneClips(model.spec, [2])[0] as Frames);
    expect(found.ops).toBeGreaterThan(200);
    expect(found.numbers).toBeGreaterThan(3_000_000);
    expect(found.steps).toBeLessThanOrEqual(1);
    // Networks amplify differences: 3 % of other classes if 0.02 % of the numbers are a step off.
    expect(found.different / found.numbers).toBeLessThan(1e-5);
  });
});

async function answers(file: Uint8Array, clips: readonly Frames[]): Promise<readonly Float32Array[]> {
  return answersOf(await Program.open(file, "file", litert), clips);
}

async function answersOf(program: Program, clips: readonly Frames[]): Promise<readonly Float32Array[]> {
  const logits: Float32Array[] = [];
  for (const clip of clips) {
    const session = await program.openStream();
    for (const frame of clip) logits.push((await session.step(frame)).logits);
    await session[Symbol.asyncDispose]();
  }
  await program[Symbol.asyncDispose]();
  return logits;
}

/** Steps a network whose every value leaves it, and computes each op again from what LiteRT.js computed before it. */
async function compareOps({ spec, weights, integers }: Model, clip: Frames) {
  if (!integers) throw new Error("the model has no integers");
  const lowered = lowerForTflite(spec, { form: "step", dtype: "int8", frames: 1 }, integers);
  const graph = quantizeGraph(lowered, weights, integers);
  const written = writtenBy(graph);
  const round = kernelRounding(graph);
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const computed = graph.nodes.filter(({ op }) => op !== "input" && op !== "join");
  const outputs = Object.fromEntries(computed.map((node) => [written(node), written(node)]));
  const file = emitGraph({ ...graph, outputs: { ...graph.outputs, ...outputs } }, weights);
  const executable = await litert.load({ file, subject: "every value" });
  const values = new Map<string, Float32Array>(
    executable.inputs.map(({ name, shape }) => [name, new Float32Array(shape.reduce((a, b) => a * b, 1))]),
  );
  const param = parametersOf(graph, resolveParams(graph, weights));
  const found = { ops: 0, numbers: 0, different: 0, steps: 0 };

  function numbersOf(id: string): Float64Array | null {
    const node = nodes.get(id);
    if (node?.op === "join") return Float64Array.from(node.xs.flatMap((x) => [...(numbersOf(x) ?? [])]));
    const data = values.get(id) ?? values.get(id.replace(/\.(\d+)$/, "_$1"));
    if (data === undefined) return null; // before a fused ReLU6
    const planes = channelsFirst(data as Float32Array, graph.shapes[id] as Shape).flatMap((plane) => [...plane]);
    const type = graph.types?.[id];
    return type ? onGrid(planes, type) : Float64Array.from(planes);
  }

  for (const [t, picture] of clip.entries()) {
    const { height, width } = spec.resolution;
    values.set("image", channelsLast([picture], { channels: 3, height, width }));
    values.set("inverse_count", Float32Array.of(1 / (t + 1)));
    const results = await executable.run(
      executable.inputs.map(({ name }) => executable.upload(name, values.get(name) as Float32Array)),
    );
    for (const [i, { name }] of executable.outputs.entries()) {
      values.set(name, (await results[i]?.read()) as Float32Array<ArrayBuffer>);
    }
    for (const node of computed) {
      const result = written(node);
      const type = graph.types?.[result];
      const read = Object.fromEntries(inputsOf(node).map((id) => [id, numbersOf(id)]));
      if (!type?.quantization || Object.values(read).includes(null)) continue;
      const run = { shapes: graph.shapes, batch: 1, values: read as Record<string, Float64Array>, param };
      let own = round(node, runNode(node, run), run.values);
      const fused = nodes.get(result);
      if (fused && fused !== node) own = runNode(fused, { ...run, values: { [node.id]: own } });
      const said = numbersOf(result) as Float64Array;
      const [quantum = 1] = type.quantization.scale;
      const steps = onGrid(own, type).map((value, i) => Math.round(Math.abs(value - (said[i] as number)) / quantum));
      found.ops++;
      found.numbers += steps.length;
      found.different += steps.filter((count) => count > 0).length;
      found.steps = steps.reduce((most, count) => Math.max(most, count), found.steps);
    }
    for (const state of graph.states) {
      if (state.kind === "sum") {
        const growth = values.get(poolFrameName(state.name)) as Float32Array;
        values.set(
          state.input,
          (values.get(state.input) as Float32Array).map((sum, i) => sum + (growth[i] as number)),
        );
      }
      if (state.kind !== "buffer") continue;
      for (const k of state.slots.keys()) {
        values.set(slotName(state.name, k), values.get(slotName(state.name, k + 1)) as Float32Array);
      }
    }
  }
  await executable.dispose();
  return found;
}

/** Parameters on their grids. */
function parametersOf(graph: Graph, param: (name: string) => Float32Array): (name: string) => Float32Array {
  return (name) => {
    const type = graph.params[name]?.type;
    return type ? Float32Array.from(onGrid(param(name), type)) : param(name);
  };
}
