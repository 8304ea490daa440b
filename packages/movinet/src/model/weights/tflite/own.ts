import { buildGraph } from "../../arch/build.ts";
import type { Spec } from "../../arch/spec.ts";
import type { Card } from "../../card.ts";
import { rowsLayout, tensorName } from "../../emit/tflite/layouts.ts";
import { type ExportFacts, lowerForTflite, tfliteForms, tflitePrecisions } from "../../emit/tflite/lower.ts";
import { type Graph, normEpsilon } from "../../graph/ir.ts";
import { elementsOf } from "../../graph/shapes.ts";
import type { Tensor, Weights } from "../../graph/tensor.ts";
import { readMetadata } from "../../metadata.ts";
import { checkWeights } from "../check.ts";
import { elementCount, readConstant } from "./constants.ts";
import { refuse } from "./refuse.ts";
import { readModel } from "./schema.ts";

const mostFrames = 65_536;

/**
 * Reads a file that this library wrote: spec and card from its metadata, weights by their names. They are what the file
 * computes with: norms are identities, residual scales 1. Null for a file of another exporter.
 *
 * Throws a ModelError: `E_MODEL_FORMAT` for metadata that nobody can have written, `E_MODEL_TENSORS` for missing tensors.
 */
export function readOwnTflite(
  bytes: Uint8Array,
  subject: string,
): { readonly spec: Spec; readonly card: Card; readonly weights: Weights } | null {
  const { metadata, tensors } = readModel(bytes, subject);
  if (!metadata["movinet.spec"]) return null;
  const text = Object.fromEntries(
    Object.entries(metadata)
      .filter(([name]) => name.startsWith("movinet."))
      .map(([name, data]) => [name, new TextDecoder().decode(data)]),
  );
  const { spec, card } = readMetadata(text, subject);
  const facts = readFacts(text["movinet.export"], subject);
  let lowered: Graph;
  try {
    lowered = lowerForTflite(spec, facts);
  } catch (cause) {
    throw refuse(subject, "its movinet.spec does not describe the network of such a file", cause);
  }
  const constants = new Map(tensors.flatMap((tensor) => (tensor.data ? [[tensor.name, tensor] as const] : [])));
  const weights = new Map<string, Tensor>();

  function put(name: string, data: Float32Array): void {
    const { shape = [], derivation } = lowered.params[name] ?? {};
    switch (derivation?.kind) {
      case undefined:
        weights.set(name, { shape, data });
        break;
      case "affine": {
        const { base, scale, shift } = derivation;
        put(base, scale === 1 && shift === 0 ? data : data.map((value) => (value - shift) / scale));
        break;
      }
      case "scaled":
        put(derivation.factor, Float32Array.of(1));
        put(derivation.base, data);
        break;
      case "foldKernel":
        put(derivation.gamma, new Float32Array(elementsOf(lowered.params[derivation.gamma]?.shape ?? [])).fill(1));
        put(
          derivation.variance,
          new Float32Array(elementsOf(lowered.params[derivation.variance]?.shape ?? [])).fill(1 - normEpsilon),
        );
        put(derivation.kernel, data);
        break;
      case "foldBias":
        put(derivation.mean, new Float32Array(data.length));
        put(derivation.beta, data);
    }
  }
  function constant(name: string, count: number): Float32Array | null {
    const tensor = constants.get(name);
    if (tensor === undefined) return null;
    if (elementCount(tensor.shape) !== count)
      throw refuse(subject, `its tensor ${name} of [${tensor.shape}] has another size than ${count}`);
    return readConstant(tensor, subject);
  }
  const kernels = new Map<string, Float32Array>();
  const incomplete = new Set<string>();
  for (const node of lowered.nodes) {
    if (node.op === "scale") {
      const factor = constant(tensorName(node.factor), 1);
      if (factor) put(node.factor, factor);
    }
    if (node.op !== "conv" && node.op !== "depthwise") continue;
    const { channels } = lowered.shapes[node.id] as { channels: number };
    const bias = node.bias === null ? null : constant(tensorName(node.bias), channels);
    if (node.bias !== null && bias) put(node.bias, bias);
    const elements = elementsOf(lowered.params[node.kernel]?.shape ?? []);
    if (node.op === "conv") {
      const kernel = constant(tensorName(node.kernel), elements);
      if (kernel) put(node.kernel, rowsLayout(kernel, elements / node.filters, node.filters));
      continue;
    }
    const count = node.size * node.size * node.time.taps * channels;
    const tap = constant(tensorName(node.kernel, node.time.tap), count);
    const kernel = kernels.get(node.kernel) ?? new Float32Array(elements);
    kernels.set(node.kernel, kernel);
    if (tap) kernel.set(tap, (node.time.tap * count) / node.time.taps);
    else incomplete.add(node.kernel);
  }
  for (const [name, kernel] of kernels) if (!incomplete.has(name)) put(name, kernel);
  checkWeights(buildGraph(spec, { call: "clip", frames: 1 }), weights, subject);
  return { spec, card, weights };
}

function readFacts(json: string | undefined, subject: string): ExportFacts {
  let facts: Partial<Record<keyof ExportFacts, unknown>> | null = null;
  try {
    facts = JSON.parse(json ?? "null");
  } catch {}
  const known = (list: readonly string[], value: unknown) => list.some((item) => item === value);
  const frames =
    Number.isInteger(facts?.frames) && (facts?.frames as number) >= 1 && (facts?.frames as number) <= mostFrames;
  if (!known(tfliteForms, facts?.form) || !known(tflitePrecisions, facts?.dtype) || !frames) {
    throw refuse(subject, "its metadata holds no valid movinet.export");
  }
  return facts as ExportFacts;
}
