import { ModelError } from "../../../common/errors.ts";
import { defaultCard } from "../../../model/card.ts";
import { checkWeights } from "../../../model/check-weights.ts";
import { checkCard, checkSize } from "../../../model/limits.ts";
import { readMetadata } from "../../../model/metadata.ts";
import type { Model } from "../../../model/model.ts";
import { defined, modelFromTensors, type Told, warningsOf, weightsOf } from "../../weights/infer.ts";
import { areListed, hub, namesOfHub } from "../../weights/origins/hub.ts";
import { tensorflow } from "../../weights/origins/tensorflow.ts";
import type { FoundTensor } from "../../weights/tensors.ts";
import { dtypes, objectGraphKey, valueSuffix } from "../bundle-layout.ts";
import { type Bundle, type BundleFiles, openBundle } from "./bundle.ts";
import { namesOfObjects } from "./names.ts";
import { readObjectGraph } from "./object-graph.ts";
import { toldByGraph } from "./saved-graph.ts";

export interface CheckpointOptions {
  /** The card's name, if the checkpoint has no card. */
  readonly name?: string | undefined;
  /** What the variables do not reveal. */
  readonly told?: Told | undefined;
  /** For a SavedModel its `saved_model.pb`, which reveals some of it. */
  readonly graph?: Uint8Array | undefined;
}

/**
 * Reads the network of a TensorFlow checkpoint: for the official code, whose objects identify each variable, or for
 * TensorFlow Hub, where positions do. A warning lists what neither the checkpoint nor `told` specifies. Checkpoints
 * written by us include spec and card. Throws {@link ModelError}: `E_MODEL_FORMAT` for damaged files,
 * `E_MODEL_TENSORS` if the variables are not a MoViNet's.
 */
export function readCheckpoint(
  files: BundleFiles,
  subject: string,
  { name, told, graph }: CheckpointOptions = {},
): Model & { readonly warnings: readonly string[] } {
  const refuse = (problem: string, cause?: unknown) =>
    new ModelError({
      code: "E_MODEL_FORMAT",
      subject,
      problem,
      remedy: "Copy or download all files of the checkpoint again",
      cause,
    });
  const bundle = openBundle(files, refuse);
  const named = bundle.entries.has(objectGraphKey) ? namesOfGraph(bundle, refuse) : new Map<string, string>();
  if (bundle.entries.has("movinet.spec")) return { ...readOwn(bundle, named, subject), warnings: [] };
  const variables = variablesOf(bundle);
  const listed = named.size === 0 && areListed(variables);
  const names = listed ? namesOfHub(variables) : named;
  if (names === null) throw stranger(variables.size, subject);
  const tensors = tensorsOf(bundle, names);
  const origin = listed ? hub : tensorflow;
  const known = { ...told, ...(graph && defined(toldByGraph(graph))) };
  const { spec, weights, assumed } = modelFromTensors(tensors, { subject, origin, told: known });
  return { spec, weights, card: defaultCard(spec, name), warnings: warningsOf(assumed) };
}

function stranger(count: number, subject: string): ModelError {
  return new ModelError({
    code: "E_MODEL_TENSORS",
    subject,
    problem: `its ${count} variables are numbered, as in TensorFlow Hub models, but their shapes match no MoViNet`,
    remedy: "Use a MoViNet from TensorFlow Hub, or a checkpoint of the official code",
  });
}

function namesOfGraph(bundle: Bundle, refuse: (problem: string, cause?: unknown) => ModelError) {
  const bytes = bundle.text(objectGraphKey);
  try {
    return namesOfObjects(readObjectGraph(bytes), refuse);
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw refuse(`its object graph is damaged: ${(cause as Error).message}`, cause);
  }
}

/** Trained or measured values, by short keys; without counters, optimizer and metric state. */
function variablesOf(bundle: Bundle) {
  const variables = [...bundle.entries].filter(
    ([key, { dtype }]) => (dtype === dtypes.float32 || dtype === dtypes.float16) && !/optimizer|metrics/i.test(key),
  );
  return new Map(variables.map(([key, entry]) => [key.replace(valueSuffix, ""), entry]));
}

/** The tensors by our names; others keep their own, and are reported as unused. */
function tensorsOf(bundle: Bundle, keys: ReadonlyMap<string, string>): ReadonlyMap<string, FoundTensor> {
  const names = new Map([...keys].map(([name, key]) => [key.replace(valueSuffix, ""), name]));
  return new Map(
    [...variablesOf(bundle)].map(([key, { shape }]) => [
      names.get(key) ?? key,
      { shape, values: () => bundle.floats(bundle.entries.has(key) ? key : key + valueSuffix) },
    ]),
  );
}

/** A checkpoint written by us. */
function readOwn(bundle: Bundle, keys: ReadonlyMap<string, string>, subject: string): Model {
  const texts = ["movinet.spec", "movinet.card"].filter((key) => bundle.entries.has(key));
  const decoder = new TextDecoder();
  const { spec, card } = readMetadata(
    Object.fromEntries(texts.map((key) => [key, decoder.decode(bundle.text(key))])),
    subject,
  );
  const graph = checkSize(spec, card.frames ?? 1, subject);
  checkCard(card, spec, subject);
  const tensors = tensorsOf(bundle, keys);
  checkWeights(graph, tensors, subject);
  return { spec, card, weights: weightsOf(tensors) };
}
