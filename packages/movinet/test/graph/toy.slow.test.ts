/** A new op is one file and one row, and so are a new output and a new engine: all are added to a copy of the sources, which must compile and run. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../../../..");

const op = `
import type { Composite, Unary } from "./nodes.ts";

/** min(max(x, 0), 6)² */
export const squaredRelu6: Composite<Unary<"squaredRelu6">> = {
  accesses: { x: "value" },
  lower: ({ id, x }) => [
    { op: "activation", id: \`\${id}/relu6\`, x, kind: "relu6" },
    { op: "multiply", id, a: \`\${id}/relu6\`, b: \`\${id}/relu6\` },
  ],
  run: ({ x }, { values }) => (values[x] ?? new Float64Array()).map((value) => Math.min(Math.max(value, 0), 6) ** 2),
};
`;
const output = `
import type { Head } from "./builder.ts";

export const features: Head = (net, { pooled }) => net.add({ op: "squaredRelu6", id: "pooled.squared", x: pooled });
/** Needs no pool. */
export const frame: Head = (net, { map }) => net.add({ op: "squaredRelu6", id: "map.squared", x: map });
/** Needs the pool and the frame: the network cannot be cut between them. */
export const both: Head = (net, { map, pooled }) => net.add({ op: "multiply", id: "map.pooled", a: map, b: pooled });
`;
const engine = `
import type { Engine } from "./engine.ts";
import { referenceEngine } from "./reference.ts";

export const toyEngine: Engine = { ...referenceEngine, name: "toy" };
`;
/** Says how far ONNX Runtime is from the reference interpreter, for each output. */
const use = `
import { buildGraph } from "./arch/build.ts";
import { randomWeights } from "./arch/random-weights.ts";
import { specOf } from "./arch/spec.ts";
import { openEngine } from "./engines/device.node.ts";
import { emitOnnx } from "./formats/onnx/write/file.ts";
import { readModel } from "./formats/tflite/read/schema.ts";
import { emitTflite } from "./formats/tflite/write/emit.ts";
import { interpret } from "./graph/interpret.ts";
import { elementsOf } from "./graph/shapes.ts";
import { defaultCard } from "./model/card.ts";
import { Program } from "./session/program.ts";
import { InferenceSession } from "onnxruntime-node";

const spec = specOf("t0-stream", { classes: 5, resolution: { height: 32, width: 32 }, heads: ["logits", "features"] });
const graph = buildGraph(spec, { form: "step", frames: 1 });
const weights = randomWeights(graph, 1);
const inputs = Object.fromEntries(
  graph.nodes.flatMap((node) =>
    node.op === "input"
      ? [[node.id, Float32Array.from({ length: elementsOf(Object.values(node.shape)) }, (_, i) => Math.sin(i) ** 2)]]
      : [],
  ),
);
const expected = interpret(graph, weights, inputs);
const differences: Record<string, number> = {};
for (const streams of [1, null]) {
  const executable = await (await openEngine()).load({ graph, weights }, { streams });
  const given = executable.inputs.map(({ name }) => executable.upload(name, inputs[name] ?? new Float32Array()));
  const results = await executable.run(given);
  for (const [name, value] of Object.entries(graph.outputs)) {
    const got = (await results[executable.outputs.findIndex((output) => output.name === value)]?.read()) ?? [];
    const distances = [...(expected[value] ?? [])].map((number, i) => Math.abs(number - (got[i] ?? Number.NaN)));
    differences[\`\${name} \${distances.length} \${streams === 1}\`] = Math.max(...distances);
  }
}
const model = { spec, weights, card: defaultCard(spec) };
const { outputNames } = await InferenceSession.create(emitOnnx(model));
const tflite = (["step", "official"] as const).map((form) => readModel(emitTflite(model, { form }), form).outputs.length);
const plain = Object.keys(buildGraph(specOf("t0-stream"), { form: "step", frames: 1 }).outputs);
const picture = Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.sin(i) ** 2);
const steps: Record<string, readonly number[]> = {};
const open = {
  toy: async () => Program.compile(model, await openEngine({ device: "toy" })),
  cpu: async () => Program.compile(model, await openEngine()),
  litert: async () => Program.compile(model, await openEngine({ device: "litert" })),
  onnx: async () => Program.open(emitOnnx(model), "onnx", await openEngine()),
  step: async () => Program.open(emitTflite(model, { form: "step" }), "step", await openEngine({ device: "litert" })),
  official: async () => Program.open(emitTflite(model, { form: "official" }), "official", await openEngine({ device: "litert" })),
};
for (const [name, program] of Object.entries(open)) {
  const session = await (await program()).openStream({ streams: 2 });
  const both = Float32Array.from({ length: 2 * picture.length }, (_, i) => picture[i % picture.length] ?? 0);
  await session.step(both);
  const { logits, features = [] } = await session.step(both);
  steps[name] = [...logits, ...features];
}
/** Outputs that come of the body, or that keep a network whole: as its file says them, at each of two steps of two streams. */
const others: Record<string, Record<string, readonly number[]>> = {};
for (const heads of [["logits", "frame"], ["both", "logits", "frame"]]) {
  const wide = { ...spec, heads };
  const own = { spec: wide, weights: randomWeights(buildGraph(wide, { form: "step", frames: 1 }), 1), card: defaultCard(wide) };
  const [ours, file] = [await Program.compile(own, await openEngine()), await Program.open(emitOnnx(own), "onnx", await openEngine())];
  const [a, b] = [await ours.openStream({ streams: 2 }), await file.openStream({ streams: 2 })];
  const pictures = Float32Array.from({ length: 4 * picture.length }, (_, i) => Math.sin(i) ** 2);
  for (let t = 0; t < 2; t++) {
    await a.advance(pictures.subarray(2 * t * picture.length, 2 * (t + 1) * picture.length));
    await b.advance(pictures.subarray(2 * t * picture.length, 2 * (t + 1) * picture.length));
  }
  const [got, expected] = [await a.outputs(2), await b.outputs(2)];
  others[heads.join()] = Object.fromEntries(
    Object.entries(expected).map(([name, values = []]) => [
      name,
      [values.length, Math.max(...Array.from(values, (value, i) => Math.abs(value - (got[name]?.[i] ?? Number.NaN))))],
    ]),
  );
}
console.log(JSON.stringify({ differences, onnx: outputNames, tflite, steps, plain, others }));
process.exit();
`;

let folder: string;
const source = (path: string) => join(folder, "packages/movinet/src", path);

/** `row` is the end of the table before and after. */
async function addRow(file: string, row: readonly [before: string, after: string], imports: string): Promise<void> {
  const text = await readFile(source(file), "utf8");
  expect(text.split(row[0])).toHaveLength(2);
  await writeFile(source(file), `import ${imports};\n${text.replace(...row)}`);
}

/** What the compiler says of the copy: nothing, if all is well. */
async function compile(): Promise<string> {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  return (await run(process.execPath, [compiler, "-p", folder]).catch((failed: { stdout: string }) => failed)).stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-toy-"));
  for (const path of ["packages/movinet/src", "packages/movinet/package.json", "packages/movinet/litertjs-core.d.ts"]) {
    await cp(join(root, path), join(folder, path), { recursive: true });
  }
  const { compilerOptions } = JSON.parse(await readFile(join(root, "tsconfig.json"), "utf8"));
  const settings = { compilerOptions, include: ["packages/*/src"], exclude: ["**/*.web.ts"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  await writeFile(source("graph/squared-relu6.ts"), op);
  const rows = ["composites = {}", "composites = { squaredRelu6 }"] as const;
  await addRow("graph/composites.ts", rows, `{ squaredRelu6 } from "./squared-relu6.ts"`);
  await writeFile(source("arch/features.ts"), output);
  await addRow(
    "arch/heads.ts",
    ["{ logits }", "{ logits, features, frame, both }"],
    `{ both, features, frame } from "./features.ts"`,
  );
  await writeFile(source("engines/toy.ts"), engine);
  await addRow(
    "engines/device.node.ts",
    ["  litert: ", "  toy: async () => toyEngine,\n  litert: "],
    `{ toyEngine } from "./toy.ts"`,
  );
  await writeFile(source("use.ts"), use);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("a toy op, a toy output and a toy engine compile, and every engine and file gives the same", async () => {
  expect(await compile()).toBe("");
  const { stdout } = await run(process.execPath, [source("use.ts")], { cwd: folder });
  const { differences, onnx, tflite, steps, plain, others } = JSON.parse(stdout);
  expect(Object.keys(others)).toEqual(["logits,frame", "both,logits,frame"]);
  for (const outputs of Object.values<Record<string, [number, number]>>(others)) {
    expect(outputs["logits"]?.[0]).toBe(4 * 5);
    expect(outputs["frame"]?.[0]).toBe(4 * 240);
    for (const [name, [, difference]] of Object.entries(outputs)) expect(difference, name).toBeLessThan(1e-4);
  }
  expect(plain, "a network that asks for none has no new output").toEqual(["logits"]);
  expect(Object.keys(differences)).toEqual([
    "logits 5 true",
    "features 240 true",
    "logits 5 false",
    "features 240 false",
  ]);
  for (const difference of Object.values(differences)) expect(difference).toBeLessThan(1e-4);
  expect(onnx.slice(0, 2)).toEqual(["logits", "features"]);
  expect(tflite).toEqual([2 + 8 + 15, 2 + 38]);
  expect(Object.keys(steps)).toEqual(["toy", "cpu", "litert", "onnx", "step", "official"]);
  for (const [name, values] of Object.entries(steps as Record<string, number[]>)) {
    expect(values.length, name).toBe(2 * (5 + 240));
    for (const [i, value] of values.entries())
      expect(Math.abs(value - steps.toy[i]), `${name} ${i}`).toBeLessThan(1e-4);
  }
}, 120_000);

test("an op that forgets to say what a field names does not compile", async () => {
  await writeFile(source("graph/squared-relu6.ts"), op.replace('x: "value"', ""));
  expect(await compile()).toContain("Property 'x' is missing in type '{}' but required in type 'Accesses");
}, 120_000);
