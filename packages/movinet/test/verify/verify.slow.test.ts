/** Int8 and dynamic files of others: what is sound passes, what is broken fails, on generated scenes and on their own runtime. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { litertEngine } from "../../src/engines/litert/litert.node.ts";
import { nodeEngine } from "../../src/engines/onnxruntime/onnx.node.ts";
import { Program } from "../../src/session/program.ts";
import { sceneClips, streamLengths } from "../../src/verify/clips.ts";
import { compareRunners } from "../../src/verify/receipt.ts";
import { type Runner, sessionRunner } from "../../src/verify/runner.ts";
import { openRunners, verifyFiles } from "../../src/verify/verify.node.ts";
import { brokenRunners, withoutTime } from "../data/broken.ts";

const modelFile = (name: string) => fileURLToPath(new URL(`../../../../../shared/models/${name}`, import.meta.url));
const google = modelFile("movinet_a0_stream_k600_int8.tflite");
const cow = modelFile("cow_a0_stream_int8.tflite");
const dynamic = modelFile("cow_a0_stream_dynamic.tflite");

describe.each([
  ["int8", google],
  ["dynamic_int8", dynamic],
] as const)("%s", (dtype, path) => {
  test.skipIf(!existsSync(path))(`a sound file passes, each broken one fails (needs ${path})`, async () => {
    const bytes = await readFile(path);
    const opened = await openRunners(bytes, "file", await nodeEngine());
    expect(opened.dtype).toBe(dtype);
    const [own, steps] = opened.runners as readonly [Runner, Runner];
    const clips = sceneClips(opened.model.spec, streamLengths);
    const program = await Program.open(bytes, "file", await litertEngine());
    const streamed = sessionRunner(program, "file");
    const ways = [
      own,
      withoutTime(program, streamed),
      ...Object.values(brokenRunners).map((breakIt) => breakIt(streamed)),
    ].map((runner, i) => ({ ...runner, name: ["sound", "no time", ...Object.keys(brokenRunners)][i] as string }));
    const receipt = await compareRunners(steps, ways, clips, dtype);
    expect(receipt.checks.filter(({ pass }) => pass).map(({ name }) => name)).toEqual(["sound"]);
    expect(receipt.problem).toBe(null);
    await program[Symbol.asyncDispose]();
    await opened[Symbol.asyncDispose]();
  });
});

test.skipIf(!existsSync(cow))(`an int8 file that lost its gates fails, by its own runtime (needs ${cow})`, async () => {
  const engine = await nodeEngine();
  const files = [
    await openRunners(await readFile(dynamic), "dynamic", engine),
    await openRunners(await readFile(cow), "int8", engine),
  ] as const;
  const receipt = await verifyFiles(files);
  const failed = receipt.checks.filter(({ pass }) => !pass);
  // Its file, the model that keeps its integers, and the interpreter on those.
  expect(failed.map(({ name, runtime, arithmetic }) => `${name}: ${runtime}, ${arithmetic}`)).toEqual([
    "int8: LiteRT.js wasm, int8",
    "int8: LiteRT.js wasm, int8",
    "int8: reference interpreter, int8",
  ]);
  expect(failed[0]?.fails).toEqual(expect.arrayContaining(["error", "correlation", "sameClass"]));
  for (const file of files) await file[Symbol.asyncDispose]();
});
