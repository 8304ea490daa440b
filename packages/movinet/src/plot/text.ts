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

function cells(grapheme: string): number {
  if (/^[\p{M}\p{Cf}]+$/u.test(grapheme)) return 0;
  return isWide(grapheme) ? 2 : 1;
}

/** Terminal cells that a text takes. */
export function textWidth(text: string): number {
  return splitGraphemes(text).reduce((sum, grapheme) => sum + cells(grapheme), 0);
}

/**
 * The text in at most `width` terminal cells, with an ellipsis where something was cut.
 *
 * @param keep the side that stays: the `start` of a sentence, the `end` of a path.
 */
export function fitText(text: string, width: number, keep: "start" | "end" = "start"): string {
  return cutText(text, width, keep, cells);
}

/** `fitText` in any unit: `measure` gives the width of one grapheme. */
export function cutText(
  text: string,
  width: number,
  keep: "start" | "end",
  measure: (grapheme: string) => number,
): string {
  const parts = splitGraphemes(text);
  const total = parts.reduce((sum, part) => sum + measure(part), 0);
  if (total <= width) return parts.join("");
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
