/** A chart of a few lines, each named where it ends. */
import { type Axis, axisHeight, type Box, clamp, drawHorizontal, drawVertical, labelsWidth, place } from "./axes.ts";
import { drawEndLabels, type EndLabel } from "./end-labels.ts";
import { dashes, fill, stroke, type Tone } from "./palette.ts";
import { type Drawing, element, path, text } from "./svg.ts";
import { pixelWidth, wrapPixels } from "./text-width.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Series {
  /** Written at the line's end; empty writes nothing. */
  readonly name: string;
  /** Which colour and dash. */
  readonly index: number;
  readonly points: readonly Point[];
  /** Whether a value holds until the next one. */
  readonly steps?: boolean;
}

export interface LineChart {
  readonly x: Axis;
  readonly y: Axis;
  /** The first is drawn on top. */
  readonly series: readonly Series[];
  /** A moment worth a mark, with its name above the plot. */
  readonly mark?: { readonly x: number; readonly text: string } | undefined;
  readonly description: string;
}

/** A page shows charts about this wide, so that their text is about as large as the page's. */
export const chartWidth = 360;
export const chartFont = 14;
const plotHeight = 180;
/** What stands above the plot has this much room, in every chart, so that those beside each other are level. */
const plotTop = 1.9 * chartFont;
const mostLabel = 105;
/** More points than this are a line without dots. */
const mostDots = 40;

/** The frame that charts share: axes around a plot, with room at its right for names of lines. */
export function drawFrame(x: Axis, y: Axis, names = 0): { plot: Box; drawn: string; height: number } {
  const lastTick = pixelWidth(x.ticks.at(-1)?.text ?? "", chartFont) / 2;
  const plot = {
    left: labelsWidth(y, chartFont) + 2,
    right: chartWidth - 2 - Math.max(names, lastTick),
    top: plotTop,
    bottom: plotTop + plotHeight,
  };
  const height = plot.bottom + axisHeight(x, chartFont);
  const within = { left: 0, right: chartWidth, top: 0, bottom: height };
  const drawn = drawVertical(y, plot, chartFont) + drawHorizontal(x, plot, within, chartFont);
  return { plot, drawn, height };
}

export function drawLineChart({ x, y, series, mark, description }: LineChart): Drawing {
  const labels = series.map(({ name }) => (name === "" ? [] : wrapPixels(name, chartFont, mostLabel, 2)));
  const longest = Math.max(0, ...labels.flat().map((line) => pixelWidth(line, chartFont)));
  const gap = 1.2 * chartFont;
  const frame = drawFrame(x, y, longest > 0 ? longest + gap : 0);
  const { plot, height } = frame;
  const at = ({ x: of, y: value }: Point) =>
    [place(of, x, plot.left, plot.right), place(value, y, plot.bottom, plot.top)] as const;
  const lines = series.map(({ index, points, steps }) => {
    const vertices = (steps ? stepped(points) : points).map(at);
    const tone: Tone = `series${index}`;
    const dots = points.length === 1 || (points.length <= mostDots && !steps) ? points.map(at) : [];
    return (
      path(vertices, { ...stroke(tone), "stroke-width": 2.25, "stroke-dasharray": dashes[index] || undefined }) +
      dots.map(([cx, cy]) => element("circle", { cx, cy, r: points.length === 1 ? 4 : 2.5, ...fill(tone) })).join("")
    );
  });
  const ends = series.flatMap(({ index, points }, i): EndLabel[] => {
    const last = points.at(-1);
    const named = labels[i] as string[];
    if (!last || named.length === 0) return [];
    return [{ lines: named.map((line) => ({ text: line })), tone: `series${index}`, y: at(last)[1] }];
  });
  const body = [
    frame.drawn,
    mark ? drawMark(mark, x, plot) : "",
    ...lines.toReversed(),
    drawEndLabels(ends, {
      x: plot.right,
      textX: plot.right + gap,
      top: plot.top - 0.6 * chartFont,
      bottom: plot.bottom + 0.6 * chartFont,
      fontSize: chartFont,
    }),
  ];
  return { width: chartWidth, height, body: body.join(""), description };
}

/** The vertices of a line whose values hold until the next. */
function stepped(points: readonly Point[]): readonly Point[] {
  return points.flatMap((point, i) => {
    const before = points[i - 1];
    return before ? [{ x: point.x, y: before.y }, point] : [point];
  });
}

function drawMark(mark: NonNullable<LineChart["mark"]>, x: Axis, { left, right, top, bottom }: Box): string {
  const at = place(mark.x, x, left, right);
  const half = pixelWidth(mark.text, chartFont) / 2;
  return (
    element("path", { d: `M${at} ${top - 4}V${bottom}`, ...stroke("faint"), "stroke-dasharray": "2 3" }) +
    text(mark.text, {
      x: clamp(at, left + half, chartWidth - half),
      y: top - 0.6 * chartFont,
      size: chartFont,
      tone: "faint",
      anchor: "middle",
    })
  );
}
