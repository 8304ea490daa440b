import { buildGraph, defaultCard, isSpecName, MovinetError, type OpenedModel, randomWeights, specOf } from "movinet";
import { openNamedModel } from "../models.ts";

/**
 * A model to time: a file or a name that the cache holds, else the architecture of that name with random weights, whose
 * times are the same.
 */
export async function openBenchModel(name: string): Promise<OpenedModel> {
  try {
    return await openNamedModel(name);
  } catch (error) {
    if (!(error instanceof MovinetError && error.code === "E_MODEL_NOT_FOUND" && isSpecName(name))) throw error;
    const spec = specOf(name);
    const weights = randomWeights(buildGraph(spec, { call: "clip", frames: 1 }), 1);
    return { spec, weights, card: defaultCard(spec), warnings: [] };
  }
}
