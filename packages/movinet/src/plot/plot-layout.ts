import { percentText } from "../flow/predict.ts";
import { type LinePoint, timeText } from "./plot-data.ts";
import { cutText, isWide, widthOf } from "./text.ts";

/**
 * All lengths are pixels of a picture 600 wide, so that text of 20 is still 12 px high where a phone shows it 360 wide.
 * Positions count from the top left corner of the plot's axes.
 */
const pictureWidth = 600;
export const margin = { left: 78, right: 34 };
export const plotWidth = pictureWidth - margin.left - margin.right;
export const plotHeight = 300;
export const fontSize = 20;
const lineHeight = 26;
const axisHeight = 40;
const edge = { left: 12 - margin.left, right: plotWidth + margin.right - 12 };

const faint = "#595959";
/** How each kind of text looks: properties of a Vega-Lite text mark. */
export const textStyles = {
  title: { fontSize: 26, fontWeight: "bold", align: "left" },
  answer: { fontSize, fontWeight: "bold", align: "left" },
  plain: { fontSize, align: "left" },
  faint: { fontSize, align: "left", color: faint },
  number: { fontSize, align: "right" },
} as const;

/** One line of text; `y` is its baseline. */
export interface PlacedText {
  readonly style: keyof typeof textStyles;
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Title, subtitle and the name of the vertical axis; `height` is what they take above the axes. */
export function layOutHeading(title: string, subtitle: string): { texts: PlacedText[]; height: number } {
  const room = edge.right - edge.left;
  const subtitles = wrapPixels(subtitle, fontSize, room, 2);
  const height = 76 + (subtitles.length + 1) * lineHeight;
  const texts: PlacedText[] = [
    { style: "title", x: edge.left, y: 38 - height, text: fitPixels(title, textStyles.title.fontSize, room, "end") },
    ...subtitles.map(
      (text, i): PlacedText => ({ style: "plain", x: edge.left, y: 70 + i * lineHeight - height, text }),
    ),
    { style: "faint", x: edge.left, y: -22, text: "probability" },
  ];
  return { texts, height };
}

/** How many equal stretches of time the strip of pictures has, for pictures of this aspect (width / height). */
export function thumbnailCount(aspect: number, points: number): number {
  return Math.max(1, Math.min(10, points, Math.round(plotWidth / (60 * aspect))));
}

/** The size of one thumbnail of a strip of `count`. */
export function thumbnailSize(aspect: number, count: number): { width: number; height: number } {
  const width = Math.min(plotWidth / count - 3, 110 * aspect);
  return { width, height: width / aspect };
}

/** The strip under the axis: each picture in the middle of its stretch of time. */
export function layOutStrip(urls: readonly string[], height: number): { images: object[]; bottom: number } {
  const top = plotHeight + axisHeight;
  const images = urls.map((url, i) => ({ url, x: ((i + 0.5) / urls.length) * plotWidth, y: top + height / 2 }));
  return { images, bottom: urls.length === 0 ? top : top + height + 6 };
}

/** A class with its line over time; `class` is its rank, the key of its colour, dash and mark. */
export interface ClassLine {
  readonly class: string;
  readonly label: string;
  readonly line: readonly LinePoint[];
}

/** The legend: a sample of each line, the probability at `end` seconds, the name, and the peak where it was much higher. */
export function layOutLegend(lines: readonly ClassLine[], end: number, top: number) {
  const number = edge.left + 124;
  const name = number + 14;
  const texts: PlacedText[] = [
    { style: "faint", x: edge.left + 70, y: top + 24, text: `at the end (${timeText(end, end)})` },
  ];
  const rules: object[] = [];
  const marks: object[] = [];
  let y = top + 24 + 30;
  for (const [rank, { label, line, class: key }] of lines.entries()) {
    const final = line.at(-1)!;
    const peak = line.reduce((a, b) => (b.score > a.score ? b : a));
    const style = rank === 0 ? "answer" : "plain";
    rules.push({ class: key, x: edge.left, x2: edge.left + 52, y: y - 7 });
    marks.push({ class: key, x: edge.left + 26, y: y - 7 });
    texts.push({ style: "number", x: number, y, text: percentText(final.score) });
    for (const text of wrapPixels(label, fontSize, edge.right - name, 3)) {
      texts.push({ style, x: name, y, text });
      y += lineHeight;
    }
    if (peak.score - final.score >= 0.1) {
      const text = `peak ${percentText(peak.score)} at ${timeText(peak.time, end)}`;
      texts.push({ style: "faint", x: name, y, text });
      y += lineHeight;
    }
    y += 6;
  }
  return { texts, rules, marks, bottom: y - lineHeight + 12 };
}

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
