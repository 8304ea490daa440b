/** `movinet quantize`: a small file with its receipt, exit codes, and what cannot be quantized. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readModel, writeModel } from "movinet/formats";
import { buildGraph, defaultCard, randomWeights, specOf } from "movinet/graph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
const { run } = commandLine(() => folder);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-quantize-"));
  const made = await run("dataset", "synth", "camera-motion", "moves", "--clips", "30", "--size", "96x72", "--quiet");
  expect(made.code).toBe(0);
  const { card } = readModel(
    await readFile(new URL("../models/camera-motion.safetensors", import.meta.url)),
    "built in",
  );
  await writeTinyModel(join(folder, "tiny.safetensors"), card.labels);
  const frame = Buffer.concat([Buffer.from("FRAME\n"), Buffer.alloc(1.5 * 32 * 32, 128)]);
  const header = Buffer.from("YUV4MPEG2 W32 H32 F10:1 Ip A1:1 C420jpeg\n");
  await writeFile(join(folder, "flat.y4m"), Buffer.concat([header, ...new Array<Buffer>(60).fill(frame)]));
  const clips = (await readFile(join(folder, "moves/manifest.csv"), "utf8")).trim().split("\n").slice(1);
  const manifest = (rows: readonly string[]) => ["file,label,split", ...rows].join("\n");
  const rows = clips.map((row) => row.split(",").slice(0, 2));
  const few = rows.slice(0, 3).map(([file, label], i) => `moves/${file},${label},${i === 0 ? "train" : "test"}`);
  await writeFile(join(folder, "few.csv"), manifest(few));
  await writeFile(join(folder, "flat.csv"), manifest(["flat.y4m,still,train", ...few]));
  await writeFile(join(folder, "stranger.csv"), manifest([...few, "flat.y4m,juggling,test"]));
  const part = rows.slice(0, 7).map(([file, label], i) => `moves/${file},${label},${i < 4 ? "train" : "test"}`);
  await writeFile(join(folder, "part.csv"), manifest(part));
  const spec = specOf("a0-base", { classes: 10, resolution: { height: 32, width: 32 } });
  const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
  const base = { spec, weights, card: { ...defaultCard(spec), labels: card.labels } };
  await writeFile(join(folder, "base.safetensors"), writeModel(base));
  const stream = { ...specOf("a0-stream", { classes: 10, resolution: { height: 32, width: 32 } }) };
  const own = randomWeights(buildGraph(stream, { form: "clip", frames: 1 }), 1);
  const { shape, data } = own.get("stem.kernel") as { shape: readonly number[]; data: Float32Array };
  const broken = { shape, data: data.map(() => Number.NaN) };
  await writeFile(
    join(folder, "nan.safetensors"),
    writeModel({
      spec: stream,
      weights: new Map([...own, ["stem.kernel", broken]]),
      card: { ...defaultCard(stream), labels: card.labels },
    }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const quantize = (model: string, out: string, ...options: string[]) =>
  run("quantize", model, out, "--data", "moves", "--quiet", ...options);

describe("quantize", () => {
  test("writes a file that classifies, and says what it costs", async () => {
    const options = ["--mode", "int8", "--form", "official", "--plot", "noise.png", "--json"];
    const { code, stdout, stderr } = await quantize("camera-motion", "small.tflite", ...options);
    // How fast it is depends on the processor.
    expect({ code, stderr: stderr.replace(/^movinet: warning: The file is slow here.*\n/, "") }).toEqual({
      code: 0,
      stderr: "",
    });
    const receipt = JSON.parse(stdout);
    expect(receipt).toMatchObject({
      type: "receipt",
      mode: "int8",
      before: { clips: receipt.clips },
      after: { top1: expect.any(Number) },
      bytes: expect.any(Number),
      file: "small.tflite",
      labelsFile: "small.labels.txt",
      result: { form: "official", dtype: "int8", runtime: "LiteRT.js wasm" },
      problems: [],
      pass: true,
    });
    const bytes = await readFile(join(folder, "small.tflite"));
    expect(bytes.length).toBeLessThan(500_000);
    expect((await readFile(join(folder, "noise.png"))).subarray(1, 4).toString()).toBe("PNG");
    expect(readModel(bytes, "small").card.labels).toHaveLength(10);
    const [clip] = (await readdir(join(folder, "moves/pan left"), { recursive: true })).filter((name) =>
      /\.mp4$/.test(name),
    );
    const video = join("moves/pan left", clip as string);
    const said = await run("classify", video, "--model", "small.tflite", "--device", "litert", "--quiet");
    expect(said.code).toBe(0);
    expect(said.stdout).toContain("pan left");
  });

  test("its file keeps its integers in other formats, and says where it does not", async () => {
    const { code, stdout, stderr } = await run("convert", "small.tflite", "small.onnx", "--json", "--quiet");
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^movinet: small\.onnx: warning: x64 processors without VNNI need .*x64quantprecision=1: .*\n$/,
    );
    const receipt = JSON.parse(stdout);
    expect(receipt).toMatchObject({
      source: { runtime: "LiteRT.js wasm", call: "frame by frame" },
      result: { format: "onnx", form: "step", dtype: "int8" },
      checks: [{ runtime: "onnxruntime-node cpu", pass: true, sameClass: 1 }],
      pass: true,
    });
    // Rounding differs by halves, which the network amplifies.
    expect(receipt.checks[0].error).toBeLessThan(0.15);
    const read = async (name: string) => readModel(await readFile(join(folder, name)), name);
    const { integers } = await read("small.tflite");
    expect(integers).toBeDefined();
    expect((await read("small.onnx")).integers).toEqual(integers);

    expect(await run("convert", "small.onnx", "again.tflite", "--form", "official", "--quiet")).toMatchObject({
      code: 0,
    });
    expect((await read("again.tflite")).integers).toEqual(integers);
    expect(await run("convert", "small.onnx", "small.safetensors", "--quiet")).toMatchObject({ code: 0, stderr: "" });
    expect((await read("small.safetensors")).integers).toEqual(integers);
    const floats = await run("convert", "small.onnx", "floats.onnx", "--dtype", "float32", "--quiet");
    expect(floats).toMatchObject({
      code: 0,
      stderr:
        "movinet: floats.onnx: warning: it computes in float32 with the dequantized weights of small.onnx, which itself computes in int8 and gives other answers.\n",
    });
  });

  test.each([
    [
      ["camera-motion", "a.onnx", "--dtype", "int8"],
      /an int8 file needs the ranges of its values, which the model does not have\. Quantize it/,
    ],
    [
      ["small.tflite", "a.onnx", "--dtype", "int8", "--form", "clip", "--frames", "4"],
      /there are no int8 ONNX files of whole clips\. Use the step form/,
    ],
    [
      ["small.tflite", "a.safetensors", "--dtype", "int8"],
      /safetensors files do not support precision int8\. Use float32/,
    ],
  ])("convert %j is one clear line", async (args, line) => {
    const refused = await run("convert", ...args, "--quiet");
    expect(refused.code).toBeGreaterThan(0);
    expect(refused.stderr.trim().split("\n")).toHaveLength(1);
    expect(refused.stderr).toMatch(line);
    expect(await readdir(folder)).not.toContain("a.onnx");
  });

  test("a file that fails its receipt is not written, unless it is forced", async () => {
    const { code, stderr } = await quantize("tiny.safetensors", "tiny.tflite", "--mode", "int8");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^movinet: tiny\.tflite: the receipt fails, so it was not written\. Use --mode auto, more clips, or --force\.$/m,
    );
    expect(await readdir(folder)).not.toContain("tiny.tflite");
    const forced = await quantize("tiny.safetensors", "tiny.tflite", "--mode", "int8", "--force");
    expect(forced.code).toBe(1);
    expect(await readdir(folder)).toContain("tiny.tflite");
    // Whoever opens it is told.
    const opened = await run("inspect", "tiny.tflite");
    expect(opened.stdout + opened.stderr).toMatch(/it was written although its receipt fails/);
  });

  test("classes that calibrate nothing are named, where anything is calibrated", async () => {
    const options = ["--data", "part.csv", "--quiet", "--mode"];
    const integers = await run("quantize", "camera-motion", "part.tflite", ...options, "int8");
    expect(integers.stderr).toMatch(/warning: No clip of .*roll clockwise.* is among those that calibrate\.$/m);
    const halves = await run("quantize", "camera-motion", "half.tflite", ...options, "float16");
    expect(halves.code).toBe(0);
    expect(halves.stderr).not.toMatch(/calibrate/);
  });

  test.each([
    [["camera-motion", "a.tflite"], 2, /^movinet: --data is required/],
    [["camera-motion", "a.tflite", "--data", "moves", "--mode", "int4"], 2, /--mode must be one of auto, int8/],
    [["camera-motion", "a.tflite", "--data", "moves", "--plot", "a.jpg"], 2, /--plot must be an \.svg or \.png file/],
    [
      ["camera-motion", "a.tflite", "--data", "flat.csv", "--mode", "int8"],
      1,
      /flat\.csv: its clip flat\.y4m is one colour from beginning to end/,
    ],
    [
      ["camera-motion", "a.tflite", "--data", "few.csv", "--mode", "int8"],
      1,
      /few\.csv: its 1 calibration clips have 20 frames, but 50 are needed/,
    ],
    [["camera-motion", "a.onnx", "--data", "moves"], 2, /a\.onnx: int8 models are TFLite files/],
    [["camera-motion", "a.tflite", "--data", "stranger.csv"], 2, /juggling/],
    [["base.safetensors", "a.tflite", "--data", "moves"], 1, /it takes whole clips/],
    [["nan.safetensors", "a.tflite", "--data", "moves"], 1, /not finite/],
    [["camera-motion", "a.tflite", "--data", "nowhere"], 2, /nowhere: no such/],
  ])("%j is one clear line", async (args, code, line) => {
    const refused = await run("quantize", ...args, "--quiet");
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code, stdout: "" });
    expect(
      refused.stderr
        .trim()
        .split("\n")
        .filter((text) => !/warning: /.test(text)),
    ).toHaveLength(1);
    expect(refused.stderr).toMatch(line);
    expect(await readdir(folder)).not.toContain("a.tflite");
  });
});
