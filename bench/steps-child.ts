/**
 * Our steps in a separate process, for `steps.ts`: started with a {@link StepsStart} as JSON, it writes a line when
 * ready, and for each line on stdin a {@link StepsRound}: new streams, with some frames for each. Every answer is
 * compared with native LiteRT's.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { openModel } from "movinet/files";
import { openEngine, Program } from "movinet/session";
import { nodeEngine } from "../packages/movinet/src/engines/onnxruntime/onnx.node.ts";
import { wasmEngine } from "../packages/movinet/src/engines/wasm/inference/engine.ts";
import { kernelModules } from "../packages/movinet/src/engines/wasm/inference/modules.ts";
import type { StepOutputs } from "../packages/movinet/src/session/stream-session.ts";
import { hashedFrames } from "../packages/movinet/test/golden/material.ts";
import { differenceOf } from "./difference.ts";

const engines = {
  "c-api": () => nodeEngine({ threads: 1, call: "c-api" }),
  background: () => nodeEngine({ threads: 1, call: "c-api", background: true }),
  binding: () => nodeEngine({ threads: 1, call: "binding" }),
  relaxed: () => wasmEngine({ relaxed: kernelModules.relaxed }),
  simd: () => wasmEngine({ simd: kernelModules.simd }),
  threads: () => openEngine({ device: "wasm", threads: 2 }),
};

export interface StepsStart {
  /** One of Google's graphs. */
  readonly model: string;
  /** Its logits in native LiteRT, float32 `[frames, known, classes]`; stream `s` begins with frame `s`. */
  readonly logits: string;
  /** Frames per round. */
  readonly frames: number;
  /** Number of streams with known logits. */
  readonly known: number;
  /** Streams per call. */
  readonly streams: number;
  /** Whether every call also returns logits; otherwise they are requested after the round, for its last 16 frames. */
  readonly classifier: boolean;
  /**
   * ONNX Runtime through its C API, also in the background, and through its binding; the built-in WebAssembly with its
   * modules, one of them for two threads.
   */
  readonly engine: keyof typeof engines;
}

export interface StepsRound {
  /** Milliseconds of each call, of all streams. */
  readonly times: readonly number[];
  /**
   * Difference from LiteRT's logits, relative to the larger of 1 and their magnitude; NaN (null in JSON) if a logit is
   * missing.
   */
  readonly largestDifference: number;
}

const askedFrames = 16;

const start = JSON.parse(process.argv[2] as string) as StepsStart;
const { frames, known, streams, classifier, engine } = start;
const model = await openModel(start.model);
const { variant, mode, classes, resolution } = model.spec;
const started = performance.now();
const program = await Program.compile(model, await engines[engine]());
const session = await program.openStream({ streams });
const sessionMs = performance.now() - started;

const size = 3 * resolution.height * resolution.width;
const pictures = hashedFrames(frames + known - 1, resolution.height, resolution.width);
const { buffer, byteOffset, length } = readFileSync(start.logits);
const truth = new Float32Array(buffer.slice(byteOffset, byteOffset + length));

/** For `count` frames from `first`. */
function differenceOfFrames({ logits }: StepOutputs, first: number, count = 1): number {
  const expected = Array.from({ length: count }, (_, t) => {
    const row = (first + t) * known;
    return truth.subarray(row * classes, (row + streams) * classes);
  });
  const size = streams * classes;
  return Math.max(...expected.map((rows, t) => differenceOf(logits.subarray(t * size, (t + 1) * size), rows)));
}

async function round(): Promise<StepsRound> {
  const input = new Float32Array(streams * size);
  const times: number[] = [];
  const differences: number[] = [];
  await session.reset();
  for (let t = 0; t < frames; t++) {
    input.set(pictures.subarray(t * size, (t + streams) * size));
    const before = performance.now();
    const outputs = await (classifier ? session.step(input) : session.advance(input));
    times.push(performance.now() - before);
    if (outputs) differences.push(differenceOfFrames(outputs, t));
  }
  if (!classifier) {
    differences.push(differenceOfFrames(await session.outputs(askedFrames), frames - askedFrames, askedFrames));
  }
  return { times, largestDifference: Math.max(...differences) };
}

console.log(JSON.stringify({ sessionMs, variant, mode, resolution }));
for await (const _ of createInterface({ input: process.stdin })) console.log(JSON.stringify(await round()));
process.exit(0);
