/** Modes of `movinet quantize`: what is tried, what is chosen, and what a receipt then says. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ClipCache } from "../../src/data/clip-cache.node.ts";
import { openEngine } from "../../src/engines/device.node.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { litertEngine } from "../../src/engines/litert/litert.node.ts";
import { referenceEngine } from "../../src/engines/reference.ts";
import { readModel } from "../../src/formats/model-file.ts";
import { emitTflite } from "../../src/formats/tflite/write/emit.ts";
import type { Model } from "../../src/model/model.ts";
import { answersOf } from "../../src/quantize/answers.ts";
import { precisionOf } from "../../src/quantize/candidate.ts";
import { chooseClips, readerOf } from "../../src/quantize/clips.node.ts";
import { type QuantizeOptions, quantizeModel } from "../../src/quantize/quantize.node.ts";
import { countAnswers } from "../../src/quantize/receipt.ts";
import { Program } from "../../src/session/program.ts";
import { makeCameraMotion } from "../../src/synth/make-dataset.node.ts";
import { hasShared, reason, sharedFile, sharedPath } from "../formats/tflite/shared.ts";
import { randomPictures } from "../laws/models.ts";
import { hostile } from "./hostile.ts";

const file = fileURLToPath(new URL("../../../../apps/cli/models/camera-motion.safetensors", import.meta.url));
const { signal } = new AbortController();
let folder: string;
let cache: ClipCache;
let engine: Engine;
let model: Model;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-modes-"));
  await makeCameraMotion(join(folder, "moves"), { clips: 20, seed: 5, seconds: 2, size: { width: 96, height: 72 } });
  cache = new ClipCache({ folder: join(folder, "cache") });
  engine = await openEngine({ threads: 1 });
  model = readModel(await readFile(file), file);
});
afterAll(async () => {
  await cache[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const quantize = (own: Model, options: Partial<QuantizeOptions>) =>
  quantizeModel(own, { data: join(folder, "moves"), engine, cache, name: "own", signal, ...options });

async function logitsOf(own: Model): Promise<readonly number[]> {
  const program = Program.prepare(own, referenceEngine);
  const session = await program.openStream();
  const logits: number[] = [];
  const size = 3 * 64 * 64;
  const pictures = randomPictures(3, 3, 64, 64);
  for (let t = 0; t < 3; t++) logits.push(...(await session.step(pictures.subarray(t * size, (t + 1) * size))).logits);
  await program[Symbol.asyncDispose]();
  return logits;
}

test("a network that is hard on integers is the same network in floats", async () => {
  const [own, other] = [await logitsOf(model), await logitsOf(hostile(model, 2, 300))];
  const most = Math.max(...own.map(Math.abs));
  for (const [i, value] of own.entries()) expect(Math.abs(value - (other[i] as number)) / most).toBeLessThan(1e-5);
});

describe.each(["int8", "mixed", "dynamic", "float16"] as const)("%s", (mode) => {
  test("keeps the answers of a network that is easy, and the receipt has what scripts read", async () => {
    const form = mode === "mixed" ? ("official" as const) : ("step" as const);
    const { bytes, receipt } = await quantize(model, { mode, form });
    const float32 = emitTflite(model, { form }).length;
    expect(receipt).toMatchObject({
      type: "receipt",
      mode,
      before: { top1: receipt.rightBefore / receipt.clips, clips: receipt.clips },
      after: { top1: receipt.rightAfter / receipt.clips },
      agreement: receipt.same / receipt.sure,
      result: { dtype: precisionOf[mode], form },
      problems: [],
      rejected: [],
      pass: true,
    });
    expect(receipt.agreement).toBeGreaterThanOrEqual(0.99);
    expect(receipt.bytes).toBeLessThan((mode === "float16" ? 0.55 : 0.6) * float32);
    expect(receipt.layers.map(({ layer }) => layer).slice(0, 2)).toEqual(["stem", "block0.layer0"]);
    for (const { decibels } of receipt.layers) expect(decibels ?? Infinity).toBeGreaterThan(10);
    const [before, after] = receipt.latency.slice(-2);
    expect([before, after]).toMatchObject([
      { runtime: "LiteRT.js wasm", precision: "float32" },
      { runtime: "LiteRT.js wasm", precision: mode },
    ]);
    // The file has its receipt, and reading it again gives the same file.
    const written = { form, dtype: precisionOf[mode], receipt: JSON.stringify(receipt) };
    expect(emitTflite(readModel(bytes, mode), written)).toEqual(bytes);
  });
});

describe("a network that is hard on integers", () => {
  test("loses its answers in int8", async () => {
    const { receipt } = await quantize(hostile(model, 2, 300), { mode: "int8" });
    expect(receipt.pass).toBe(false);
    expect(receipt.agreement).toBeLessThan(0.5);
    expect(receipt.problems.join()).toMatch(/the same class on .* at least 95 % are required/);
  });

  test("keeps them if the layers around its large channel compute with floats, which a sweep finds", async () => {
    const { receipt, plot } = await quantize(hostile(model, 2, 300), { mode: "mixed", plot: "svg" });
    expect(receipt).toMatchObject({ mode: "mixed", problems: [], pass: true });
    const floats = receipt.calibration?.floats ?? [];
    for (const layer of ["block2.layer1", "block2.layer2", "block3.layer0"]) expect(floats).toContain(layer);
    expect(floats.length).toBeLessThan(8);
    expect(plot).toMatch(/^<svg /);
  });

  test("auto says why it did not choose int8", async () => {
    const { receipt, warnings } = await quantize(hostile(model, 2, 300), {});
    expect(receipt).toMatchObject({ problems: [], pass: true });
    // Which one depends on the processor.
    expect(["mixed", "dynamic", "float16"]).toContain(receipt.mode);
    expect(receipt.rejected[0]).toMatchObject({
      mode: "int8",
      problem: expect.stringMatching(/clips correct: it loses/),
    });
    expect(warnings).toEqual([]);
  });

  test("has no int8 form if its numbers explode, and auto takes another", async () => {
    const explosive = hostile(model, 2, 1e7);
    await expect(quantize(explosive, { mode: "int8" })).rejects.toMatchObject({
      code: "E_MODEL_EXPORT",
      problem: expect.stringMatching(/^its numbers explode: block2\.\S+ reaches \d\.\de\+\d/),
    });
    const { receipt } = await quantize(explosive, {});
    expect(receipt.rejected.map(({ problem }) => problem)).toContainEqual(
      expect.stringMatching(/^its numbers explode/),
    );
    expect(["dynamic", "float16"]).toContain(receipt.mode);
  });
});

describe.skipIf(!hasShared)(`a third-party network with squeeze-and-excitation and hard swish${reason}`, () => {
  test("keeps its answers with int8 weights, where its own int8 file loses some", async () => {
    const names = ["cat_bow.mp4", "cf_ghd.mp4", "juris_squat.mp4", "mma2_test.mp4", "tfex_carving_ice_rpi.mp4"];
    const labels = ["a", "b", "c", "d", "e", "f", "g"];
    const rows = names.map(
      (name, i) => `${sharedPath(`videos/k600/${name}`)},${labels[i]},${i === 0 ? "train" : "test"}`,
    );
    const data = join(folder, "clips.csv");
    await writeFile(data, ["file,label,split", ...rows].join("\n"));
    const name = "models/cow_a0_stream_dynamic.tflite";
    const own = readModel(sharedFile(name), name);
    const labelled = { ...own, card: { ...own.card, labels } };
    const { receipt } = await quantize(labelled, { data, mode: "dynamic" });
    expect(receipt).toMatchObject({ mode: "dynamic", clips: 4 });
    expect(receipt.sure).toBeGreaterThan(50);
    expect(receipt.agreement).toBeGreaterThanOrEqual(0.95);
    expect(receipt.bytes).toBeLessThan(3e6);

    const clips = await chooseClips(labelled, data, { cache, signal });
    const read = readerOf(cache, { ...own.card.input, fps: own.card.fps }, data, signal);
    const theirs = await Program.open(sharedFile("models/cow_a0_stream_int8.tflite"), "theirs", await litertEngine());
    const float = Program.prepare(own, engine);
    const before = await answersOf(float, clips.compared, read);
    const { same, sure } = countAnswers(before, await answersOf(theirs, clips.compared, read), "softmax");
    expect(sure).toBe(receipt.sure);
    expect(same / sure).toBeLessThan((receipt.agreement ?? 0) - 0.05);
    for (const program of [theirs, float]) await program[Symbol.asyncDispose]();
  });
});
