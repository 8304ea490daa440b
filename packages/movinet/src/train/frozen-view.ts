import { percentile } from "../common/percentile.ts";
import type { Card, CardFit } from "../model/card.ts";

/** How the clips of a data set are looked at where only the head learns. */
export interface FrozenView {
  /** Frames a second for the new model's card. */
  readonly fps: number;
  /** Ways to fit each picture; the first is the card's, in which the model will be used; the others only teach. */
  readonly fits: readonly CardFit[];
}

/** Frames that a clip should give: what networks of this family are fine-tuned on. */
const enough = 16;

/**
 * Clips of which the median gives fewer than 16 frames are sampled faster, by at most the factor 2, and seen cropped as well
 * as squashed: their pooled vectors are noisy, and cheap. Longer ones are seen as the model sees them. Chosen on short
 * (2 s) and long (10 s) clips: docs/decisions.md.
 *
 * @param durations seconds of each clip.
 * @param usual frames a second of the model's variant: twice as many are the most, however fast the model itself looks.
 */
export function chooseFrozenView(
  { fps, input }: Pick<Card, "fps" | "input">,
  durations: readonly number[],
  usual = fps,
): FrozenView {
  if (durations.length === 0) return { fps, fits: [input.fit] };
  const median = percentile(durations, 50);
  if (Math.floor(median * fps) + 1 >= enough) return { fps, fits: [input.fit] };
  const faster = Math.ceil((enough - 1) / Math.max(median, 1e-3));
  return {
    fps: Math.max(fps, Math.min(2 * usual, faster)),
    fits: [input.fit, input.fit === "crop" ? "squash" : "crop"],
  };
}
