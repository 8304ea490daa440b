/** What a receipt of an int8 file is worth: files with a wrong scale, swapped channels or a saturated layer fail it. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ClipCache } from "../../src/data/clip-cache.node.ts";
import type { Sample } from "../../src/data/dataset.ts";
import { openEngine } from "../../src/engines/device.node.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { litertEngine } from "../../src/engines/litert/litert.node.ts";
import { readModel } from "../../src/formats/model-file.ts";
import { readModel as readTensors, type TfliteTensor } from "../../src/formats/tflite/read/schema.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import type { Range } from "../../src/graph/quantize.ts";
import type { Model } from "../../src/model/model.ts";
import { answersOf } from "../../src/quantize/answers.ts";
import { auditFile } from "../../src/quantize/audit.ts";
import { type Calibration, calibrate } from "../../src/quantize/calibrate.ts";
import { chooseClips, readerOf } from "../../src/quantize/clips.node.ts";
import { quantizeModel } from "../../src/quantize/quantize.node.ts";
import { type ClipAnswers, judge } from "../../src/quantize/receipt.ts";
import { Program } from "../../src/session/program.ts";
import { makeCameraMotion } from "../../src/synth/make-dataset.node.ts";

const file = fileURLToPath(new URL("../../../../apps/cli/models/camera-motion.safetensors", import.meta.url));
const { signal } = new AbortController();
let folder: string;
let data: string;
let cache: ClipCache;
let engine: Engine;
let litert: Engine;
let model: Model;
let quantized: Uint8Array;
let samples: readonly Sample[];
let seen: Calibration;
let before: readonly ClipAnswers[];
let read: ReturnType<typeof readerOf>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-receipt-"));
  data = join(folder, "moves");
  await makeCameraMotion(data, { clips: 30, seed: 5, seconds: 2, size: { width: 96, height: 72 } });
  cache = new ClipCache({ folder: join(folder, "cache") });
  [engine, litert] = await Promise.all([openEngine({ threads: 1 }), litertEngine()]);
  model = readModel(await readFile(file), file);
  samples = (await chooseClips(model, data, { cache, signal })).compared;
  read = readerOf(cache, { ...model.card.input, fps: model.card.fps }, data, signal);
  seen = await calibrate(
    model,
    engine,
    samples.map((sample) => read(sample)),
  );
  const source = Program.prepare(model, engine);
  before = await answersOf(source, samples, read);
  await source[Symbol.asyncDispose]();
});
afterAll(async () => {
  await cache[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function judged(bytes: Uint8Array) {
  const program = await Program.open(bytes, "int8", litert);
  const answers = await answersOf(program, samples, read);
  await program[Symbol.asyncDispose]();
  return judge(before, answers, { output: model.card.output, maxDrop: 1, found: auditFile(bytes, model, seen) });
}

/** A copy in which some numbers of a tensor's scale are others; the scales must stand in the file once. */
function withScale(bytes: Uint8Array, scale: readonly number[], change: (scale: Float32Array) => Float32Array) {
  const copy = Buffer.from(bytes);
  const found = Float32Array.from(scale);
  const [old, other] = [Buffer.from(found.buffer), Buffer.from(change(found).buffer)];
  const at = copy.indexOf(old);
  expect(at).toBeGreaterThan(0);
  other.copy(copy, at);
  return new Uint8Array(copy);
}

function tensorOf(bytes: Uint8Array, isWanted: (tensor: TfliteTensor) => boolean) {
  const tensor = readTensors(bytes, "int8").tensors.find(isWanted);
  return (tensor?.quantization?.scale ?? []) as readonly number[];
}

test("the file of a network with 3-D convolutions keeps its answers, and says how it was measured", async () => {
  const { bytes, receipt, warnings } = await quantizeModel(model, {
    data,
    engine,
    cache,
    name: "camera-motion",
    mode: "int8",
    signal,
  });
  quantized = bytes;
  expect(receipt).toMatchObject({
    type: "receipt",
    source: { name: "camera-motion" },
    result: { format: "tflite", form: "step", dtype: "int8", runtime: "LiteRT.js wasm" },
    judged: "test clips",
    maxDrop: 1,
    problems: [],
    pass: true,
  });
  expect(receipt.clips).toBe(samples.length);
  expect(receipt.rightBefore - receipt.rightAfter).toBeLessThanOrEqual(1);
  expect(receipt.same / receipt.sure).toBeGreaterThanOrEqual(0.99);
  expect(receipt.control.same / receipt.control.sure).toBeLessThan(0.5);
  expect(bytes.length).toBeLessThan(0.6 * (await readFile(file)).length);
  expect(warnings).toEqual([]);
  // The stored receipt is the one that was returned, and reading the file again gives the same file.
  const again = readModel(bytes, "int8");
  expect(emitTflite(again, { dtype: "int8", receipt: JSON.stringify(receipt) })).toEqual(bytes);
  expect(await judged(bytes)).toMatchObject({ pass: true, same: receipt.same, sure: receipt.sure });
});

describe("a receipt cannot be fooled, even where answers stay the same,", () => {
  test("by a wrong scale of an activation", async () => {
    const isActivation = ({ name, type, data }: TfliteTensor) =>
      data === null && type === "int8" && name === "block4.layer0";
    const scale = tensorOf(quantized, isActivation);
    expect(scale).toHaveLength(1);
    const { problems, pass } = await judged(withScale(quantized, scale, (found) => found.map((step) => 3 * step)));
    expect(pass).toBe(false);
    expect(problems.join()).toMatch(/scales of .* do not match those of block4\.layer0 and/);
  });

  test("by scales of channels in another order", async () => {
    const isKernel = ({ name, type }: TfliteTensor) => type === "int8" && name === "block3.layer1.projection.kernel";
    const scale = tensorOf(quantized, isKernel);
    expect(scale.length).toBeGreaterThan(10);
    const { problems, pass } = await judged(withScale(quantized, scale, (found) => found.toSorted()));
    expect(pass).toBe(false);
    expect(problems.join()).toMatch(/the weights block3\.layer1\.projection\.kernel\S* are not the model's/);
  });

  test.each([
    [1 / 16, /\d+ % of block4\.layer0 lies outside its range/],
    [16, /the range of block4\.layer0 is \d+ times as wide as its numbers/],
  ])("by a range that is %d times as wide", async (factor, problem) => {
    const { integers, ...rest } = readModel(quantized, "int8");
    const ranges = { ...integers?.ranges };
    const [low, high] = ranges["block4.layer0"] as Range;
    ranges["block4.layer0"] = [low * factor, high * factor];
    const bytes = emitTflite({ ...rest, integers: { ranges, floats: [] } }, { dtype: "int8" });
    const { problems, pass } = await judged(bytes);
    expect(pass).toBe(false);
    expect(problems.join()).toMatch(problem);
  });
});
