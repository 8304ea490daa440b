/** What is garbage collected without disposal is told of, and nothing that was disposed of. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const source = new URL("../../src/", import.meta.url).href;
const script = `
const load = (name) => import(${JSON.stringify(source)} + name);
const { reportLeaks } = await load("common/leaks.ts");
const { Program } = await load("session/program.ts");
const { referenceEngine } = await load("engines/reference.ts");
const { litertEngine } = await load("engines/litert/litert.node.ts");
const { nodeEngine } = await load("engines/onnxruntime/onnx.node.ts");
const { emitOnnx } = await load("formats/onnx/write/file.ts");
const { emitTflite } = await load("formats/tflite/write/emit.ts");
const { Decoders, openVideo } = await load("video/video.node.ts");
const { hashedModel } = await load("../test/laws/models.ts");
const small = { classes: 7, resolution: { height: 32, width: 32 } };
const named = (name, card) => {
  const model = hashedModel(name, small);
  return { ...model, card: { ...model.card, ...card } };
};

/** Opens one of each, and disposes of all or of none. */
async function open() {
  const program = await Program.compile(named("t0-stream", { name: "ours" }), referenceEngine);
  const windows = await Program.compile(named("t0-base", { name: "windows", frames: 2 }), referenceEngine);
  const worker = await Program.compile(named("t0-stream", { name: "elsewhere" }), await nodeEngine({ background: true }));
  const stream = named("t0-stream", {});
  const tflite = await Program.open(emitTflite(stream, { form: "step" }), "file.tflite", await litertEngine());
  const decoders = new Decoders();
  decoders.warm();
  const all = [
    await program.openStream(),
    await program.openStream({ recentHalfLifeFrames: 2 }),
    await windows.openClip(),
    await worker.openStream(),
    await tflite.openStream(),
    program,
    windows,
    worker,
    tflite,
    await Program.open(emitOnnx(stream, { form: "step" }), "file.onnx", await nodeEngine()),
    openVideo("none.mp4", { fps: 5 }),
    decoders,
  ];
  if (disposes) for (const one of all) await one[Symbol.asyncDispose]();
}

const lines = [];
reportLeaks((line) => lines.push(line));
await open();
for (let i = 0; i < 30; i++) {
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 50));
}
console.log(JSON.stringify(lines));
process.exit();`;

function linesOf(disposes: boolean): readonly string[] {
  const flags = ["--expose-gc", "--disable-warning=ExperimentalWarning"];
  const args = [...flags, "-e", `const disposes = ${disposes};${script}`];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as string[];
}

test("everything that holds memory of its own is told of by its name", () => {
  const lines = linesOf(false);
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line).toMatch(/^garbage-collected without being disposed: /);
  const told = lines.join();
  for (const name of [
    "ours (program)",
    "windows (program)",
    "elsewhere (program)",
    "file.tflite (program)",
    "windows (session)",
    "elsewhere (session)",
    "file.tflite (session)",
    "file.onnx (program)",
    "none.mp4 (video)",
    "videos (decoder pool)",
    "ours (session)",
  ]) {
    expect(told).toContain(name);
  }
});

test("what was disposed of is not", () => {
  expect(linesOf(true)).toEqual([]);
});
