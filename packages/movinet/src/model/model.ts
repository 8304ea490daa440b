import type { Spec } from "../arch/spec.ts";
import type { Weights } from "../graph/tensor.ts";
import type { Card } from "./card.ts";

/** A network with its weights and its card. Immutable; shared by everything that runs it. */
export interface Model {
  readonly spec: Spec;
  readonly weights: Weights;
  readonly card: Card;
}

/** What must be known of a network in order to feed it and to name what it says. */
export interface SessionModel {
  readonly spec: Pick<Spec, "mode" | "classes" | "resolution">;
  readonly card: Card;
}
