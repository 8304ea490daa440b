import { ModelError } from "../errors.ts";
import { buildGraph } from "./arch/build.ts";
import type { Spec } from "./arch/spec.ts";
import { type Card, defaultCard } from "./card.ts";
import type { Weights } from "./graph/tensor.ts";
import { cardText, readMetadata } from "./metadata.ts";
import { unprovenInt8 } from "./unproven.ts";
import { checkWeights } from "./weights/check.ts";
import { readSafetensors, writeSafetensors } from "./weights/safetensors.ts";
import { readTflite } from "./weights/tflite/import.ts";
import { readOwnTflite } from "./weights/tflite/own.ts";
import { readModel as readTfliteFile } from "./weights/tflite/schema.ts";

/** A network with its weights and its card. Immutable; shared by everything that runs it. */
export interface Model {
  readonly spec: Spec;
  readonly weights: Weights;
  readonly card: Card;
}

/** Which file a model came from. */
export type ModelFormat = "safetensors" | "tflite";

/** A model as it was read from a file. */
export interface ReadModel extends Model {
  readonly format: ModelFormat;
  /** What is to be known before its answers are trusted, each in one line. */
  readonly warnings: readonly string[];
}

/**
 * Reads a model from the bytes of a file of any format that we know: ours (`.safetensors`), or TFLite. `subject` names
 * the file in errors, `name` becomes the card's name where the file carries no card.
 * Throws {@link ModelError} (`E_MODEL_FORMAT`, `E_MODEL_TENSORS`).
 */
export function readModel(bytes: Uint8Array, subject: string, name?: string): ReadModel {
  if (new TextDecoder().decode(bytes.subarray(4, 8)) === "TFL3") {
    const own = readOwnTflite(bytes, subject);
    if (own) {
      checkLabels(own.card.labels, own.spec, subject);
      return { ...own, format: "tflite", warnings: [] };
    }
    const { spec, weights, output, dtype } = readTflite(bytes, subject);
    const warning = unprovenInt8(spec, dtype, readTfliteFile(bytes, subject).metadata["movinet.receipt"]);
    const card = defaultCard(spec, name);
    return {
      spec,
      weights,
      card: output === "sigmoid" ? { ...card, output } : card,
      format: "tflite",
      warnings: warning === null ? [] : [warning],
    };
  }
  const { tensors, metadata } = readSafetensors(bytes, subject);
  const { spec, card } = readMetadata(metadata, subject);
  const model = { spec, weights: tensors, card, format: "safetensors", warnings: [] } as const;
  checkModel(model, subject);
  return model;
}

/**
 * The bytes of our own format: one `.safetensors` file with spec and card as JSON in its metadata, and `receipt`, JSON of
 * what was found when the file was compared.
 */
export function writeModel({ spec, weights, card }: Model, receipt?: string): Uint8Array {
  return writeSafetensors(weights, {
    "movinet.spec": JSON.stringify(spec),
    "movinet.card": cardText(card),
    ...(receipt === undefined ? {} : { "movinet.receipt": receipt }),
  });
}

function checkModel({ spec, weights, card }: Model, subject: string): void {
  let graph: ReturnType<typeof buildGraph>;
  try {
    graph = buildGraph(spec, { call: "clip", frames: 1 });
  } catch (cause) {
    throw new ModelError({
      code: "E_MODEL_FORMAT",
      subject,
      problem: `its spec does not describe a network (${cause instanceof Error ? cause.message : String(cause)})`,
      remedy: "Write the file again with movinet",
      cause,
    });
  }
  checkWeights(graph, weights, subject);
  checkLabels(card.labels, spec, subject);
}

/** Throws {@link ModelError} (`E_MODEL_LABELS`) when the number of labels is not the number of classes. */
export function checkLabels(labels: readonly string[] | null, spec: Pick<Spec, "classes">, subject: string): void {
  if (labels === null || labels.length === spec.classes) return;
  throw new ModelError({
    code: "E_MODEL_LABELS",
    subject,
    problem: `it has ${labels.length} labels, but the model has ${spec.classes} classes`,
    remedy: "Give one label a line, in the order of the model's outputs",
  });
}
