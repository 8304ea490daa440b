/** Decides whether clips may be mirrored in training. */
import { enumerated } from "../common/printable.ts";
import type { MirrorTest } from "./mirror.ts";
import { sideLabels } from "./side-labels.ts";

export interface FlipDecision {
  /** Whether clips may be mirrored. */
  readonly flip: boolean;
  /** One sentence to print and to store. */
  readonly why: string;
}

/**
 * Decides whether training mirrors clips: not if a label names a side ({@link sideLabels}) or classes were seen to
 * change under mirroring (`testMirroring`).
 *
 * @param test null: nothing was measured. It makes no difference if labels decide, so it can be omitted at first.
 */
export function decideFlip(labels: readonly string[], test: MirrorTest | null): FlipDecision {
  const sides = sideLabels(labels).map((label) => `"${label}"`);
  if (sides.length > 0) {
    const what =
      sides.length === 1
        ? `the label ${sides} names`
        : `the labels ${enumerated(sides, sides.length > 3 ? 2 : 3)} name`;
    return { flip: false, why: `Clips are not mirrored: ${what} a side.` };
  }
  if (test === null) return { flip: true, why: "Clips are mirrored: no label names a side." };
  const [change] = test.changes;
  if (change === undefined) {
    return { flip: true, why: `Clips are mirrored: no label names a side, ${unseenOf(test, labels)}.` };
  }
  const [first, second] = change.classes.map((c) => `"${labels[c]}"`);
  const what = second
    ? `mirrored clips of ${first} are often mistaken for ${second}, and vice versa`
    : `mirrored clips of ${first} are no longer recognized`;
  const more = test.changes.length > 1 ? `; ${test.changes.length - 1} more like this` : "";
  const { right, clips, rightMirrored } = change;
  return {
    flip: false,
    why: `Clips are not mirrored: ${what} (${right} of ${clips} correct, ${rightMirrored} when mirrored)${more}.`,
  };
}

/** What was not found, and where it could not be tested. */
function unseenOf({ unseen }: MirrorTest, labels: readonly string[]): string {
  const [pair] = unseen;
  if (pair === undefined) return "and no classes swap in mirrored clips";
  const which = pair.map((c) => `"${labels[c]}"`).join(" and ");
  const more = unseen.length > 1 ? ` (and ${unseen.length - 1} more)` : "";
  const cause = "too few groups of clips, or the starting model cannot tell them apart";
  return `and no classes were seen to swap in mirrored clips; ${which}${more} could not be tested: ${cause}`;
}
