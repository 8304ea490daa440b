/** An int8 model runs in its integers unless something else is asked for, and whatever runs is said. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openEngine } from "../../src/engines/device.node.ts";
import { litertEngine } from "../../src/engines/litert/litert.node.ts";
import { referenceEngine } from "../../src/engines/reference.ts";
import { wasmEngine } from "../../src/engines/wasm/inference/engine.ts";
import { open } from "../../src/flow/open.node.ts";
import { prove, start, type Way } from "../../src/flow/start.ts";
import { readModel, writeModel } from "../../src/formats/model-file.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import type { Model } from "../../src/model/model.ts";
import { calibrate } from "../../src/quantize/calibrate.ts";
import { Program } from "../../src/session/program.ts";
import { openModel } from "../../src/zoo/lookup.node.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";

const side = 32;
const pictures = Array.from({ length: 3 }, (_, t) => randomPictures(7 + t, 1, side, side));
const floats = hashedModel("t0-stream", {
  classes: 6,
  resolution: { height: side, width: side },
  activation: "relu6",
  classifierActivation: "relu6",
  squeezeExcite: "none",
});
let quantized: Model;
let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  const found = await calibrate(floats, referenceEngine, [clip()]);
  quantized = { ...floats, integers: { ranges: found.ranges("minmax"), floats: [] } };
  folder = await mkdtemp(join(tmpdir(), "movinet-arithmetic-"));
  await writeFile(file("int8.tflite"), emitTflite(quantized, { dtype: "int8" }));
  await writeFile(file("int8.safetensors"), writeModel(quantized));
  await writeFile(file("float.tflite"), emitTflite(floats));
});
afterAll(() => rm(folder, { recursive: true }));

async function* clip() {
  yield* pictures;
}

async function logitsOf(program: Program): Promise<readonly Float32Array[]> {
  const session = await program.openStream();
  const logits: Float32Array[] = [];
  for (const picture of pictures) logits.push((await session.step(picture)).logits);
  await program[Symbol.asyncDispose]();
  return logits;
}

const furthest = (a: readonly Float32Array[], b: readonly Float32Array[]) =>
  Math.max(...a.map((logits, t) => distance(logits, b[t] as Float32Array)));

test.each(["int8.tflite", "int8.safetensors"])("%s opens in LiteRT.js's integers by default", async (name) => {
  const recognizer = await open(file(name));
  expect(recognizer.engine).toEqual({ name: "LiteRT.js wasm", trials: [], arithmetic: "int8" });
  expect(recognizer.warnings).toEqual([]);
  await recognizer.close();
});

test("a float file opens in floats as before", async () => {
  const recognizer = await open(file("float.tflite"));
  expect(recognizer.engine).toEqual({ name: "onnxruntime-node cpu", trials: [], arithmetic: "float32" });
  expect(recognizer.warnings).toEqual([]);
  await recognizer.close();
});

test.each(["cpu", "wasm"])("on device %s its dequantized weights run, which one line says", async (device) => {
  const recognizer = await open(file("int8.tflite"), { device });
  expect(recognizer.engine.arithmetic).toBe("float32");
  expect(recognizer.warnings).toHaveLength(1);
  expect(recognizer.warnings[0]).toBe(
    `running the dequantized float32 weights of an int8 model on ${recognizer.engine.name}: device litert runs its integers`,
  );
  await recognizer.close();
});

test.each(["litert", "reference"])("device %s runs its integers, without a warning", async (device) => {
  const recognizer = await open(file("int8.tflite"), { device });
  expect([recognizer.engine.arithmetic, recognizer.warnings]).toEqual(["int8", []]);
  await recognizer.close();
});

test("threads and background, which LiteRT.js does not have, are not ignored in silence", async () => {
  expect((await openEngine({ model: quantized, threads: 2 })).warnings).toEqual([
    "running on LiteRT.js wasm, which computes on one thread, not on 2",
  ]);
  expect((await openEngine({ model: quantized, background: true })).warnings).toEqual([
    "running on LiteRT.js wasm, which computes in this thread",
  ]);
  await expect(openEngine({ model: quantized, threads: 0 })).rejects.toThrow(
    "threads must be an integer in 1..1024, got 0",
  );
});

test("a program of the model answers as its file does, and not as its dequantized weights", async () => {
  const litert = await litertEngine();
  const ofFile = await logitsOf(await Program.open(emitTflite(quantized, { dtype: "int8" }), "file", litert));
  const ofModel = await logitsOf(Program.prepare(quantized, litert));
  const interpreted = await logitsOf(Program.prepare(quantized, referenceEngine));
  const ofFloats = await logitsOf(Program.prepare(quantized, await wasmEngine()));
  expect(furthest(ofModel, ofFile)).toBe(0);
  // A quantum of the logits, at most.
  expect(furthest(interpreted, ofFile)).toBeLessThan(0.05);
  expect(furthest(ofFloats, ofFile)).toBeGreaterThan(0.01);
});

test("what a file says of its integers survives labels, and other formats of ours", async () => {
  const [first, second] = [await openModel(file("int8.tflite")), await openModel(file("int8.safetensors"))];
  expect(first.integers).toEqual(quantized.integers);
  expect(second.integers).toEqual(quantized.integers);
  const named = await openModel(file("int8.tflite"), { labels: await labels() });
  expect(named.card.labels).toEqual(["a", "b", "c", "d", "e", "f"]);
  expect(named.integers).toEqual(quantized.integers);
});

async function labels(): Promise<string> {
  await writeFile(file("names.txt"), "a\nb\nc\nd\ne\nf\n");
  return file("names.txt");
}

test("in browsers the engine's check accepts integers, and floats of an int8 model are said to be", async () => {
  const [litert, wasm] = [await litertEngine(), await wasmEngine()];
  const way = (engine: typeof wasm): Way => ({ device: engine.name, open: async () => engine });
  const opened = { ...readModel(emitTflite(quantized, { dtype: "int8" }), "file") };
  const begin = (engine: typeof wasm) =>
    start(opened, { ways: [way(engine)], choose: "first", trusted: way(wasm) }, prove(way(engine)));
  const integers = await begin(litert);
  expect([integers.engine.arithmetic, integers.warnings]).toEqual(["int8", []]);
  const dequantized = await begin(wasm);
  expect(dequantized.engine.arithmetic).toBe("float32");
  expect(dequantized.warnings).toEqual([
    `running the dequantized float32 weights of an int8 model on ${wasm.name}: device litert runs its integers`,
  ]);
  for (const { program } of [integers, dequantized]) await program[Symbol.asyncDispose]();
});
