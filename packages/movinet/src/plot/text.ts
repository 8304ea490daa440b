import { printable } from "../common/printable.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** East Asian wide and full-width blocks (Unicode 16, UAX #11), which take two terminal cells. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** Whether one grapheme is drawn about twice as wide as a Latin letter. */
export function isWide(grapheme: string): boolean {
  return wide.test(grapheme) || /\p{Emoji_Presentation}|\ufe0f/u.test(grapheme);
}

/** The text as user-perceived characters, {@link printable}. */
export function splitGraphemes(text: string): string[] {
  return Array.from(graphemes.segment(printable(text)), ({ segment }) => segment);
}

/** The total width of a text by `measure`, the width of one grapheme. */
export function widthOf(text: string, measure: (grapheme: string) => number): number {
  return splitGraphemes(text).reduce((sum, grapheme) => sum + measure(grapheme), 0);
}

/**
 * The text in at most `width`, with an ellipsis if it was cut. `measure` returns the width of one grapheme.
 *
 * @param keep the side to keep: the `start` of a sentence, the `end` of a path.
 */
export function cutText(
  text: string,
  width: number,
  keep: "start" | "end",
  measure: (grapheme: string) => number,
): string {
  const parts = splitGraphemes(text);
  if (widthOf(text, measure) <= width) return parts.join("");
  const ordered = keep === "start" ? parts : parts.toReversed();
  const kept: string[] = [];
  let left = width - measure("…");
  for (const part of ordered) {
    left -= measure(part);
    if (left < 0) break;
    kept.push(part);
  }
  return keep === "start" ? `${kept.join("").trimEnd()}…` : `…${kept.reverse().join("").trimStart()}`;
}
