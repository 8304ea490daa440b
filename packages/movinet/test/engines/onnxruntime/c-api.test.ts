import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../src/arch/build.ts";
import { cRuntime } from "../../../src/engines/onnxruntime/c-runtime.node.ts";
import { plainLayout } from "../../../src/engines/onnxruntime/layout.ts";
import { nodeEngine } from "../../../src/engines/onnxruntime/onnx.node.ts";
import { emitOnnxGraph } from "../../../src/formats/onnx/write/emit.ts";
import { lowerForInference } from "../../../src/graph/passes.ts";
import { Program } from "../../../src/session/program.ts";
import { hashedModel, randomPictures } from "../../laws/models.ts";

const small = { classes: 7, resolution: { height: 40, width: 56 } } as const;

describe("through the C API and through the binding", () => {
  test.each([
    ["a0-stream", 1],
    ["t0-stream", 1],
    ["t0-stream", 3],
  ] as const)("%s of %i streams says the same, bit for bit", async (name, streams) => {
    const model = hashedModel(name, small);
    const pictures = randomPictures(7, 4 * streams, 40, 56);
    const answers = await Promise.all(
      (["c-api", "binding"] as const).map(async (call) => {
        const program = await Program.compile(model, await nodeEngine({ threads: 1, call }));
        const session = await program.openStream({ streams });
        const { logits } = await session.step(pictures);
        const state = await session.snapshot(streams - 1);
        await program[Symbol.asyncDispose]();
        return { logits, state };
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
  });

  test("so does a model of whole clips", async () => {
    const model = hashedModel("t0-base", { ...small, resolution: { height: 32, width: 32 } });
    const windows = { ...model, card: { ...model.card, frames: 3 } };
    const clip = randomPictures(3, 3, 32, 32);
    const answers = await Promise.all(
      (["c-api", "binding"] as const).map(async (call) => {
        const program = await Program.compile(windows, await nodeEngine({ threads: 1, call }));
        const logits = await (await program.openClip()).run(clip);
        await program[Symbol.asyncDispose]();
        return logits;
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
  });
});

describe("what goes wrong", () => {
  const { spec, weights } = hashedModel("t0-stream", small);
  const graph = lowerForInference(buildGraph(spec, { form: "step", frames: 1 }));
  const bytes = emitOnnxGraph(graph, weights);
  const model = { onnx: bytes, graph, weights, layout: plainLayout(graph) };
  const runtime = cRuntime({ threads: 1, background: false });

  test("a model that is none is refused with what ONNX Runtime says", async () => {
    await expect(runtime.load({ ...model, onnx: bytes.subarray(0, 1000) })).rejects.toThrow(/protobuf/i);
    await expect(runtime.load({ ...model, onnx: bytes.subarray(0, 0) })).rejects.toThrow();
  });

  test("a run that fails is an error of ours, and the next one is sound", async () => {
    const executable = await runtime.load(model);
    const inputs = executable.inputs.map(({ name, shape }) =>
      executable.upload(name, new Float32Array(shape.reduce((all, side) => all * side, 1))),
    );
    const slot = executable.inputs.findIndex(({ name }) => name.includes("stream_buffer"));
    const two = executable.inputs[slot]?.shape.reduce((all, side) => all * side, 2) as number;
    const wrong = executable.upload(executable.inputs[slot]?.name as string, new Float32Array(two));
    await expect(executable.run(inputs.with(slot, wrong))).rejects.toMatchObject({
      name: "ModelError",
      code: "E_MODEL_RUNTIME",
      subject: graph.name,
    });
    const outputs = await executable.run(inputs);
    expect(outputs.length).toBe(executable.outputs.length);
    await executable.dispose();
    await executable.dispose();
    await expect(executable.run(inputs)).rejects.toThrow("after being disposed");
  });
});

describe("processes", () => {
  const source = new URL("../../../src/", import.meta.url).href;
  const begin = `
    const load = (name) => import(${JSON.stringify(source)} + name);
    const { Program } = await load("session/program.ts");
    const { nodeEngine } = await load("engines/onnxruntime/onnx.node.ts");
    const { hashedModel } = await load("../test/laws/models.ts");
    const model = hashedModel("t0-stream", ${JSON.stringify(small)});`;
  const run = (code: string, ...flags: readonly string[]) => {
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [...flags, "--input-type=module", "--eval", begin + code],
      { encoding: "utf8" },
    );
    return { status, signal, stdout, stderr };
  };

  test.each([
    ["exits", "process.exit(0);", 0],
    ["fails", 'throw new Error("enough");', 1],
    ["comes to its end", "", 0],
    ["disposes of the program", "await program[Symbol.asyncDispose]();", 0],
  ])("one that %s while steps are under way ends well", (_, end, status) => {
    const done = run(`
      const program = await Program.compile(model, await nodeEngine({ threads: 2, call: "c-api", background: true }));
      const sessions = await Promise.all([1, 2, 3].map(() => program.openStream()));
      for (const session of sessions) session.step(new Float32Array(3 * 40 * 56 * 40)).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 3));
      ${end}`);
    expect([done.status, done.signal]).toEqual([status, null]);
  });

  test("hundreds of steps in the background wait for each other", () => {
    const { status, stdout } = run(`
      const program = await Program.compile(model, await nodeEngine({ threads: 1, call: "c-api", background: true }));
      const sessions = await Promise.all(Array.from({ length: 300 }, () => program.openStream()));
      const picture = new Float32Array(3 * 40 * 56).fill(0.5);
      const answers = await Promise.all(sessions.map((session) => session.step(picture)));
      console.log(answers.filter(({ logits }) => logits[0] === answers[0].logits[0]).length);
      await program[Symbol.asyncDispose]();`);
    expect([status, stdout]).toEqual([0, "300\n"]);
  });

  test("a program that was disposed of keeps no memory of its steps, though somebody keeps it", () => {
    const { status, stdout } = run(
      `const program = await Program.compile(model, await nodeEngine({ threads: 1, call: "c-api" }));
      const used = async () => {
        for (let k = 0; k < 5; k++) {
          globalThis.gc();
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        return process.memoryUsage().arrayBuffers;
      };
      const before = await used();
      for (const streams of [8, 9, 10]) {
        const session = await program.openStream({ streams });
        await session.step(new Float32Array(streams * 3 * 40 * 56));
        await session[Symbol.asyncDispose]();
      }
      const between = await used();
      await program[Symbol.asyncDispose]();
      console.log(JSON.stringify([before, between, await used(), program.engine]));`,
      "--expose-gc",
    );
    expect(status).toBe(0);
    const [before, between, after] = JSON.parse(stdout) as [number, number, number];
    // What stays are constants of other numbers of streams, with the weights that they are of.
    expect(between - after).toBeGreaterThan(5e6);
    expect(after - before).toBeLessThan(15e6);
  });

  test("without koffi the binding does it, and one line says so", () => {
    const hide = fileURLToPath(new URL("hide-koffi.mjs", import.meta.url));
    const { status, stdout, stderr } = run(
      `const engine = await nodeEngine({ threads: 1 });
      const program = await Program.compile(model, engine);
      const { logits } = await (await program.openStream()).step(new Float32Array(3 * 40 * 56));
      console.log(JSON.stringify([engine.warnings, logits.length]));
      await program[Symbol.asyncDispose]();`,
      "--import",
      hide,
    );
    expect([status, stderr]).toEqual([0, ""]);
    const [warnings, classes] = JSON.parse(stdout) as [readonly string[], number];
    expect(classes).toBe(7);
    expect(warnings).toEqual([expect.stringMatching(/slower JavaScript binding.*koffi.*not installed/)]);
  });
});
