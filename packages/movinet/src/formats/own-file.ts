import { checkWeights } from "../model/check-weights.ts";
import { checkCard, checkSize } from "../model/limits.ts";
import { readMetadata } from "../model/metadata.ts";
import type { Model } from "../model/model.ts";
import type { ModelFormat } from "./file-kind.ts";
import { openSafetensors } from "./safetensors.ts";

/** A model as it was read from a file. */
export interface ReadModel extends Model {
  readonly format: ModelFormat;
  /** Caveats about its answers, one line each. */
  readonly warnings: readonly string[];
}

/** Warnings about a model with these integers. */
export function doubtsOf(integers: Model["integers"]): readonly string[] {
  return integers?.doubt === undefined ? [] : [integers.doubt];
}

/** Reads a model from a file of our own format. Throws {@link ModelError} (`E_MODEL_FORMAT`, `E_MODEL_TENSORS`). */
export function readOwnFile(bytes: Uint8Array, subject: string): ReadModel {
  const { shapes, metadata, tensors } = openSafetensors(bytes, subject);
  const { spec, card, integers } = readMetadata(metadata, subject);
  const graph = checkSize(spec, card.frames ?? 1, subject);
  checkCard(card, spec, subject);
  checkWeights(graph, shapes, subject);
  return { spec, weights: tensors(), card, integers, format: "safetensors", warnings: doubtsOf(integers) };
}
