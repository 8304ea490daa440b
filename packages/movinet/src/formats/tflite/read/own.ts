import type { Spec } from "../../../arch/spec.ts";
import { mostJsonBytes } from "../../../common/json.ts";
import type { Graph } from "../../../graph/ir.ts";
import type { Weights } from "../../../graph/tensor.ts";
import type { Card } from "../../../model/card.ts";
import { checkWeights } from "../../../model/check-weights.ts";
import { checkCard, checkSize } from "../../../model/limits.ts";
import { readExport, readMetadata } from "../../../model/metadata.ts";
import { rowsLayout, tensorName } from "../write/layouts.ts";
import { lowerForTflite, tfliteForms, tflitePrecisions } from "../write/lower.ts";
import { elementCount, readConstant } from "./constants.ts";
import { refuse } from "./refuse.ts";
import { readModel } from "./schema.ts";
import { unfold } from "./unfold.ts";

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
  const text = tfliteTexts(metadata);
  const { spec, card } = readMetadata(text, subject);
  const facts = readExport(text, { forms: tfliteForms, precisions: tflitePrecisions }, subject);
  const graph = checkSize(spec, facts.frames, subject);
  checkCard(card, spec, subject);
  let lowered: Graph;
  try {
    lowered = lowerForTflite(spec, facts);
  } catch (cause) {
    throw refuse(subject, "its movinet.spec does not describe the network of such a file", cause);
  }
  const constants = new Map(tensors.flatMap((tensor) => (tensor.data ? [[tensor.name, tensor] as const] : [])));
  const constant = (name: string, count: number): Float32Array | null => {
    const tensor = constants.get(name);
    if (tensor === undefined) return null;
    if (elementCount(tensor.shape) !== count)
      throw refuse(subject, `its tensor ${name} of [${tensor.shape}] has another size than ${count}`);
    return readConstant(tensor, subject);
  };
  const weights = unfold(lowered, {
    vector: (name, count) => constant(tensorName(lowered, name), count),
    dense(name, inputs, filters) {
      const kernel = constant(tensorName(lowered, name), inputs * filters);
      return kernel && rowsLayout(kernel, inputs, filters);
    },
    tap: (name, tap, window, channels) => constant(tensorName(lowered, name, tap), window * channels),
  });
  checkWeights(graph, weights, subject);
  return { spec, card, weights };
}

/** What we have written into the metadata of a file, as texts by name. */
export function tfliteTexts(metadata: Readonly<Record<string, Uint8Array>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(metadata)
      .filter(([name, data]) => name.startsWith("movinet.") && data.length <= mostJsonBytes)
      .map(([name, data]) => [name, new TextDecoder().decode(data)]),
  );
}
