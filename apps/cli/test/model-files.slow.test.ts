/** What commands say of the model files, labels and devices that users give: one line, and an exit code that tells. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readModel, writeModel } from "movinet/formats";
import { buildGraph, defaultCard, randomWeights, specOf } from "movinet/graph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withoutTexts } from "../../../packages/movinet/test/formats/pytorch/torch-file.ts";
import { commandLine } from "./command-line.ts";
import { writeTinyModel } from "./tiny-model.ts";

const labels = ["clap", "jump", "wave"];
let folder: string;
const { run } = commandLine(() => folder);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-models-"));
  await writeTinyModel(join(folder, "tiny.safetensors"), labels);
  await writeTinyModel(join(folder, "bare.safetensors"), null);
  await writeTinyModel(
    join(folder, "many.safetensors"),
    Array.from({ length: 600 }, (_, i) => `${i}`),
  );
  const { card, ...many } = readModel(await readFile(join(folder, "many.safetensors")), "many");
  await writeFile(join(folder, "many.safetensors"), writeModel({ ...many, card: { ...card, labels: null } }));
  const picture = Buffer.concat([Buffer.from("FRAME\n"), Buffer.alloc(384, 90)]);
  const clip = Buffer.concat([Buffer.from("YUV4MPEG2 W16 H16 F5:1 Ip A1:1 C420\n"), ...Array(12).fill(picture)]);
  await mkdir(join(folder, "clips/wave"), { recursive: true });
  await mkdir(join(folder, "clips/jump"), { recursive: true });
  for (const file of ["clip.y4m", "clips/wave/a.y4m", "clips/jump/b.y4m"]) await writeFile(join(folder, file), clip);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const answer = async (...args: string[]) => {
  const { code, stdout, stderr } = await run("classify", "clip.y4m", "--json", "--quiet", ...args);
  return {
    code,
    stderr,
    labels: code === 0 ? JSON.parse(stdout).predictions.map((one: { label: string }) => one.label) : [],
  };
};

describe("a model that is not there: each command names the option that it has", () => {
  test.each([
    [
      ["classify", "clip.y4m", "--model", "nowhere"],
      "Pass a SavedModel or a .tflite, .safetensors, .onnx or .pt file with --model, or put one at ",
    ],
    [
      ["train", "clips", "--from", "nowhere"],
      "Pass a SavedModel or a .tflite, .safetensors, .onnx or .pt file with --from, or put one at ",
    ],
    [
      ["evaluate", "nowhere", "clips"],
      "Pass a SavedModel or a .tflite, .safetensors, .onnx or .pt file, or put one at ",
    ],
    [
      ["convert", "nowhere", "out.onnx"],
      "Pass a SavedModel or a .tflite, .safetensors, .onnx or .pt file, or put one at ",
    ],
    [["verify", "nowhere"], "Pass a SavedModel or a .tflite, .safetensors, .onnx or .pt file, or put one at "],
    [["inspect", "nowhere"], "Pass a SavedModel or a .tflite, .safetensors, .onnx or .pt file, or put one at "],
  ])("%j", async (args, remedy) => {
    const { code, stderr } = await run(...args);
    expect(stderr).toContain(`movinet: nowhere: no model file or model name matches. ${remedy}`);
    expect(stderr.match(/--[a-z]+/g) ?? []).toEqual(
      args.filter((arg) => /^--(model|from)$/.test(arg)).flatMap((arg) => [arg, arg]),
    );
    expect([code, stderr.trimEnd().split("\n").length]).toEqual([2, 1]);
  });

  test("none is named, and the cache holds none", async () => {
    expect((await run("train", "clips")).stderr).toMatch(/^movinet: --from: no model given, and the cache holds none/);
    expect((await run("classify", "clip.y4m")).stderr).toMatch(/^movinet: --model: no model given/);
  });
});

describe("files of other kinds", () => {
  test.each([
    ["empty.tflite", "", "it is empty"],
    ["page.tflite", "<!doctype html><title>404</title>", "it is a web page"],
    ["pointer.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "it is a Git LFS pointer"],
  ])("%s", async (name, content, problem) => {
    await writeFile(join(folder, name), content);
    for (const args of [
      ["classify", "clip.y4m", "--model", name],
      ["inspect", name],
      ["verify", name],
      ["convert", name, "out.safetensors"],
    ]) {
      const { code, stderr } = await run(...args);
      expect(stderr).toContain(`movinet: ${name}: ${problem}`);
      expect([code, stderr.trimEnd().split("\n").length], args.join(" ")).toEqual([1, 1]);
    }
  });

  test("a folder where a model should be", async () => {
    const { code, stderr } = await run("classify", "clip.y4m", "--model", "clips");
    expect([code, stderr]).toEqual([1, "movinet: clips: it is a folder. Pass the model file inside it.\n"]);
  });
});

test("an ONNX file that was written here is a model like others", async () => {
  for (const dtype of ["float32", "float16"]) {
    const { code } = await run("convert", "tiny.safetensors", `${dtype}.onnx`, "--dtype", dtype, "--quiet");
    expect(code).toBe(0);
    const [own, other] = [await answer("--model", "tiny.safetensors"), await answer("--model", `${dtype}.onnx`)];
    expect(other).toEqual(own);
    expect(own.labels).toHaveLength(3);
    expect((await run("convert", `${dtype}.onnx`, "back.tflite", "--quiet")).code).toBe(0);
  }
});

test("a PyTorch file is a model like others, and what a state dict cannot tell is told", async () => {
  expect((await run("convert", "tiny.safetensors", "tiny.pt", "--quiet")).code).toBe(0);
  expect(await answer("--model", "tiny.pt")).toEqual(await answer("--model", "tiny.safetensors"));
  const spec = specOf("t0-stream", { classes: 3, resolution: { height: 32, width: 32 } });
  const weights = randomWeights(buildGraph(spec, { form: "clip", frames: 1 }), 1);
  const ours = writeModel({ spec, weights, card: defaultCard(spec) }, { format: "pt" });
  await writeFile(join(folder, "theirs.pt"), withoutTexts(ours));
  const assumed = await run("convert", "theirs.pt", "assumed.safetensors", "--quiet");
  expect(assumed.stderr).toMatch(/^movinet: theirs\.pt: warning: .*gate: hard sigmoid A.*activation: swish/);
  const options = ["--gate", "hard_sigmoid_b", "--classifier-activation", "hard_swish"];
  const told = await run("convert", "theirs.pt", "told.safetensors", ...options, "--quiet");
  expect(told.stderr).not.toMatch(/gate|classifier/);
  const read = readModel(await readFile(join(folder, "told.safetensors")), "told");
  expect(read.spec).toMatchObject({ gate: "hard_sigmoid_b", classifierActivation: "hard_swish" });
});

test("a TensorFlow checkpoint is a model like others, by its name, its index or its folder, and is not written over", async () => {
  await mkdir(join(folder, "run"), { recursive: true });
  expect((await run("convert", "tiny.safetensors", "run/ckpt-1.index", "--quiet")).code).toBe(0);
  expect((await readdir(join(folder, "run"))).sort()).toEqual(["ckpt-1.data-00000-of-00001", "ckpt-1.index"]);
  const own = await answer("--model", "tiny.safetensors");
  for (const name of ["run", "run/ckpt-1", "run/ckpt-1.index"]) expect(await answer("--model", name)).toEqual(own);
  expect((await run("verify", "run/ckpt-1", "--against", "tiny.safetensors", "--quiet")).code).toBe(0);
  expect((await run("verify", "run", "--against", "run/ckpt-1")).stderr).toMatch(/--against is the same file: run\./);
  const over = await run("convert", "run", "run/ckpt-1.index");
  expect([over.code, over.stderr]).toEqual([2, expect.stringContaining("is also the model to read")]);
  expect((await run("convert", "run", "again.safetensors", "--quiet")).code).toBe(0);
  const weightsOf = async (name: string) => readModel(await readFile(join(folder, name)), name).weights;
  expect(await weightsOf("again.safetensors")).toEqual(await weightsOf("tiny.safetensors"));
});

describe("labels", () => {
  test("600 classes without names get a hint; it is what helps", async () => {
    const { stderr } = await answer("--model", "many.safetensors");
    expect(stderr).toBe(
      "movinet: tiny: this model has no class names, so class numbers are shown. Give --labels FILE, or --labels kinetics-600 if these are its 600 classes.\n",
    );
    const named = await answer("--model", "many.safetensors", "--labels", "kinetics-600");
    expect(named.stderr).toBe("");
    expect(named.labels.every((label: string) => /[a-z]/.test(label))).toBe(true);
  });

  test("other counts of classes get none", async () => {
    expect((await answer("--model", "bare.safetensors")).stderr).toBe(
      "movinet: tiny: this model has no class names, so class numbers are shown. Give --labels FILE.\n",
    );
  });

  test("UTF-16 is read, Windows-1252 is refused, an index is left out with a warning", async () => {
    const file = join(folder, "names.txt");
    await writeFile(file, Buffer.from("\uFEFFéins\nzwei\ndrei\n", "utf16le").swap16());
    expect((await answer("--model", "tiny.safetensors", "--labels", "names.txt")).labels).toContain("éins");
    await writeFile(file, Buffer.from("éins\nzwei\ndrei\n", "latin1"));
    expect(await answer("--model", "tiny.safetensors", "--labels", "names.txt")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^movinet: names\.txt: it is not valid UTF-8 text\. .*\n$/),
    });
    await writeFile(file, "1 eins\n2 zwei\n3 drei\n");
    expect(await answer("--model", "tiny.safetensors", "--labels", "names.txt")).toMatchObject({
      labels: expect.arrayContaining(["eins", "zwei", "drei"]),
      stderr: "movinet: tiny.safetensors: warning: names.txt: the numbers 1 to 3 before the names are left out.\n",
    });
  });
});

test("a device that is listed but does not work: one error, whatever the number of videos", async () => {
  const { listSupportedBackends } = await import("onnxruntime-node");
  const listed = listSupportedBackends().map(({ name }) => name);
  for (const device of ["cuda", "tensorrt"].filter((name) => listed.includes(name))) {
    const { code, stdout, stderr } = await run(
      "classify",
      "clip.y4m",
      "clip.y4m",
      "--model",
      "tiny.safetensors",
      "--device",
      device,
    );
    if (code === 0) continue; // where it does work
    expect(stderr).toMatch(
      new RegExp(
        `^movinet: ${device}: ONNX Runtime supports this device, but it does not work here \\(.*\\)\\. .*use device cpu\\.\\n$`,
      ),
    );
    expect([code, stdout]).toEqual([2, ""]);
  }
});
