/** `movinet convert` and `movinet verify`: files with receipts, exit codes, and what cannot be converted. */
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGraph, defaultCard, randomWeights, specOf, writeModel } from "movinet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

let folder: string;
const { run } = commandLine(() => folder);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-convert-"));
  await writeTinyModel(join(folder, "tiny.safetensors"), ["other", "slide"]);
  const spec = specOf("a0-base", { classes: 3, resolution: { height: 32, width: 32 } });
  const weights = randomWeights(buildGraph(spec, { call: "clip", frames: 1 }), 1);
  await writeFile(join(folder, "base.safetensors"), writeModel({ spec, weights, card: defaultCard(spec) }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("convert", () => {
  test.each([
    ["a.tflite", []],
    ["b.tflite", ["--form", "official", "--dtype", "float16"]],
    ["c.onnx", []],
    ["d.safetensors", []],
  ])("writes %s %j and prints the receipt", async (file, options) => {
    const { code, stdout, stderr } = await run("convert", "tiny.safetensors", file, ...options, "--quiet");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`${file}: ${file.split(".")[1]}`);
    expect(stdout).toMatch(/100 % +ok$/m);
    expect(await readdir(folder)).toContain(file);
  });

  test("JSON: one receipt", async () => {
    const { stdout } = await run("convert", "tiny.safetensors", "e.onnx", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ type: "receipt", pass: true, file: "e.onnx", result: { form: "step" } });
  });

  test("a base model becomes whole clips of as many frames as asked", async () => {
    const { code, stdout } = await run("convert", "base.safetensors", "f.tflite", "--frames", "4", "--quiet");
    expect(code).toBe(0);
    expect(stdout).toContain("f.tflite: tflite, clip, float32");
  });

  test.each([
    [["tiny.safetensors"], 2, /it takes a model and a file to write/],
    [["tiny.safetensors", "x.pt"], 2, /x\.pt: its ending is that of no format\. Use \.tflite, \.onnx, \.safetensors/],
    [["tiny.safetensors", "x.onnx", "--dtype", "int3"], 2, /--dtype: there is no int3\. Use float32/],
    [["tiny.safetensors", "tiny.safetensors"], 2, /it is the model that is read\. Write another file/],
    [["absent.safetensors", "x.onnx"], 2, /there is no such model file or name/],
    [["base.safetensors", "x.tflite", "--form", "step"], 1, /a base model sees whole clips/],
    [["tiny.safetensors", "x.onnx", "--form", "official"], 1, /there are no onnx files of the form official/],
    [["tiny.safetensors", "nowhere/x.onnx"], 1, /it cannot be written \(ENOENT\)/],
  ])("refuses %j with exit code %d", async (args, exit, complaint) => {
    const before = await readdir(folder);
    const { code, stdout, stderr } = await run("convert", ...args, "--quiet");
    expect({ code, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: exit, stdout: "", lines: 1 });
    expect(stderr).toMatch(complaint);
    expect(await readdir(folder)).toEqual(before);
  });

  test.skipIf(process.getuid?.() === 0)("leaves nothing in a folder that may not be written to", async () => {
    await mkdir(join(folder, "locked"));
    await chmod(join(folder, "locked"), 0o500);
    const { code, stderr } = await run("convert", "tiny.safetensors", "locked/x.onnx", "--quiet");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("it cannot be written (EACCES)") });
    expect(await readdir(join(folder, "locked"))).toEqual([]);
  });
});

describe("verify", () => {
  test("a file against its source: every way, the same class, exit code 0", async () => {
    await run("convert", "tiny.safetensors", "v.tflite", "--form", "official", "--quiet");
    const { code, stdout } = await run("verify", "v.tflite", "--against", "tiny.safetensors", "--quiet");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^v\.tflite +LiteRT\.js wasm +frame by frame .* ok$/m);
    expect(stdout).toMatch(/^tiny\.safetensors +reference interpreter +whole clip .* ok$/m);
  });

  test("another model of the same size: TOO FAR, exit code 1, and a receipt that does not pass", async () => {
    const spec = specOf("t0-stream", { classes: 2, resolution: { height: 32, width: 32 } });
    const weights = randomWeights(buildGraph(spec, { call: "clip", frames: 1 }), 2);
    await writeFile(join(folder, "other.safetensors"), writeModel({ spec, weights, card: defaultCard(spec) }));
    const { code, stdout } = await run("verify", "tiny.safetensors", "--against", "other.safetensors", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ type: "receipt", pass: false });
  });

  test("other classes are refused", async () => {
    const { code, stderr } = await run("verify", "tiny.safetensors", "--against", "base.safetensors", "--quiet");
    expect(code).toBe(2);
    expect(stderr).toMatch(/it has 3 classes at 32×32, but tiny\.safetensors has 2 classes at 32×32/);
  });
});
