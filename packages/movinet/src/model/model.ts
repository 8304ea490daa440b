import type { Spec } from "../arch/spec.ts";
import type { Integers } from "../graph/quantize.ts";
import type { Weights } from "../graph/tensor.ts";
import type { Card } from "./card.ts";

/** A network with its weights and its card. Immutable; shared by everything that runs it. */
export interface Model {
  readonly spec: Spec;
  readonly weights: Weights;
  readonly card: Card;
  /** How it computes with integers; undefined: it was not quantized. */
  readonly integers?: Integers | undefined;
}

/** What is needed to feed a network and label its outputs. */
export interface SessionModel {
  readonly spec: Pick<Spec, "mode" | "classes" | "resolution">;
  readonly card: Card;
}
