import { mostJsonBytes } from "../../../common/text.ts";
import { type Graph, normEpsilon } from "../../../graph/ir.ts";
import { elementsOf } from "../../../graph/shapes.ts";
import { reversed, type Tensor, type Weights } from "../../../graph/tensor.ts";
import { checkWeights } from "../../../model/check-weights.ts";
import { readOwn } from "../../../model/metadata.ts";
import type { Model } from "../../../model/model.ts";
import { lowerForTflite, tensorName, tfliteForms, tflitePrecisions } from "../write/lower.ts";
import { elementCount, readConstant } from "./constants.ts";
import { refuse } from "./flatbuffer.ts";
import type { TfliteModel } from "./schema.ts";

/**
 * Reads a file written by this library: spec and card from its metadata, weights by name. They are those the file
 * computes with: identity norms, residual scales of 1. Null for a file of another exporter.
 *
 * Throws a ModelError: `E_MODEL_FORMAT` for invalid metadata, `E_MODEL_TENSORS` for missing tensors.
 */
export function readOwnTflite({ metadata, tensors }: TfliteModel, subject: string): Model | null {
  if (!metadata["movinet.spec"]) return null;
  const { spec, card, integers, facts, graph } = readOwnMetadata(metadata, subject);
  let lowered: Graph;
  try {
    lowered = lowerForTflite(spec, facts, integers);
  } catch (cause) {
    throw refuse(subject, "its movinet.spec does not match the network in the file", cause);
  }
  const constants = new Map(tensors.flatMap((tensor) => (tensor.data ? [[tensor.name, tensor] as const] : [])));
  const constant = (name: string, count: number): Float32Array | null => {
    const tensor = constants.get(name);
    if (tensor === undefined) return null;
    if (elementCount(tensor.shape) !== count)
      throw refuse(subject, `its tensor ${name} [${tensor.shape}] should have ${count} elements`);
    return readConstant(tensor, subject);
  };
  const weights = unfold(lowered, {
    vector: (name, count) => constant(tensorName(lowered, name), count),
    dense(name, inputs, filters) {
      const kernel = constant(tensorName(lowered, name), inputs * filters);
      return kernel && reversed(kernel, [filters, 1, inputs]);
    },
    tap: (name, tap, window, channels) => constant(tensorName(lowered, name, tap), window * channels),
  });
  checkWeights(graph, weights, subject);
  return { spec, card, weights, integers };
}

/** Our metadata in a file. Throws a ModelError (`E_MODEL_FORMAT`). */
export function readOwnMetadata(metadata: Readonly<Record<string, Uint8Array>>, subject: string) {
  const own = Object.entries(metadata).filter(([, { length }]) => length <= mostJsonBytes);
  const texts = Object.fromEntries(own.map(([name, data]) => [name, new TextDecoder().decode(data)]));
  return readOwn(texts, { forms: tfliteForms, precisions: tflitePrecisions }, subject);
}

/** The constants of a file by the parameter names of a lowered graph; null for missing ones. */
export interface FileConstants {
  readonly vector: (name: string, count: number) => Float32Array | null;
  /** Of a kernel over `inputs` values (those of a window, then channels), as rows `[inputs, filters]`. */
  readonly dense: (name: string, inputs: number, filters: number) => Float32Array | null;
  /** Of one tap over time of a depthwise kernel, as `[window, channels]`; `window` are its pixels. */
  readonly tap: (name: string, tap: number, window: number, channels: number) => Float32Array | null;
}

/**
 * Weights of a network from those of a file of its lowered graph: norms become identities, residual scales 1. Missing
 * ones are omitted.
 */
export function unfold(lowered: Graph, constants: FileConstants): Weights {
  const weights = new Map<string, Tensor>();
  const shapeOf = (name: string) => lowered.params[name]?.shape ?? [];
  const fill = (name: string, value: number) => put(name, new Float32Array(elementsOf(shapeOf(name))).fill(value));

  function put(name: string, data: Float32Array): void {
    const derivation = lowered.params[name]?.derivation;
    switch (derivation?.kind) {
      case undefined:
        weights.set(name, { shape: shapeOf(name), data });
        break;
      case "number":
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
        fill(derivation.gamma, 1);
        fill(derivation.variance, 1 - normEpsilon);
        put(derivation.kernel, data);
        break;
      case "foldBias":
        fill(derivation.mean, 0);
        put(derivation.beta, data);
    }
  }

  const kernels = new Map<string, Float32Array>();
  const incomplete = new Set<string>();
  for (const node of lowered.nodes) {
    if (node.op === "scale") {
      const factor = constants.vector(node.factor, 1);
      if (factor) put(node.factor, factor);
    }
    if (node.op !== "conv" && node.op !== "depthwise") continue;
    const { channels } = lowered.shapes[node.id] as { channels: number };
    const bias = node.bias === null ? null : constants.vector(node.bias, channels);
    if (node.bias !== null && bias) put(node.bias, bias);
    const elements = elementsOf(shapeOf(node.kernel));
    if (node.op === "conv") {
      const kernel = constants.dense(node.kernel, elements / node.filters, node.filters);
      if (kernel) put(node.kernel, kernel);
      continue;
    }
    const window = node.size * node.size * node.time.taps;
    const tap = constants.tap(node.kernel, node.time.tap, window, channels);
    if (tap === null) {
      incomplete.add(node.kernel);
      continue;
    }
    const kernel = kernels.get(node.kernel) ?? new Float32Array(elements);
    kernels.set(node.kernel, kernel);
    kernel.set(tap, node.time.tap * node.size * node.size * channels);
  }
  for (const [name, kernel] of kernels) if (!incomplete.has(name)) put(name, kernel);
  return weights;
}
