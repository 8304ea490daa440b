/** The picture of the likeliest classes of one video over time, for a phone (portrait) or a slide (landscape). */
import type { Segment } from "../flow/segmenter.ts";
import { type Axis, type Box, drawHorizontal, drawVertical, labelsWidth, place } from "./axes.ts";
import { type ClassLine, classLines } from "./class-lines.ts";
import { leading } from "./end-labels.ts";
import { dashes, stroke } from "./palette.ts";
import { type PlotPoint, thinLine, timeRange, timeText, timeTicks } from "./plot-data.ts";
import { drawList } from "./plot-legend.ts";
import { bandsHeight, bandsOf, drawBands } from "./segment-bands.ts";
import { type Drawing, element, path, text } from "./svg.ts";
import { fitPixels, pixelWidth, wrapPixels } from "./text-width.ts";
import { shareTicks } from "./ticks.ts";

export type PlotShape = "portrait" | "landscape";

/** The picture 'the likeliest classes over time' of one video. */
export interface Plot {
  /** The heading, for example the file name; cut at its start if too long. */
  readonly title: string;
  /** What else the reader must know, for example the model and its answer; up to two lines. */
  readonly subtitle: string;
  /** In order of time, at least one. */
  readonly points: readonly PlotPoint[];
  /** Class names in output order; null shows indices. */
  readonly labels: readonly string[] | null;
  /** What is seen from when to when, drawn as bands over the lines. Default: none. */
  readonly segments?: readonly Segment[];
  /** `portrait` (600 pixels wide, as high as it must be), the default, or `landscape` (960 × 540). */
  readonly shape?: PlotShape;
  /**
   * Width / height at which the pictures are shown. By default their own; needed where they were squashed to the model's
   * square input.
   */
  readonly aspect?: number;
}

/** Pictures for the strip, evenly spread over the plot's time: data URLs, and the size at which all are shown. */
export interface ThumbnailStrip {
  readonly urls: readonly string[];
  readonly width: number;
  readonly height: number;
}

/**
 * Lengths in pixels. Text of a portrait is 12 pixels high where a phone shows it 360 wide, and text of a landscape 36 where a slide
 * shows it 1920 wide.
 */
const layouts = {
  portrait: { width: 600, pad: 24, title: 27, font: 20, plot: 270, names: 0, picture: { usual: 60, most: 110 } },
  landscape: { width: 960, pad: 32, title: 28, font: 18, plot: 0, names: 280, picture: { usual: 64, most: 64 } },
} as const;
const landscapeHeight = 540;
const shareAxis: Axis = { low: 0, high: 1, ticks: shareTicks };

/** How large the pictures of a plot's strip are, and how many there are, for pictures of this aspect (width / height). */
export function planStrip(
  shape: PlotShape,
  aspect: number,
  points: number,
): { readonly count: number; readonly width: number; readonly height: number } {
  const { usual, most } = layouts[shape].picture;
  const { left, right } = acrossOf(shape);
  const count = Math.max(1, Math.min(12, points, Math.round((right - left) / (usual * aspect))));
  const width = Math.min((right - left) / count - 3, most * aspect);
  return { count, width, height: width / aspect };
}

/** From where to where lines go. */
function acrossOf(shape: PlotShape): { readonly left: number; readonly right: number } {
  const { width, pad, font, names } = layouts[shape];
  const right = names > 0 ? width - pad - names - 1.5 * font : width - pad - pixelWidth("00:00", font) / 3;
  return { left: pad + labelsWidth(shareAxis, font), right };
}

/** Throws a `TypeError` when there are no points. */
export function drawPlot(plot: Plot, strip: ThumbnailStrip): Drawing {
  if (plot.points.length === 0) throw new TypeError("renderPlot: plot.points is empty; classify at least one frame");
  const shape = plot.shape ?? "portrait";
  const { width, pad, font } = layouts[shape];
  const bands = bandsOf(plot.segments ?? [], plot.labels);
  const lines = classLines(plot.points, plot.labels, bands);
  const heading = drawHeading(plot, shape);
  const { left, right } = acrossOf(shape);
  const time = timeAxis(plot.points);
  const rowTop = heading.bottom + 0.6 * font;
  const row = { left, right, top: rowTop, bottom: rowTop + bandsHeight(bands, time, right - left, font) };
  const named = bands.length > 0 ? row.bottom + 0.8 * font : heading.bottom + 0.5 * font;
  const top = named + leading * font + 0.7 * font;
  const below = 1.9 * font + (strip.urls.length > 0 ? strip.height + 0.4 * font : 0);
  const bottom = shape === "landscape" ? landscapeHeight - 0.75 * pad - below : top + layouts[shape].plot;
  const box = { left, right, top, bottom };
  const within = { left: pad / 2, right: width - pad / 2, top: 0, bottom: Infinity };
  const drawn = [
    heading.drawn,
    drawVertical(shareAxis, box, font),
    text("probability", { x: pad, y: named + font, size: font, tone: "faint" }),
    drawHorizontal(time, box, within, font),
    drawBands(bands, time, row, bottom, font, (index) => {
      const found = lines.findIndex((line) => line.class === index);
      return found < 0 ? undefined : found;
    }),
    drawLines(lines, time, box, plot.points.length),
    drawStrip(strip, box, bottom + 1.9 * font),
  ];
  const description = `Class probabilities over time. ${plot.title}. ${plot.subtitle}`;
  const end = plot.points.at(-1)?.time ?? 0;
  const list = {
    lines,
    head: bands.length > 0 ? null : `at the end (${timeText(end, end)})`,
    others: bands.some((band) => lines.every((line) => line.class !== band.class)),
  };
  const beside = { left: right + 1.5 * font, right: width - pad, top: rowTop, bottom: landscapeHeight - pad / 2 };
  const beneath = { left: pad, right: width - pad, top: bottom + below + 0.5 * font, bottom: Infinity };
  const legend = drawList(list, shape === "landscape" ? beside : beneath, font);
  const height = shape === "landscape" ? landscapeHeight : Math.ceil(legend.bottom + pad);
  return { width, height, body: [...drawn, legend.drawn].join(""), description };
}

function drawHeading({ title, subtitle }: Plot, shape: PlotShape) {
  const { width, pad, title: size, font } = layouts[shape];
  const room = width - 2 * pad;
  let y = pad + 0.8 * size;
  const drawn = [text(fitPixels(title, size, room, { keep: "end", bold: true }), { x: pad, y, size, bold: true })];
  for (const line of wrapPixels(subtitle, font, room, shape === "portrait" ? 2 : 1)) {
    y += drawn.length === 1 ? 1.55 * font : leading * font;
    drawn.push(text(line, { x: pad, y, size: font, tone: "faint" }));
  }
  return { drawn: drawn.join(""), bottom: y + 0.3 * font };
}

function timeAxis(points: readonly PlotPoint[]): Axis {
  const { start, end } = timeRange(points);
  return {
    low: start,
    high: end,
    ticks: timeTicks(points).map(({ time, text: written }) => ({ value: time, text: written })),
  };
}

/** The likeliest on top. */
function drawLines(lines: readonly ClassLine[], time: Axis, { left, right, top, bottom }: Box, points: number): string {
  const drawn = lines.map(({ line }, i) =>
    path(
      thinLine(line).map(({ time: at, score }) => [place(at, time, left, right), place(score, shareAxis, bottom, top)]),
      { ...stroke(`series${i}`), "stroke-width": points > 300 ? 2.5 : 3.5, "stroke-dasharray": dashes[i] || undefined },
    ),
  );
  return drawn.toReversed().join("");
}

/** Each picture in the middle of its stretch of time. */
function drawStrip({ urls, width, height }: ThumbnailStrip, { left, right }: Box, y: number): string {
  const images = urls.map((href, i) => {
    const x = left + ((i + 0.5) / urls.length) * (right - left) - width / 2;
    return element("image", { href, x, y, width, height, preserveAspectRatio: "none" });
  });
  return images.join("");
}
