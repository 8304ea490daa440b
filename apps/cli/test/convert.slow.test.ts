/** `movinet convert` and `movinet verify`: files with receipts, exit codes, and what cannot be converted. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
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
  folder = await mkdtemp(join(tmpdir(), "movinet-convert-"));
  await writeTinyModel(join(folder, "tiny.safetensors"), ["other", "slide"]);
  const spec = specOf("a0-base", { classes: 3, resolution: { height: 32, width: 32 } });
  const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
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

  test("labels stand beside a .tflite, as the clients of Google's samples want them", async () => {
    const { stdout } = await run("convert", "tiny.safetensors", "l.tflite", "--quiet");
    expect(stdout).toMatch(/^l\.labels\.txt: its labels, one per line$/m);
    expect(await readFile(join(folder, "l.labels.txt"), "utf8")).toBe("other\nslide\n");
    const json = async (...args: readonly string[]) => JSON.parse((await run("convert", ...args, "--json")).stdout);
    expect(await json("tiny.safetensors", "l.tflite")).toMatchObject({ labelsFile: "l.labels.txt" });
    expect(await json("tiny.safetensors", "n.onnx")).toMatchObject({ labelsFile: null });
    expect(await json("base.safetensors", "n.tflite", "--frames", "4")).toMatchObject({ labelsFile: null });
    const files = await readdir(folder);
    expect(files.filter((name) => /^n\.|\.tmp$/.test(name)).sort()).toEqual(["n.onnx", "n.tflite"]);
  });

  test("a list of labels is replaced with the file that it belongs to, and otherwise never", async () => {
    const list = join(folder, "m.labels.txt");
    await run("convert", "tiny.safetensors", "m.tflite", "--quiet");
    await writeFile(join(folder, "new.txt"), "still\nmoving\n");
    const renamed = ["convert", "tiny.safetensors", "m.tflite", "--labels", "new.txt", "--quiet"] as const;
    expect((await run(...renamed)).code).toBe(0);
    expect(await readFile(list, "utf8")).toBe("still\nmoving\n");
    await writeFile(list, "mine\nown\n");
    const { code, stderr } = await run(...renamed);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /^movinet: m\.labels\.txt: would be overwritten, but does not list the labels of m\.tflite/,
      ),
    });
    expect(await readFile(list, "utf8")).toBe("mine\nown\n");
  });

  test.each(["still\r\nmoving\r\n", "\uFEFFstill\nmoving"])(
    "a list that stands there already, %j, is left as it is",
    async (own) => {
      const list = join(folder, "k.labels.txt");
      await writeFile(list, own);
      const { code, stderr } = await run("convert", "tiny.safetensors", "k.tflite", "--labels", list, "--quiet");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(await readFile(list, "utf8")).toBe(own);
    },
  );

  test("a file without labels does not take over those of the one that it replaces", async () => {
    const { spec, weights, card } = readModel(await readFile(join(folder, "tiny.safetensors")), "tiny");
    await mkdir(join(folder, "bare"));
    await writeFile(join(folder, "bare/m.safetensors"), writeModel({ spec, weights, card: { ...card, labels: null } }));
    const convert = (...args: string[]) => run("convert", ...args, "r.tflite", "--quiet");
    expect((await convert("tiny.safetensors")).code).toBe(0);
    const { code, stderr } = await convert("bare/m.safetensors");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^movinet: r\.labels\.txt: has the labels of the old r\.tflite/);
    await rm(join(folder, "r.labels.txt"));
    expect((await convert("bare/m.safetensors")).code).toBe(0);
  });

  test("a base model becomes whole clips of as many frames as asked", async () => {
    const { code, stdout } = await run("convert", "base.safetensors", "f.tflite", "--frames", "4", "--quiet");
    expect(code).toBe(0);
    expect(stdout).toContain("f.tflite: tflite, clip, float32");
  });

  test.each([
    [["tiny.safetensors"], 2, /convert: missing OUT\./],
    [["tiny.safetensors", "x.bin"], 2, /x\.bin: unknown format "\.bin"\. Use \.tflite, .*, \.pt, \.index\./],
    [["tiny.safetensors", "x.pt", "--form", "step"], 2, /--form does not apply to x\.pt, which holds weights only/],
    [["tiny.safetensors", "x.pt", "--dtype", "float16"], 1, /pt files do not support precision float16/],
    [["tiny.safetensors", "x.pt", "--gate", "hard_sigmoid_a"], 2, /--gate contradicts tiny\.safetensors, which has/],
    [
      ["tiny.safetensors", "x.onnx", "--dtype", "int3"],
      2,
      /--dtype must be one of float32, float16, dynamic_int8, int8; got "int3"/,
    ],
    [["tiny.safetensors", "tiny.safetensors"], 2, /is also the model to read\. Choose another output file/],
    [["absent.safetensors", "x.onnx"], 2, /no model file or model name matches/],
    [["base.safetensors", "x.tflite", "--form", "step"], 1, /a base model takes whole clips/],
    [["tiny.safetensors", "x.onnx", "--form", "official"], 1, /onnx files do not support form official/],
    [
      ["tiny.safetensors", "x.onnx", "--frames", "4"],
      2,
      /--frames does not apply to the form step, one frame per call\. Use --form clip/,
    ],
    [
      ["tiny.safetensors", "x.tflite", "--form", "official", "--frames", "4"],
      2,
      /--frames does not apply to the form official/,
    ],
    [
      ["base.safetensors", "x.safetensors", "--frames", "4"],
      2,
      /--frames does not apply to x\.safetensors, which holds weights only/,
    ],
    [
      ["tiny.safetensors", "x.safetensors", "--form", "clip"],
      2,
      /--form does not apply to x\.safetensors, which holds weights only/,
    ],
    [["tiny.safetensors", "nowhere/x.onnx"], 2, /cannot write \(ENOENT\)/],
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
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("cannot write (EACCES)") });
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
    const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 2);
    await writeFile(join(folder, "other.safetensors"), writeModel({ spec, weights, card: defaultCard(spec) }));
    const { code, stdout } = await run("verify", "tiny.safetensors", "--against", "other.safetensors", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ type: "receipt", pass: false });
  });

  test.each([
    ["constant", 0],
    ["not a number", Number.NaN],
  ])("a network that answers %s passes nowhere, not even beside itself", async (name, value) => {
    const model = readModel(await readFile(join(folder, "tiny.safetensors")), "tiny");
    const kernel = model.weights.get("classifier2.kernel") as { shape: readonly number[]; data: Float32Array };
    const broken = new Map(model.weights).set("classifier2.kernel", { ...kernel, data: kernel.data.map(() => value) });
    await writeFile(join(folder, "broken.safetensors"), writeModel({ ...model, weights: broken }));
    const alone = await run("verify", "broken.safetensors", "--json");
    expect(alone.code, name).toBe(1);
    expect(JSON.parse(alone.stdout)).toMatchObject({ type: "receipt", pass: false, problem: expect.any(String) });
    const { code, stdout } = await run("verify", "tiny.safetensors", "--against", "broken.safetensors", "--quiet");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^broken\.safetensors .* (TOO FAR|NO NUMBERS)$/m);
    const written = await run("convert", "broken.safetensors", "broken.tflite", "--quiet");
    expect(written).toMatchObject({ code: 1, stderr: expect.stringContaining("the comparison is inconclusive") });
    expect(await readdir(folder)).not.toContain("broken.tflite");
  });

  test("the controls are named, and fail", async () => {
    const { code, stdout } = await run("verify", "tiny.safetensors", "--quiet");
    expect(code).toBe(0);
    expect(stdout.replaceAll("\n", " ")).toMatch(
      / Controls, wrong on purpose, .*: constant answer 100 %, other clips \d+ %, zeroed state \d+ %, no time \d+ %\. $/,
    );
  });

  test("what compares nothing is refused with exit code 2", async () => {
    await run("convert", "tiny.safetensors", "alone.onnx", "--quiet");
    for (const file of ["base.safetensors", "alone.onnx"]) {
      const { code, stdout, stderr } = await run("verify", file, "--json");
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(
        /^movinet: .*: there is only one way to run it here, .*\. Pass another file .* --against\.\n$/,
      );
    }
    const same = await run("verify", "base.safetensors", "--against", "./base.safetensors", "--quiet");
    expect(same).toMatchObject({ code: 2, stderr: expect.stringContaining("--against is the same file") });
  });

  test("clips of a window: a file that sees four frames beside one that sees six is refused", async () => {
    for (const frames of ["4", "6"]) {
      await run("convert", "tiny.safetensors", `w${frames}.onnx`, "--form", "clip", "--frames", frames, "--quiet");
    }
    const { code, stdout } = await run("verify", "w4.onnx", "--against", "tiny.safetensors", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ pass: true, clips: 4, frames: 16 });
    const refused = await run("verify", "w4.onnx", "--against", "w6.onnx", "--quiet");
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("w4.onnx: has clips of 4 frames, but w6.onnx has"),
    });
  });

  test("other classes are refused", async () => {
    const { code, stderr } = await run("verify", "tiny.safetensors", "--against", "base.safetensors", "--quiet");
    expect(code).toBe(2);
    expect(stderr).toMatch(/tiny\.safetensors: has 2 classes at 32×32, but base\.safetensors has 3 classes at 32×32/);
  });
});
