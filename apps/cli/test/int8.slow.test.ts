/** An int8 file runs in its own arithmetic in every command, and each says in which it computed. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultCard } from "movinet/graph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { referenceEngine } from "../../../packages/movinet/src/engines/reference.ts";
import { emitTflite } from "../../../packages/movinet/src/formats/tflite/write/emit.ts";
import { calibrate } from "../../../packages/movinet/src/quantize/calibrate.ts";
import { hashedModel, randomPictures } from "../../../packages/movinet/test/laws/models.ts";
import { commandLine } from "./command-line.ts";

/** Preloaded: as if `@litertjs/core` were not installed. */
const withoutLitert = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== "@litertjs/core") return next(specifier, context);
      throw Object.assign(new Error("Cannot find package '@litertjs/core'"), { code: "ERR_MODULE_NOT_FOUND" });
    },
  });`)}`;

let folder: string;
const { run } = commandLine(() => folder);
const lacking = commandLine(
  () => folder,
  () => ({ NODE_OPTIONS: `--import="${withoutLitert}"` }),
);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-int8-"));
  const side = 32;
  const { spec, weights } = hashedModel("t0-stream", {
    ...{ classes: 2, resolution: { height: side, width: side } },
    ...{ activation: "relu6", classifierActivation: "relu6", squeezeExcite: "none" },
  });
  const card = { ...defaultCard(spec), name: "small", labels: ["left", "right"] };
  const pictures = Array.from({ length: 3 }, (_, t) => randomPictures(7 + t, 1, side, side));
  async function* clip() {
    yield* pictures;
  }
  const found = await calibrate({ spec, weights, card }, referenceEngine, [clip()]);
  const integers = { ranges: found.ranges("minmax"), floats: [] };
  await writeFile(join(folder, "small.tflite"), emitTflite({ spec, weights, card, integers }, { dtype: "int8" }));
  for (const [name, speed] of [
    ["left", -3],
    ["right", 3],
  ] as const) {
    await mkdir(join(folder, "clips", name), { recursive: true });
    for (const k of [1, 2]) await writeFile(join(folder, "clips", name, `${k}.y4m`), movingVideo(k * speed));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An uncompressed video of ten frames per second, whose pattern moves. */
function movingVideo(speed: number): Uint8Array {
  const frames = Array.from({ length: 8 }, (_, k) => [
    Buffer.from("FRAME\n"),
    Buffer.from(Array.from({ length: 64 * 64 }, (_, i) => 128 + 90 * Math.sin(((i % 64) + speed * k) / 4))),
    Buffer.alloc(2 * 32 * 32, 128),
  ]);
  return Buffer.concat([Buffer.from("YUV4MPEG2 W64 H64 F10:1 Ip A1:1 C420\n"), ...frames.flat()]);
}

const lastOf = (stdout: string) => JSON.parse(stdout.trim().split("\n").at(-1) as string);
const clip = "clips/left/1.y4m";
const floats = /^movinet: warning: running the dequantized float32 weights of an int8 model on .+$/gm;

describe("classify", () => {
  test("computes in int8, and says so", async () => {
    const { code, stdout, stderr } = await run("classify", clip, "--model", "small.tflite", "--json");
    expect([code, lastOf(stdout).arithmetic, stderr.match(floats)]).toEqual([0, "int8", null]);
    expect(stderr).toMatch(/^computed in int8 on LiteRT\.js wasm$/m);
  });

  test("with another device it computes in floats, and says so in one line", async () => {
    const { code, stdout, stderr } = await run(
      "classify",
      clip,
      "--model",
      "small.tflite",
      "--json",
      "--device",
      "cpu",
    );
    expect([code, lastOf(stdout).arithmetic, stderr.match(floats)?.length]).toEqual([0, "float32", 1]);
    expect(stderr).toMatch(/^computed with dequantized float32 weights on onnxruntime-node cpu$/m);
  });

  test("without LiteRT.js it computes in floats, and says why", async () => {
    const { code, stdout, stderr } = await lacking.run("classify", clip, "--model", "small.tflite", "--json");
    expect([code, lastOf(stdout).arithmetic, stderr.match(floats)?.length]).toEqual([0, "float32", 1]);
    expect(stderr).toMatch(/: @litertjs\/core runs its integers \(.+\)\. Run npm i @litertjs\/core/);
  });
});

test("evaluate computes in int8, and compares no clip mode, which integers do not have", async () => {
  const { code, stdout, stderr } = await run("evaluate", "small.tflite", "clips", "--split", "all", "--json");
  const { type, arithmetic, agreement, clips } = lastOf(stdout);
  expect([code, type, arithmetic, agreement, clips]).toEqual([0, "evaluation", "int8", null, 4]);
  expect(stderr).toMatch(/^computed in int8 on LiteRT\.js wasm$/m);
});

test("verify compares integers with integers", async () => {
  const { code, stdout } = await run("verify", "small.tflite", "--json");
  const { pass, source, checks } = lastOf(stdout);
  expect([code, pass, source.arithmetic]).toEqual([0, true, "int8"]);
  const ways = (checks as { runtime: string; arithmetic: string }[]).map((check) => [check.runtime, check.arithmetic]);
  expect(ways).toEqual([
    ["LiteRT.js wasm", "int8"],
    ["reference interpreter", "int8"],
  ]);
});

test("bench times the integers, and names them", async () => {
  const integers = lastOf((await run("bench", "small.tflite", "--rounds", "1", "--json")).stdout);
  expect([integers.device, integers.dtype]).toEqual(["litert", "int8"]);
  const asked = await run("bench", "small.tflite", "--rounds", "1", "--json", "--device", "cpu");
  expect([lastOf(asked.stdout).device, lastOf(asked.stdout).dtype]).toEqual(["cpu", "float32"]);
  expect(asked.stderr).toMatch(/small\.tflite: warning: running the dequantized float32 weights of an int8 model/);
});

test("inspect names the arithmetic, and what stays floats", async () => {
  const { dtype, floats } = lastOf((await run("inspect", "small.tflite", "--json")).stdout);
  expect([dtype, floats]).toEqual(["int8", ["head.sum", "head.pool"]]);
  expect((await run("inspect", "small.tflite")).stdout).toMatch(/numbers {3}int8; float32: head\.sum, head\.pool/);
});

describe("convert", () => {
  test("keeps the integers in TFLite files and in our own, which give the same answers", async () => {
    for (const [output, ...options] of [["official.tflite", "--form", "official"], ["small.safetensors"]] as const) {
      const { code, stdout, stderr } = await run("convert", "small.tflite", output, "--json", ...options);
      const { difference, source, checks } = lastOf(stdout);
      expect([code, source.arithmetic, checks[0].arithmetic]).toEqual([0, "int8", "int8"]);
      // The means of the official form are quotients, those of the step form products.
      expect(difference).toBeLessThan(0.01);
      expect(stderr).not.toMatch(/dequantized/);
    }
  });

  test("names dequantized weights as such, and warns of them", async () => {
    const { code, stdout, stderr } = await run("convert", "small.tflite", "small.onnx", "--dtype", "float32", "--json");
    expect([code, lastOf(stdout).source.name]).toEqual([0, "the dequantized weights of small.tflite"]);
    expect(stderr).toMatch(
      /^movinet: small\.onnx: warning: it computes in float32 with the dequantized weights of small\.tflite, which itself computes in int8 and gives other answers\.$/m,
    );
  });
});

test("quantize says that it is int8 already", async () => {
  const { stderr } = await run("quantize", "small.tflite", "again.tflite", "--data", "clips", "--mode", "dynamic");
  expect(stderr).toMatch(
    /^movinet: warning: small\.tflite is int8 already: this compares with its dequantized weights, which answer otherwise\.$/m,
  );
});
