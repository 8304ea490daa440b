/** How wide a text is in a picture, estimated, because the browser's font is unknown. */
import { cutText, isWide, widthOf } from "./text.ts";

/**
 * Advances in em, for each printable ASCII character the greatest of Atkinson Hyperlegible, Liberation Sans (which is as wide as
 * Arial and Helvetica) and DejaVu Sans, rounded up to 0.05.
 */
const advances: ReadonlyMap<string, number> = new Map(
  (
    [
      [0.3, "'ijl"],
      [0.35, " ,.:;|\u00a0"],
      [0.4, "()-/[\\]ft"],
      [0.45, "!Ir"],
      [0.5, '"*`'],
      [0.55, "Jcsz"],
      [0.6, "?L_kvxy"],
      [0.65, "$0123456789FTabdeghnopqu{}–"],
      [0.7, "ABEKPSVXYZ"],
      [0.75, "CNRU"],
      [0.8, "&DGHOQ"],
      [0.85, "#+<=>^w~×→"],
      [0.9, "M"],
      [1, "%Wm—…"],
      [1.05, "@"],
    ] as const
  ).flatMap(([advance, characters]) => [...characters].map((character) => [character, advance] as const)),
);
/** How much wider bold text is at most, except in DejaVu Sans. */
const boldFactor = 1.08;

function advance(grapheme: string): number {
  if (isWide(grapheme)) return 1.1;
  // An accent adds no width to its letter.
  const base = advances.get(grapheme.normalize("NFD").charAt(0));
  return base ?? (/^\p{Lu}/u.test(grapheme) ? 0.85 : 0.75);
}

/** Estimated width in pixels at a font size in pixels: most fonts need less. */
export function pixelWidth(text: string, fontSize: number, bold = false): number {
  return widthOf(text, measure(fontSize, bold));
}

/** One line of at most `width` estimated pixels; what is too long keeps its start (or its end) beside an ellipsis. */
export function fitPixels(
  text: string,
  fontSize: number,
  width: number,
  { keep = "start", bold = false }: { readonly keep?: "start" | "end"; readonly bold?: boolean } = {},
): string {
  return cutText(text, width, keep, measure(fontSize, bold));
}

/** A text as at most `most` lines of at most `width` estimated pixels, broken between words. */
export function wrapPixels(text: string, fontSize: number, width: number, most: number, bold = false): string[] {
  const lines: string[] = [];
  let rest = text.trim().split(/\s+/);
  while (rest.length > 0 && lines.length < most) {
    const last = lines.length === most - 1;
    let words = rest.length;
    while (!last && words > 1 && pixelWidth(rest.slice(0, words).join(" "), fontSize, bold) > width) words--;
    lines.push(fitPixels(rest.slice(0, words).join(" "), fontSize, width, { bold }));
    rest = rest.slice(words);
  }
  return lines;
}

function measure(fontSize: number, bold: boolean): (grapheme: string) => number {
  return (grapheme) => advance(grapheme) * fontSize * (bold ? boldFactor : 1);
}
