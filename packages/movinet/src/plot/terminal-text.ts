/** Text on a terminal, which counts in cells. */
import { cutText, isWide, widthOf } from "./text.ts";

function cells(grapheme: string): number {
  if (/^[\p{M}\p{Cf}]+$/u.test(grapheme)) return 0;
  return isWide(grapheme) ? 2 : 1;
}

/** Terminal cells that a text takes. */
export function textWidth(text: string): number {
  return widthOf(text, cells);
}

/**
 * The text in at most `width` terminal cells, with an ellipsis where something was cut.
 *
 * @param keep the side that stays: the `start` of a sentence, the `end` of a path.
 */
export function fitText(text: string, width: number, keep: "start" | "end" = "start"): string {
  return cutText(text, width, keep, cells);
}
