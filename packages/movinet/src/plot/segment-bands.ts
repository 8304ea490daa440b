/** Segments as a row of bands over a plot, on the plot's axis of time. */
import { topK } from "../flow/predict.ts";
import type { Segment } from "../flow/segmenter.ts";
import { type Axis, type Box, clamp, place } from "./axes.ts";
import { leading } from "./end-labels.ts";
import { fill, stroke, type Tone } from "./palette.ts";
import { element, text } from "./svg.ts";
import { pixelWidth, wrapPixels } from "./text-width.ts";

/** A segment as a plot shows it. */
export interface Band {
  readonly start: number;
  readonly end: number;
  readonly label: string;
  /** The likeliest class. */
  readonly class: number;
}

export function bandsOf(segments: readonly Segment[], labels: readonly string[] | null): readonly Band[] {
  return segments.flatMap(({ start, end, scores }) => {
    const [best] = topK(scores, labels, 1);
    return best ? [{ start, end, label: best.label, class: best.index }] : [];
  });
}

/** The classes of bands, in the order in which they come; those that last longest where there are more than `most`. */
export function classesOfBands(bands: readonly Band[], most: number): readonly number[] {
  const seconds = new Map<number, number>();
  for (const band of bands) seconds.set(band.class, (seconds.get(band.class) ?? 0) + band.end - band.start);
  const longest = [...seconds.keys()].toSorted((a, b) => (seconds.get(b) ?? 0) - (seconds.get(a) ?? 0));
  const kept = new Set(longest.slice(0, most));
  return [...seconds.keys()].filter((index) => kept.has(index));
}

/** The height of their row `width` pixels wide: of one line of text, or of two where a label needs them. */
export function bandsHeight(bands: readonly Band[], { low, high }: Axis, width: number, fontSize: number): number {
  const room = (band: Band) => ((band.end - band.start) / (high - low)) * width - labelPadding * fontSize;
  const wraps = bands.some(
    (band) => isReadable(band.label, room(band), fontSize) && pixelWidth(band.label, fontSize) > room(band),
  );
  const lines = wraps ? 2 : 1;
  return (lines * leading + 0.8) * fontSize;
}

/** What a band keeps free at both sides of its label together, in em. */
const labelPadding = 0.7;

/**
 * Draws bands into `row`, and a line down to `bottom` where one ends and the next begins. `seriesOf`: the colour of a class that has a
 * line in the plot. A label stands in its band as far as that is wide enough for something to read.
 */
export function drawBands(
  bands: readonly Band[],
  axis: Axis,
  row: Box,
  bottom: number,
  fontSize: number,
  seriesOf: (index: number) => number | undefined,
): string {
  const drawn = bands.map((band, i) => {
    const series = seriesOf(band.class);
    const [tint, edge]: [Tone, Tone] = series === undefined ? ["card", "faint"] : [`tint${series}`, `series${series}`];
    const at = (seconds: number) => place(clamp(seconds, axis.low, axis.high), axis, row.left, row.right);
    const left = at(band.start) + (i === 0 ? 0 : 1);
    const width = at(band.end) - left - (i === bands.length - 1 ? 0 : 1);
    if (width <= 0) return "";
    const height = row.bottom - row.top;
    const ground = element("rect", { x: left, y: row.top, width, height, ...fill(tint) });
    const bar = element("rect", { x: left, y: row.bottom - 4, width, height: 4, ...fill(edge) });
    const cut = i === 0 ? "" : element("path", { d: `M${left - 1} ${row.bottom}V${bottom}`, ...cutStyle });
    return (
      ground +
      bar +
      cut +
      drawLabel(band.label, { left, right: left + width, top: row.top, bottom: row.bottom - 4 }, fontSize)
    );
  });
  return drawn.join("");
}

const cutStyle = { ...stroke("faint"), "stroke-dasharray": "1 4", "stroke-linecap": "round" };

function drawLabel(label: string, { left, right, top, bottom }: Box, fontSize: number): string {
  const room = right - left - labelPadding * fontSize;
  if (!isReadable(label, room, fontSize)) return "";
  const lines = wrapPixels(label, fontSize, room, 2);
  const pitch = leading * fontSize;
  const first = (top + bottom) / 2 - ((lines.length - 1) * pitch) / 2 + 0.35 * fontSize;
  const texts = lines.map((line, i) =>
    text(line, { x: (left + right) / 2, y: first + i * pitch, size: fontSize, anchor: "middle" }),
  );
  return texts.join("");
}

/** Whether enough of a label fits to be read. */
function isReadable(label: string, room: number, fontSize: number): boolean {
  return room >= Math.min(pixelWidth(label, fontSize), 3.2 * fontSize);
}
