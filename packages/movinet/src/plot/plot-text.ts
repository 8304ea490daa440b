import { cutText, isWide, widthOf } from "./text.ts";

/**
 * The estimated advance of a character in em: an upper bound for Atkinson Hyperlegible, Helvetica and Arial text on
 * average, so that a browser without our font cuts nothing off either.
 */
function advance(grapheme: string): number {
  if (isWide(grapheme)) return 1.05;
  if (/^[fijlrtI.,:;'|!()[\] /-]/.test(grapheme)) return 0.36;
  if (/^[mwMW%@—…]/.test(grapheme)) return 0.92;
  return /^[\p{Lu}&]/u.test(grapheme) ? 0.68 : 0.56;
}

/** Estimated width of a text in pixels at a font size in pixels. */
export function pixelWidth(text: string, fontSize: number): number {
  return widthOf(text, (grapheme) => advance(grapheme) * fontSize);
}

/** One line of at most `width` estimated pixels; what is too long keeps its start (or its end) beside an ellipsis. */
export function fitPixels(text: string, fontSize: number, width: number, keep: "start" | "end" = "start"): string {
  return cutText(text, width, keep, (grapheme) => advance(grapheme) * fontSize);
}

/** A text as at most `maxLines` lines of at most `width` estimated pixels, broken between words. */
export function wrapPixels(text: string, fontSize: number, width: number, maxLines: number): string[] {
  const lines: string[] = [];
  let rest = text.trim().split(/\s+/);
  while (rest.length > 0 && lines.length < maxLines) {
    const last = lines.length === maxLines - 1;
    let words = rest.length;
    while (!last && words > 1 && pixelWidth(rest.slice(0, words).join(" "), fontSize) > width) words--;
    lines.push(fitPixels(rest.slice(0, words).join(" "), fontSize, width));
    rest = rest.slice(words);
  }
  return lines;
}
