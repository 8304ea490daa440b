import { printable } from "../common/printable.ts";
import {
  choosePlotClasses,
  classLine,
  interpolate,
  type PlotPoint,
  thinLine,
  timeRange,
  timeTicks,
} from "./plot-data.ts";
import {
  type ClassLine,
  fontSize,
  layOutHeading,
  layOutLegend,
  layOutStrip,
  margin,
  plotHeight,
  plotWidth,
  textStyles,
} from "./plot-layout.ts";

/** The picture 'the five likeliest classes over time' of one video. */
export interface Plot {
  /** The heading, for example the file name; cut at its start if too long. */
  readonly title: string;
  /** What else the reader must know, for example the model and its answer; up to two lines. */
  readonly subtitle: string;
  /** In order of time, at least one. */
  readonly points: readonly PlotPoint[];
  /** Class names in output order; null shows indices. */
  readonly labels: readonly string[] | null;
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

/** The font that `renderPlot` brings for PNG; a browser without it uses its own sans-serif. */
export const plotFont = "Atkinson Hyperlegible";
const ink = "#1a1a1a";

/** Colours after Okabe & Ito (2008), which colour-blind readers tell apart; dashes and marks serve greyscale print. */
const styles = [
  { color: "#0072B2", dash: [1, 0], shape: "circle" },
  { color: "#D55E00", dash: [10, 4], shape: "square" },
  { color: "#009E73", dash: [2, 3], shape: "triangle-up" },
  { color: "#8B3A7E", dash: [12, 3, 2, 3], shape: "diamond" },
  { color: "#000000", dash: [5, 5], shape: "cross" },
];
const marksPerLine = 5;

/**
 * The Vega-Lite specification (plain JSON, no outside data) of a plot 600 pixels wide: lines over time, the strip of
 * pictures below the axis, and a legend with the final probability of each class.
 * Throws a `TypeError` when there are no points.
 */
export function buildPlotSpec(plot: Plot, strip: ThumbnailStrip): Record<string, unknown> {
  if (plot.points.length === 0) throw new TypeError("buildPlotSpec: plot.points is empty; classify at least one frame");
  const lines = choosePlotClasses(plot.points, styles.length).map(
    (index, rank): ClassLine => ({
      class: String(rank),
      label: plot.labels?.[index] ?? `class ${index}`,
      line: classLine(plot.points, index),
    }),
  );
  const heading = layOutHeading(plot.title, plot.subtitle);
  const pictures = layOutStrip(strip.urls, strip.height);
  const legend = layOutLegend(lines, plot.points.at(-1)!.time, pictures.bottom);

  const byClass = (property: keyof (typeof styles)[number]) => ({
    field: "class",
    type: "nominal",
    scale: { domain: lines.map((line) => line.class), range: styles.slice(0, lines.length).map((s) => s[property]) },
    legend: null,
  });
  const color = byClass("color");
  const dashed = { color, strokeDash: byClass("dash") };
  const shaped = { color, shape: byClass("shape") };
  const { x, y } = axes(plot.points);
  const line = { type: "line", strokeWidth: plot.points.length > 300 ? 2.5 : 3.5, aria: false };
  const mark = { type: "point", filled: true, size: 140, opacity: 1, stroke: "white", strokeWidth: 1.5, aria: false };
  const image = { type: "image", width: strip.width, height: strip.height, aspect: false, aria: false };
  const best = lines.toReversed();

  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: describePlot(plot),
    width: plotWidth,
    height: plotHeight,
    autosize: { type: "none" },
    padding: { ...margin, top: heading.height, bottom: legend.bottom - plotHeight },
    background: "white",
    config: { font: `${plotFont}, Helvetica, Arial, sans-serif`, view: { stroke: null }, text: { color: ink } },
    layer: [
      layer(
        best.flatMap((of) => thinLine(of.line).map((at) => ({ ...at, class: of.class }))),
        line,
        { x, y, ...dashed },
      ),
      layer(
        best.flatMap((of) => marksOf(of, lines.length)),
        mark,
        { x, y, ...shaped },
      ),
      layer(pictures.images, image, { ...pixels, url: { field: "url" } }),
      layer(legend.rules, { ...line, type: "rule" }, { ...pixels, x2: { field: "x2" }, ...dashed }),
      layer(legend.marks, mark, { ...pixels, ...shaped }),
      ...Object.entries(textStyles).map(([style, look]) =>
        layer(
          [...heading.texts, ...legend.texts].filter((text) => text.style === style),
          { type: "text", baseline: "alphabetic", aria: false, ...look },
          { ...pixels, text: { field: "text" } },
        ),
      ),
    ],
  };
}

/** What the picture says, in words, for those who cannot see it. */
export function describePlot({ title, subtitle }: Plot): string {
  return printable(`Class probabilities over time. ${title}. ${subtitle}`);
}

/** Data that are shown in one way. */
export function layer(values: readonly object[], mark: object, encoding: object): object {
  return { data: { values }, mark, encoding };
}

/** Places data by their fields `x` and `y` in pixels. */
const pixels = {
  x: { field: "x", type: "quantitative", scale: null, axis: null },
  y: { field: "y", type: "quantitative", scale: null, axis: null },
};

function axes(points: readonly PlotPoint[]) {
  const { start, end } = timeRange(points);
  const ticks = timeTicks(points);
  const look = {
    title: null,
    labelFontSize: fontSize,
    labelColor: ink,
    labelOverlap: false,
    labelLimit: 0,
    labelPadding: 8,
  };
  const texts = Object.fromEntries(ticks.map(({ time, text }) => [time, text]));
  const timeAxis = {
    ...look,
    values: ticks.map(({ time }) => time),
    labelExpr: `${JSON.stringify(texts)}[datum.value]`,
    labelFlush: false,
    grid: false,
    domainColor: ink,
    tickColor: ink,
    tickSize: 7,
  };
  const scoreAxis = {
    ...look,
    values: [0, 0.25, 0.5, 0.75, 1],
    labelExpr: percentExpr,
    gridColor: "#dddddd",
    domain: false,
    ticks: false,
  };
  return {
    x: { ...quantitative("time", [start, end]), axis: timeAxis },
    y: { ...quantitative("score", [0, 1]), axis: scoreAxis },
  };
}

export function quantitative(field: string, domain: readonly number[]): Record<string, unknown> {
  return { field, type: "quantitative", scale: { domain, nice: false } };
}

/** Writes a share on an axis. */
export const percentExpr = "round(datum.value * 100) + ' %'";

/** Where a line carries its mark: at other moments than the other lines, which may run on top of it. */
function marksOf({ class: key, line }: ClassLine, lines: number): object[] {
  const start = line[0]!.time;
  const end = line.at(-1)!.time;
  return Array.from({ length: marksPerLine }, (_, i) => {
    const moment = start + ((i * lines + Number(key) + 0.5) / (marksPerLine * lines)) * (end - start);
    return { ...interpolate(line, moment), class: key };
  });
}
