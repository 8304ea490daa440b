import { ModelError } from "../common/errors.ts";
import type { Graph } from "../graph/ir.ts";
import { quantizeGraph } from "../graph/quantize.ts";
import type { Model } from "../model/model.ts";

/** A lowered graph with the integer types of its model. Throws {@link ModelError} (`E_MODEL_EXPORT`) if ranges are missing. */
export function integerGraph({ card, weights, integers }: Model, lowered: Graph): Graph {
  const refuse = (problem: string) => {
    const remedy = "Quantize it with movinet quantize";
    return new ModelError({ code: "E_MODEL_EXPORT", subject: card.name, problem, remedy });
  };
  if (integers === undefined)
    throw refuse("an int8 file needs the ranges of its values, which the model does not have");
  try {
    return quantizeGraph(lowered, weights, integers);
  } catch (error) {
    if (error instanceof RangeError) throw refuse(error.message);
    throw error;
  }
}
