import { percentile } from "../common/percentile.ts";
import type { Card, CardFit } from "../model/card.ts";

/** How to sample the clips of a dataset if only the head is trained. */
export interface FrozenView {
  /** Frames per second for the new model's card. */
  readonly fps: number;
  /** Ways to fit each picture; the first is the card's, which the model will use; the others are for training only. */
  readonly fits: readonly CardFit[];
}

/** Desired frames per clip: as in fine-tuning networks of this family. */
const enough = 16;

/**
 * Clips whose median has fewer than 16 frames are sampled faster, by at most a factor of 2, and both cropped and
 * squashed: their pooled vectors are noisy, and cheap. Longer ones are sampled as the model does. Chosen on short (2
 * s) and long (10 s) clips: docs/decisions.md.
 *
 * @param durations seconds of each clip.
 * @param usual frames per second of the model's variant: at most twice as many are used, whatever the model's own
 *   rate.
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
