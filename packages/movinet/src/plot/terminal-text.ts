/** Text in a terminal, measured in cells. */
import { cutText, isWide, widthOf } from "./text.ts";

function cells(grapheme: string): number {
  if (/^[\p{M}\p{Cf}]+$/u.test(grapheme)) return 0;
  return isWide(grapheme) ? 2 : 1;
}

/** Width of a text in terminal cells. */
export function textWidth(text: string): number {
  return widthOf(text, cells);
}

/**
 * The text in at most `width` terminal cells, with an ellipsis if it was cut.
 *
 * @param keep the side to keep: the `start` of a sentence, the `end` of a path.
 */
export function fitText(text: string, width: number, keep: "start" | "end" = "start"): string {
  return cutText(text, width, keep, cells);
}
