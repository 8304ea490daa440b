/** What engines are offered where, how much they load, and what is said about their check. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { engineFiles } from "../engine-files.ts";
import { engineBytes, enginesFor, receiptText, threadsOf } from "../src/engines.ts";

const nothing = { isolated: false, cores: 8, gpu: false, isTflite: false };
const works = (where: Partial<typeof nothing>) =>
  enginesFor({ ...nothing, ...where }).flatMap((offer) => (offer.works ? [offer.name] : []));

describe("engines on offer", () => {
  test.each([
    [{}, ["auto"]],
    [{ isolated: true }, ["auto", "threads"]],
    [{ gpu: true }, ["auto", "webgpu", "fastest"]],
    [{ isTflite: true }, ["auto", "litert"]],
  ])("%j", (where, expected) => {
    expect(works(where)).toEqual(expected);
  });

  test("what cannot be chosen says why", () => {
    const labels = enginesFor(nothing).flatMap((offer) => (offer.works ? [] : [offer.label]));
    expect(labels).toEqual([
      "WebAssembly threads (not on this server)",
      "WebGPU (no GPU here)",
      "LiteRT (for .tflite files)",
    ]);
  });

  test("threads are half the cores, from two to four", () => {
    expect([1, 4, 6, 32].map(threadsOf)).toEqual([2, 2, 3, 4]);
  });

  test("the sizes shown are those of the files", () => {
    const sizeOf = (folder: string, most: number) => {
      const { from, files } = engineFiles[folder] as { from: string; files: readonly string[] };
      return files.slice(0, most).reduce((sum, file) => sum + statSync(join(from, file)).size, 0);
    };
    expect(engineBytes).toEqual({ onnxruntime: sizeOf("onnxruntime", 2), litert: sizeOf("litert", 2) });
  });
});

test.each([
  [[["wasm relaxed", null, 1.01e-5]], "WebAssembly: checked, answers within 1e-5."],
  [
    [
      ["onnxruntime-web webgpu", 12.34, 2e-6],
      ["wasm relaxed", 5, 1e-5],
    ],
    "WebGPU: checked, answers within 2e-6. Per step: WebGPU 12 ms, WebAssembly 5.0 ms.",
  ],
  [[["reference", null, null]], "reference: checked."],
] as const)("%j reads: %s", (trials, text) => {
  const [[name]] = trials;
  const told = trials.map(([engine, ms, difference]) => ({ engine, ms, difference, problem: null }));
  expect(receiptText({ name, trials: told })).toBe(text);
});
