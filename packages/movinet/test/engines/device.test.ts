/** Which engine a device is in Node, and what runs where ONNX Runtime cannot. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { openEngine } from "../../src/engines/device.node.ts";
import { Program } from "../../src/session/program.ts";
import { distance, hashedModel, randomPictures } from "../laws/models.ts";
import { told } from "../told.ts";

const small = { classes: 7, resolution: { height: 40, width: 56 } };
const source = new URL("../../src/", import.meta.url).href;

/** Preloaded: `onnxruntime-node` fails to load with this error. */
const without = (message: string, code: string) =>
  `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier !== "onnxruntime-node") return next(specifier, context);
        throw Object.assign(new Error(${JSON.stringify(message)}), { code: ${JSON.stringify(code)} });
      },
    });`)}`;
const absent = without("Cannot find module 'onnxruntime-node'", "MODULE_NOT_FOUND");
const broken = without("Error loading shared library ld-linux-x86-64.so.2: No such file", "ERR_DLOPEN_FAILED");

/** What a process prints in which `code` runs, with `openEngine`, a `Program` and a small model at hand. */
function run(code: string, preload: string): unknown {
  const begin = `
    const load = (name) => import(${JSON.stringify(source)} + name);
    const { openEngine } = await load("engines/device.node.ts");
    const { Program } = await load("session/program.ts");
    const { hashedModel, randomPictures } = await load("../test/laws/models.ts");
    const model = hashedModel("t0-stream", ${JSON.stringify(small)});`;
  const args = ["--import", preload, "--input-type=module", "--eval", begin + code];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

test("an unknown device is refused with all that there are", async () => {
  await expect(openEngine({ device: "abacus" })).rejects.toThrow(
    told("E_DEVICE_UNKNOWN", /abacus: unknown device\. Use one of: auto, cpu, .*litert, reference, wasm\./),
  );
  await expect(openEngine({ device: "toString" })).rejects.toThrow(told("E_DEVICE_UNKNOWN", /toString/));
});

test("wrong threads are refused, whatever the device", async () => {
  for (const device of ["auto", "wasm", "litert"]) {
    await expect(openEngine({ device, threads: 1.5 })).rejects.toThrow(
      "threads must be an integer in 1..1024, got 1.5",
    );
  }
});

test("threads that a device does not have are refused", async () => {
  for (const device of ["litert", "reference"]) {
    await expect(openEngine({ device, threads: 2 })).rejects.toThrow(
      `threads works only with ONNX Runtime and wasm: ${device} runs on one thread`,
    );
    expect((await openEngine({ device, threads: 1 })).name).toMatch(/LiteRT|reference/);
  }
  await expect(openEngine({ device: "wasm", threads: 65 })).rejects.toThrow(
    "threads must be an integer in 1..64, got 65",
  );
});

test("auto is ONNX Runtime where it is installed", async () => {
  const engine = await openEngine();
  expect([engine.name, engine.warnings]).toEqual(["onnxruntime-node cpu", []]);
});

test.each([
  ["not installed", absent, "this optional package is not installed"],
  [
    "broken",
    broken,
    "this optional package cannot be loaded (Error loading shared library ld-linux-x86-64.so.2: No such file)",
  ],
])("where ONNX Runtime is %s, auto is our WebAssembly, and one line says how to get it", async (_, preload, reason) => {
  const [name, warnings, logits] = run(
    `const engine = await openEngine({ background: true });
    const program = await Program.compile(model, engine);
    const session = await program.openStream();
    const { logits } = await session.step(randomPictures(1, 3, 40, 56));
    await program[Symbol.asyncDispose]();
    console.log(JSON.stringify([engine.name, engine.warnings, [...logits]]));`,
    preload,
  ) as [string, readonly string[], readonly number[]];
  expect(name).toMatch(/^wasm /);
  expect(warnings).toEqual([
    `running on the built-in WebAssembly engine, and not in the background, which is slower than onnxruntime-node (${reason}). Run npm i onnxruntime-node@^1.30.0 to install it`,
  ]);
  const program = await Program.compile(hashedModel("t0-stream", small), await openEngine({ threads: 1 }));
  const expected = (await (await program.openStream()).step(randomPictures(1, 3, 40, 56))).logits;
  await program[Symbol.asyncDispose]();
  expect(distance(expected, Float32Array.from(logits))).toBeLessThanOrEqual(1e-5);
});

test("where ONNX Runtime is not installed, a device that we do not know is refused with those that work", () => {
  const message = run(
    `openEngine({ device: "wasn" }).catch((error) => console.log(JSON.stringify(error.message)));`,
    absent,
  );
  expect(message).toBe(
    "wasn: this device, if it exists, needs onnxruntime-node (this optional package is not installed). Run npm i onnxruntime-node@^1.30.0 to install it, or use one of: auto, litert, reference, wasm.",
  );
});

test("cpu means ONNX Runtime, and wrong threads are wrong, also where it is not installed", () => {
  const codes = run(
    `const tell = (options) => openEngine(options).then(() => null, ({ code, message }) => code ?? message);
    console.log(JSON.stringify([await tell({ device: "cpu" }), await tell({ device: "cuda" }), await tell({ threads: 0 })]));`,
    absent,
  );
  expect(codes).toEqual([
    "E_DEPENDENCY_MISSING",
    "E_DEPENDENCY_MISSING",
    "threads must be an integer in 1..1024, got 0",
  ]);
});
