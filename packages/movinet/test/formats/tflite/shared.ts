/** The files that lie outside the repository, and what runs on them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { buildGraph } from "../../../src/arch/build.ts";
import type { Spec } from "../../../src/arch/spec.ts";
import { emitOnnxGraph } from "../../../src/formats/onnx/write/emit.ts";
import { type Graph, type InputNode, normEpsilon, outputOf, outputsOf } from "../../../src/graph/ir.ts";
import { lowerForInference } from "../../../src/graph/passes.ts";
import type { Weights } from "../../../src/graph/tensor.ts";
import { hashedWeights } from "../../golden/material.ts";

const shared = process.env["MOVINET_SHARED"] ?? join(import.meta.dirname, "../../../../../../shared");
export const hasShared = existsSync(join(shared, "golden/tflite"));
/** For the titles of suites that need the files. */
export const reason = hasShared ? "" : ` (skipped: no folder ${shared}; set MOVINET_SHARED)`;

export function sharedPath(path: string): string {
  return join(shared, path);
}

export function sharedFile(path: string): Uint8Array {
  return readFileSync(sharedPath(path));
}

export function sharedJson(path: string): {
  readonly [set in "logits" | "logitsXnnpack"]: Readonly<Record<string, readonly number[]>>;
} {
  return JSON.parse(readFileSync(join(shared, path), "utf8"));
}

/** The logits after each frame of a stream `[T, 3, H, W]`. */
export async function streamLogits(spec: Spec, weights: Weights, frames: Float32Array): Promise<Float32Array[]> {
  const graph = lowerForInference(buildGraph(spec, { form: "step", frames: 1 }));
  const session = await InferenceSession.create(emitOnnxGraph(graph, weights), {
    intraOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  const inputs = graph.nodes.filter((node): node is InputNode => node.op === "input");
  const size = 3 * spec.resolution.height * spec.resolution.width;
  let feeds: Record<string, Tensor> = {};
  for (const { id, shape } of inputs) {
    const dims = [1, shape.channels, shape.height, shape.width];
    feeds[id] = new Tensor(new Float32Array(dims.reduce((a, b) => a * b, 1)), dims);
  }
  const logits: Float32Array[] = [];
  for (let t = 0; t < frames.length / size; t++) {
    for (const { id, role } of inputs) {
      const dims = feeds[id]?.dims ?? [];
      if (role === "image") feeds[id] = new Tensor(frames.slice(t * size, (t + 1) * size), dims);
      if (role === "inverseCount") feeds[id] = new Tensor(Float32Array.of(1 / (t + 1)), dims);
      if (role === "position") feeds[id] = new Tensor(Float32Array.of(t), dims);
    }
    const results = await session.run(feeds, outputsOf(graph));
    logits.push(results[outputOf(graph)]?.data as Float32Array);
    feeds = { ...feeds, ...nextStates(graph, feeds, results) };
  }
  await session.release();
  return logits;
}

function nextStates(graph: Graph, feeds: Record<string, Tensor>, results: InferenceSession.OnnxValueMapType) {
  const next: Record<string, Tensor> = {};
  for (const state of graph.states) {
    if (state.kind === "sum") next[state.input] = results[state.output] as Tensor;
    if (state.kind !== "buffer") continue;
    const window = [...state.slots.map((slot) => feeds[slot]), ...state.newest.map((value) => results[value])];
    for (const [k, slot] of state.slots.entries()) next[slot] = window[k + state.newest.length] as Tensor;
  }
  return next;
}

/** The regenerated weights of a spec with norms folded: kernels by name, biases of folded norms as `….norm.beta`. */
export function foldedWeights(spec: Spec): Map<string, Float32Array> {
  const raw = hashedWeights(buildGraph(spec, { form: "step", frames: 1 }).params);
  const folded = new Map<string, Float32Array>();
  for (const [name, { data }] of raw) {
    const norm = name.replace(/(\.depthwise)?\.kernel$|\.norm\.\w+$/, ".norm");
    const gamma = raw.get(`${norm}.gamma`)?.data;
    if (!gamma) {
      folded.set(name, data);
      continue;
    }
    const variance = raw.get(`${norm}.variance`)?.data as Float32Array;
    const mean = raw.get(`${norm}.mean`)?.data as Float32Array;
    const gain = Float64Array.from(gamma, (g, c) => g / Math.sqrt((variance[c] as number) + normEpsilon));
    const gainOf = (i: number) => gain[i % gain.length] as number;
    if (name.endsWith(".kernel")) {
      folded.set(
        name,
        data.map((value, i) => value * gainOf(i)),
      );
    }
    if (name.endsWith(".beta")) {
      folded.set(
        name,
        data.map((value, i) => value - (mean[i] as number) * gainOf(i)),
      );
    }
  }
  return folded;
}
