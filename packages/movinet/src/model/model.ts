import type { Spec } from "../arch/spec.ts";
import type { Weights } from "../graph/tensor.ts";
import type { Card } from "./card.ts";

/** A network with its weights and its card. Immutable; shared by everything that runs it. */
export interface Model {
  readonly spec: Spec;
  readonly weights: Weights;
  readonly card: Card;
}
