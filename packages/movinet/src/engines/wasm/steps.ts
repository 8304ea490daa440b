import type { Emitters } from "./context.ts";
import { forwardSteps } from "./forward-steps.ts";
import { gradientSteps } from "./gradient-steps.ts";

/** One emitter per op of a training graph. Values are `[T · B, H, W, C]`. */
export const emitters: Emitters = { ...forwardSteps, ...gradientSteps };
