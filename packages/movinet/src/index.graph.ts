/** Networks as data: the entry `movinet/graph`. */

export { buildGraph } from "./arch/build.ts";
export { randomWeights } from "./arch/random-weights.ts";
export { isSpecName, nameOf, type Spec, specOf } from "./arch/spec.ts";
export type { Graph } from "./graph/ir.ts";
export { lowerForInference } from "./graph/passes.ts";
export { layersOf, renderGraph } from "./graph/print.ts";
export { stateBytes } from "./graph/states.ts";
export { graphInterface } from "./graph/step-interface.ts";
export type { Weights } from "./graph/tensor.ts";
export { defaultCard } from "./model/card.ts";
