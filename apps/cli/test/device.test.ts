/** `--device`: what computes, and what is said where ONNX Runtime is not installed. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const bin = fileURLToPath(new URL("../bin/movinet.js", import.meta.url));
/** Preloaded: as if `onnxruntime-node` were not installed. */
const withoutOnnx = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== "onnxruntime-node") return next(specifier, context);
      throw Object.assign(new Error("Cannot find module 'onnxruntime-node'"), { code: "MODULE_NOT_FOUND" });
    },
  });`)}`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "movinet-device-"));
  for (const [name, speed] of [
    ["one.y4m", 5],
    ["other.y4m", -9],
  ] as const) {
    await writeFile(join(folder, name), movingVideo(speed));
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** An uncompressed video of ten frames per second, whose pattern moves. */
function movingVideo(speed: number): Uint8Array {
  const frames = Array.from({ length: 12 }, (_, k) => [
    Buffer.from("FRAME\n"),
    Buffer.from(Array.from({ length: 64 * 64 }, (_, i) => 128 + 90 * Math.sin(((i % 64) + speed * k) / 4))),
    Buffer.alloc(2 * 32 * 32, 128),
  ]);
  return Buffer.concat([Buffer.from("YUV4MPEG2 W64 H64 F10:1 Ip A1:1 C420\n"), ...frames.flat()]);
}

async function classify(preload: readonly string[], ...options: readonly string[]) {
  const args = ["classify", "one.y4m", "other.y4m", "--model", "camera-motion", "--json", "--quiet", ...options];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...preload, bin, ...args], { cwd: folder });
  const results = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly predictions: readonly { index: number; score: number }[] });
  return { scores: results.map(({ predictions }) => predictions), stderr };
}

test("threads that a device does not have are wrong usage", async () => {
  for (const [device, threads, problem] of [
    ["litert", "2", "works only with ONNX Runtime and wasm: litert runs on one thread"],
    ["wasm", "65", "must be an integer in 1..64, got 65"],
  ] as const) {
    await expect(classify([], "--device", device, "--threads", threads)).rejects.toMatchObject({
      code: 2,
      stderr: `movinet: --threads ${problem}.\n`,
    });
  }
});

test("threads that do not start end the run with one line, whatever the number of videos", async () => {
  const ended = `data:text/javascript,${encodeURIComponent('process.on("worker", (worker) => void worker.terminate());')}`;
  await expect(classify(["--import", ended], "--device", "wasm", "--threads", "2")).rejects.toMatchObject({
    code: 2,
    stderr: "movinet: threads: one of 2 failed to start (it exited at once). Use fewer threads.\n",
  });
});

test("our WebAssembly says what ONNX Runtime says, one video at a time or two", async () => {
  const expected = await classify([], "--device", "cpu");
  expect(expected.scores).toHaveLength(2);
  for (const jobs of ["1", "2"]) {
    const { scores, stderr } = await classify([], "--device", "wasm", "--jobs", jobs);
    expect(stderr).toBe("");
    for (const [i, predictions] of scores.entries()) {
      for (const [k, { index, score }] of predictions.entries()) {
        expect(index).toBe(expected.scores[i]?.[k]?.index);
        expect(score).toBeCloseTo(expected.scores[i]?.[k]?.score as number, 4);
      }
    }
  }
});

test("without ONNX Runtime it computes unless told otherwise, and one line says how to get what is faster", async () => {
  const { scores, stderr } = await classify(["--import", withoutOnnx], "--jobs", "1");
  expect(scores).toHaveLength(2);
  expect(stderr).toMatch(
    /^movinet: warning: running on the built-in WebAssembly engine, which is slower than onnxruntime-node \(this optional package is not installed\)\. Run npm i onnxruntime-node@\S+ to install it\.\n$/,
  );
  await expect(classify(["--import", withoutOnnx], "--device", "cpu")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^movinet: onnxruntime-node: this optional package is not installed\. [^\n]*\n$/),
  });
});

test("bench times it under its name", async () => {
  const args = ["bench", "t0-stream", "--rounds", "1", "--json", "--quiet", "--device", "wasm"];
  const env = { ...process.env, MOVINET_CACHE: join(folder, "none") };
  const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args], { env });
  expect(JSON.parse(stdout)).toMatchObject({ type: "bench", model: "t0-stream", device: "wasm" });
});
