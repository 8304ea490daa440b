import type { Moments } from "../../src/evaluate/early.ts";
import type { Answer } from "../../src/evaluate/metrics.ts";

/** An answer in few words: the right class and the scores. */
export function answer(
  name: string,
  classes: number | readonly number[],
  scores: readonly number[],
  more: { group?: string; moments?: Moments } = {},
): Answer {
  return {
    name,
    group: more.group ?? null,
    classes: typeof classes === "number" ? [classes] : classes,
    scores: Float32Array.from(scores),
    moments: more.moments ?? null,
  };
}

/** Moments of one answer a frame at 5 frames per second, each half sure. */
export function moments(...best: readonly number[]): Moments {
  return { frames: best.map((_, i) => i + 1), times: best.map((_, i) => i / 5), best, confidence: best.map(() => 0.5) };
}
