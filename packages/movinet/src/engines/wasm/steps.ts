import { forwardSteps } from "./forward-steps.ts";
import { gradientSteps } from "./gradient-steps.ts";
import type { Emitters } from "./site.ts";

/** One emitter per op of a training graph. Values are `[T · B, H, W, C]`. */
export const emitters: Emitters = { ...forwardSteps, ...gradientSteps };
