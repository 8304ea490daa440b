/** Engines prove themselves before a model runs on them: wrong ones are found out, told of and passed over. */
import { expect, test } from "vitest";
import type { DeviceTensor, Engine, Executable } from "../../src/engines/engine.ts";
import { referenceEngine } from "../../src/engines/reference.ts";
import { wasmEngine } from "../../src/engines/wasm/inference/engine.ts";
import { probe } from "../../src/flow/engine-receipt.ts";
import { prove, start, type Way, type Ways } from "../../src/flow/start.ts";
import { hashedModel } from "../laws/models.ts";
import { told } from "../told.ts";

const model = { ...hashedModel("t0-stream", { classes: 7, resolution: { height: 32, width: 32 } }), warnings: [] };
const window = { ...hashedModel("t0-base", { classes: 7, resolution: { height: 32, width: 32 } }), warnings: [] };
const wasm = await wasmEngine();

let loaded = 0;
/** Our WebAssembly under another name, with a fault in what it gives back. */
function faulty(name: string, fault: (outputs: DeviceTensor[], executable: Executable) => unknown): Engine {
  return {
    ...wasm,
    name,
    async load(source, options) {
      const executable = await wasm.load(source, options);
      loaded++;
      return {
        ...executable,
        async run(inputs) {
          const outputs = [...(await executable.run(inputs))];
          await fault(outputs, executable);
          return outputs;
        },
        dispose() {
          loaded--;
          return executable.dispose();
        },
      };
    },
  };
}
const mapped = (change: (value: number, index: number) => number) =>
  faulty("mapped", (outputs, { outputs: facts, step }) => {
    const at = facts.findIndex(({ name }) => name === step?.outputs["logits"]);
    const tensor = outputs[at];
    if (tensor)
      outputs[at] = { ...tensor, read: async () => (await tensor.read()).map(change), dispose: () => tensor.dispose() };
  });
const swapping = faulty("swapping", (outputs, { outputs: facts, step }) => {
  const said = new Set(Object.values(step?.outputs ?? {}));
  const shapes = facts.map(({ name, shape }) => (said.has(name) ? name : shape.join()));
  const b = shapes.findIndex((shape, i) => shapes.indexOf(shape) < i);
  const a = shapes.indexOf(shapes[b] as string);
  if (b >= 0) [outputs[a], outputs[b]] = [outputs[b] as DeviceTensor, outputs[a] as DeviceTensor];
});
/** Wrong for the model alone. */
const wrongForOne: Engine = {
  ...wasm,
  name: "wrong for one",
  load(source, options) {
    const isModel = "weights" in source && source.weights === model.weights;
    return (isModel ? mapped((value) => 1.01 * value) : wasm).load(source, options);
  },
};

const way = (engine: Engine, device = engine.name): Way => ({ device, open: async () => engine });
const own = way(wasm, "wasm");
const begin = (ways: Partial<Ways> & Pick<Ways, "ways">, opened: typeof model = model) =>
  start(opened, { choose: "first", trusted: null, ...ways }, prove(ways.ways[0] as Way));

test("the known answers are those of the reference interpreter, and our WebAssembly gives them", async () => {
  expect((await probe(referenceEngine)).difference).toBeLessThanOrEqual(6e-6);
  expect((await probe(wasm)).difference).toBeLessThanOrEqual(2e-5);
});

test.each([
  ["scales its logits", mapped((value) => 1.01 * value), /a small test network's are off by 0\.0\d+ \(limit 0\.001\)/],
  ["swaps two states", swapping, /a small test network's are off by \d\.\d+ \(limit 0\.001\)/],
  ["gives one that is no number", mapped((value, i) => (i === 0 ? Number.NaN : value)), /off by no number/],
  ["gives what is no number", mapped(() => Number.NaN), /off by no number/],
])("an engine that %s is passed over, with the reason", async (_, engine, reason) => {
  const { program, warnings, engine: report } = await begin({ ways: [way(engine), own] });
  expect(report.name).toBe(wasm.name);
  expect(report.trials.map(({ engine: name, problem }) => [name, problem === null])).toEqual([
    [engine.name, false],
    [wasm.name, true],
  ]);
  expect(report.trials[0]?.problem).toMatch(reason);
  expect(warnings).toEqual([
    `running on ${wasm.name}, because ${engine.name} failed its check: ${report.trials[0]?.problem}`,
  ]);
  expect(program.engine).toBe(wasm.name);
  await program[Symbol.asyncDispose]();
  await expect(begin({ ways: [way(engine)] })).rejects.toThrow(told("E_DEVICE_WRONG", reason));
  expect(loaded).toBe(0);
});

test("answers for the model itself count as well, if there is an engine to trust", async () => {
  const reason = /they differ by [\d.]+ % of their spread \(limit 0\.10 %\)/;
  await expect(begin({ ways: [way(wrongForOne)], trusted: own })).rejects.toThrow(told("E_DEVICE_WRONG", reason));
  expect(loaded).toBe(0);
  // Windows are long: for base models the known answers must do.
  const { program, engine } = await begin({ ways: [way(wrongForOne)], trusted: own }, window);
  expect(engine.trials).toEqual([expect.objectContaining({ ms: null, problem: null })]);
  await program[Symbol.asyncDispose]();
});

test("the fastest that is right is chosen, and the numbers of all are told", async () => {
  const slow = faulty("slow", () => new Promise((resolve) => setTimeout(resolve, 15)));
  const { program, engine, warnings } = await begin({ ways: [own, way(slow)], choose: "fastest", trusted: own });
  const [first, second] = engine.trials;
  expect([engine.name, first?.engine, second?.engine]).toEqual([wasm.name, wasm.name, "slow"]);
  expect(second?.ms).toBeGreaterThan(14);
  expect(first?.ms).toBeLessThan(second?.ms as number);
  expect(second?.difference).toBe(0);
  expect(warnings).toEqual([]);
  expect(loaded).toBe(0);
  await program[Symbol.asyncDispose]();

  const other = await begin({ ways: [way(slow), way(wrongForOne)], choose: "fastest", trusted: own });
  expect(other.engine.name).toBe("slow");
  expect(other.warnings).toHaveLength(1);
  await other.program[Symbol.asyncDispose]();
  expect(loaded).toBe(0);
});

test("an engine that is not available is an error where nothing else was asked for, and a number less elsewhere", async () => {
  const none: Way = { device: "webgpu", open: () => Promise.reject(told("E_DEVICE_UNAVAILABLE", "no GPU")) };
  await expect(begin({ ways: [none, own] })).rejects.toEqual(told("E_DEVICE_UNAVAILABLE", "no GPU"));
  const { program, engine, warnings } = await begin({ ways: [own, none], choose: "fastest", trusted: own });
  expect(engine.trials[1]).toMatchObject({ engine: "webgpu", ms: null, difference: null });
  expect(warnings).toHaveLength(1);
  await program[Symbol.asyncDispose]();
  // Without an engine to trust, the known answers must do.
  const alone = await begin({ ways: [own], trusted: none });
  expect(alone.engine.trials[0]).toEqual({
    engine: wasm.name,
    ms: null,
    difference: expect.any(Number),
    problem: null,
  });
  await alone.program[Symbol.asyncDispose]();
});
