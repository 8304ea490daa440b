import { ModelError } from "../../common/errors.ts";
import { type Card, defaultCard } from "../../model/card.ts";
import { checkWeights } from "../../model/check-weights.ts";
import { checkCard, checkSize } from "../../model/limits.ts";
import { readMetadata } from "../../model/metadata.ts";
import type { Model } from "../../model/model.ts";
import { modelFromTensors, type Told, warningsOf, weightsOf } from "../weights/infer.ts";
import { batchCount, fromPort, ownName, pytorchPort } from "../weights/origins/pytorch.ts";
import type { FoundTensor } from "../weights/tensors.ts";
import { openArchive, type PytorchArchive } from "./archive.ts";
import type { PickledTensor } from "./data.ts";
import { floatsOf } from "./floats.ts";
import { findStateDict } from "./state-dict.ts";

/**
 * Reads a PyTorch file (`.pt`, `.pth`): the state dict of the public PyTorch port, alone or in a checkpoint. Our files
 * contain spec and card; for others, the network is inferred from the tensors and `told`. Throws {@link ModelError}
 * (`E_MODEL_FORMAT`, `E_MODEL_TENSORS`).
 */
export function readPytorch(
  bytes: Uint8Array,
  subject: string,
  { name, told }: { readonly name?: string | undefined; readonly told?: Told | undefined },
): Model & { readonly warnings: readonly string[] } {
  const archive = openArchive(bytes, subject);
  const stateDict = findStateDict(archive.pickle());
  const tensors = ownTensors(stateDict.tensors, archive, subject);
  const texts = archive.texts();
  if (texts["movinet.spec"] === undefined) {
    const { spec, weights, assumed } = modelFromTensors(tensors, { subject, origin: pytorchPort, told });
    const card: Card = defaultCard(spec, name);
    return { spec, weights, card, warnings: [...stateDict.warnings, ...warningsOf(assumed)] };
  }
  const { spec, card } = readMetadata(texts, subject);
  const graph = checkSize(spec, card.frames ?? 1, subject);
  checkCard(card, spec, subject);
  checkWeights(graph, tensors, subject);
  return { spec, weights: weightsOf(tensors), card, warnings: stateDict.warnings };
}

/** The tensors under canonical names; those without one, or with a duplicate one, keep the file's. */
function ownTensors(
  stateDict: ReadonlyMap<string, PickledTensor | null>,
  archive: PytorchArchive,
  subject: string,
): ReadonlyMap<string, FoundTensor> {
  const tensors = new Map<string, FoundTensor>();
  for (const [key, tensor] of stateDict) {
    if (key.endsWith(`.norm.${batchCount}`)) continue;
    const own = ownName(key);
    const found = { shape: tensor?.shape ?? [], values: () => valuesOf(key, tensor, archive, subject) };
    if (own === null || tensors.has(own)) tensors.set(key, found);
    else tensors.set(own, fromPort(own, found));
  }
  return tensors;
}

function valuesOf(key: string, tensor: PickledTensor | null, archive: PytorchArchive, subject: string): Float32Array {
  const refuse = (problem: string, cause?: unknown) =>
    new ModelError({
      code: "E_MODEL_FORMAT",
      subject,
      problem: `its tensor ${key} ${problem}`,
      remedy: "Use a complete state dict saved by PyTorch",
      cause,
    });
  if (tensor === null) throw refuse("is not a tensor");
  const record = archive.storage(tensor.storage.key);
  try {
    return floatsOf(tensor, record);
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
}
