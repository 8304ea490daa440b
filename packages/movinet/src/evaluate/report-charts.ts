import { layer, percentExpr, quantitative } from "../plot/plot-spec.ts";
import type { Calibration } from "./calibration.ts";
import type { Earliness } from "./early.ts";
import type { EpochRecord } from "./report-data.ts";

/** A Vega-Lite specification, what it shows in words, and what its lines mean. */
export interface Chart {
  readonly spec: Record<string, unknown>;
  readonly title: string;
  readonly description: string;
  readonly legend: readonly { readonly text: string; readonly style: SeriesStyle }[];
  /** How to read it; may be empty. */
  readonly note: string;
}

export interface SeriesStyle {
  /** A custom property of the report's style sheet, so that charts follow its light and dark. */
  readonly color: string;
  readonly dash: readonly number[];
}

const styles: readonly SeriesStyle[] = [
  { color: "var(--blue)", dash: [1, 0] },
  { color: "var(--orange)", dash: [7, 3] },
  { color: "var(--faint)", dash: [2, 3] },
];
const [first, second, third] = styles as [SeriesStyle, SeriesStyle, SeriesStyle];
const padding = { left: 58, right: 26, top: 18, bottom: 48 };
const size = { width: 440 - padding.left - padding.right, height: 190 };
const font = "system-ui, sans-serif";

export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Series {
  readonly text: string;
  readonly style: SeriesStyle;
  readonly points: readonly Point[];
}

/** Curves over the epochs: loss, validation top-1, learning rate; those of which nothing is known are left out. */
export function trainingCharts(history: readonly EpochRecord[], best: number | null): readonly Chart[] {
  const line = (text: string, style: SeriesStyle, key: Exclude<keyof EpochRecord, "epoch">): Series => ({
    text,
    style,
    points: history.flatMap(({ epoch, [key]: y }) => (y !== null && Number.isFinite(y) ? [{ x: epoch, y }] : [])),
  });
  const loss = [line("training", first, "loss"), line("validation", second, "validationLoss")];
  const top1 = [line("validation", first, "validationTop1")];
  const rate = [line("learning rate", first, "learningRate")];
  return [
    lineChart("Loss", loss, { best, top: highest(loss) }),
    lineChart("Validation top-1", top1, { best, top: 1, percents: true }),
    lineChart("Learning rate", rate, { best: null, top: highest(rate) }),
  ].filter((chart) => chart !== null);
}

function highest(series: readonly Series[]): number {
  return Math.max(0, ...series.flatMap(({ points }) => points.map(({ y }) => y))) * 1.05 || 1;
}

interface LineOptions {
  readonly best: number | null;
  readonly top: number;
  readonly percents?: boolean;
}

function lineChart(title: string, all: readonly Series[], options: LineOptions): Chart | null {
  const series = all.filter(({ points }) => points.length > 0);
  const xs = series.flatMap(({ points }) => points.map(({ x }) => x));
  if (xs.length === 0) return null;
  const x = { ...quantitative("x", rangeOf(xs)), axis: { title: "epoch", grid: false, tickMinStep: 1 } };
  const y = { ...quantitative("y", [0, options.top]), axis: yAxis(options.percents ?? false) };
  const kept = series.at(-1)?.points.find((point) => point.x === options.best);
  const spec = baseSpec([
    ...series.map(({ points, style }) => {
      const point = points.length <= 40 ? { filled: true, size: 30, color: style.color, aria: false } : false;
      return layer(points, { ...lineMark(style), point }, { x, y });
    }),
    ...(kept ? [bestLayer(kept, options, x, y)] : []),
  ]);
  const description = series
    .map(({ text, points }) => {
      const [start, end] = [points[0], points.at(-1)].map((point) => (point?.y ?? 0).toPrecision(3));
      return `${text}: from ${start} to ${end}`;
    })
    .join("; ");
  return {
    spec,
    title,
    description: `${title} by epoch. ${description}`,
    legend: all.length > 1 ? series : [],
    note: "",
  };
}

function bestLayer(point: Point, { top }: LineOptions, x: object, y: object): object {
  const above = point.y < 0.85 * top;
  const text = { type: "text", fontSize: 13, fontWeight: "bold", color: "var(--ink)", dy: above ? -12 : 16 };
  return {
    data: { values: [{ ...point, text: "kept" }] },
    layer: [
      { mark: { type: "point", size: 110, stroke: "var(--ink)", strokeWidth: 2, aria: false }, encoding: { x, y } },
      { mark: { ...text, aria: false }, encoding: { x, y, text: { field: "text" } } },
    ],
  };
}

/** How often answers of each confidence are right, beside the line on which they should be. */
export function reliabilityChart({ bins, error, perfect }: Calibration): Chart {
  const filled = bins.filter(({ count }) => count > 0);
  const values = filled.map(({ low, high, count, confidence, accuracy }) => {
    const [wide, share] = [0.1 * (high - low), accuracy ?? 0];
    return { low: low + wide, high: high - wide, middle: (low + high) / 2, share, count: String(count), confidence };
  });
  const x = quantitative("low", [0, 1]);
  const y = quantitative("share", [0, 1]);
  const axis = { title: "how sure it was", grid: false, labelExpr: percentExpr, values: [0, 0.2, 0.4, 0.6, 0.8, 1] };
  const bar = { type: "rect", color: "var(--blue)", opacity: 0.75, aria: false };
  const ideal = { type: "line", color: "var(--ink)", strokeDash: [5, 4], strokeWidth: 1.5, aria: false };
  const number = { type: "text", dy: -8, fontSize: 13, color: "var(--ink)", aria: false };
  const across = { x: { ...x, axis }, x2: { field: "high" }, y: { ...y, axis: yAxis(true) }, y2: { datum: 0 } };
  const spec = baseSpec([
    layer(values, bar, across),
    layer(
      [0, 1].map((value) => ({ low: value, share: value })),
      ideal,
      { x, y },
    ),
    layer(values, number, { x: { ...x, field: "middle" }, y, text: { field: "count" } }),
  ]);
  const words = filled.map(
    ({ confidence, accuracy, count }) =>
      `${Math.round((confidence ?? 0) * 100)} % sure: ${Math.round((accuracy ?? 0) * 100)} % of ${count} right`,
  );
  const points = (share: number) => (share * 100).toFixed(1);
  const beside = perfect === null ? "" : `, of a perfectly calibrated model ${points(perfect.mean)} %`;
  return {
    spec,
    title: "Is it right as often as it is sure?",
    description: `Reliability diagram, expected calibration error ${points(error)} %${beside}. ${words.join("; ")}`,
    legend: [{ text: "right as often as it is sure", style: { color: "var(--ink)", dash: [5, 4] } }],
    note: "Bars: the share that is right; numbers: how many answers were that sure.",
  };
}

/** Share of right answers and confidence against the time of a clip that was seen; null where there is but one moment. */
export function earlinessChart({ curve }: Earliness): Chart | null {
  const last = curve.at(-1);
  if (!last || curve.length < 2) return null;
  const clips = curve[0]?.running ?? 1;
  const x = {
    ...quantitative("seconds", [0, last.seconds]),
    axis: { title: "seconds of the clip seen", grid: false, tickCount: 6, format: "~g" },
  };
  const axis = yAxis(true);
  const right = { text: "right", style: first };
  const sure = { text: "how sure it is", style: second };
  const running = { text: "clips that last so long", style: third };
  const values = curve.map((point) => ({ ...point, share: point.running / clips }));
  const step = { interpolate: "step-after", aria: false };
  const words = ({ top1, confidence }: typeof last) =>
    `${Math.round(top1 * 100)} % of clips right, ${Math.round(confidence * 100)} % sure`;
  const line = (style: SeriesStyle, field: string, strokeWidth: number) =>
    layer(values, { ...lineMark(style), ...step, strokeWidth }, { x, y: { ...quantitative(field, [0, 1]), axis } });
  return {
    spec: baseSpec([line(third, "share", 1.5), line(second, "confidence", 2), line(first, "top1", 2.5)]),
    title: "How early is it right?",
    description: `After the first frame ${words(curve[0] ?? last)}; at the end ${words(last)}`,
    legend: [right, sure, running],
    note: "How sure it is: the mean confidence of its answers. A clip that is over keeps its last answer.",
  };
}

export function yAxis(percents: boolean): object {
  const shares = { values: [0, 0.25, 0.5, 0.75, 1], labelExpr: percentExpr };
  return { title: null, domain: false, ticks: false, ...(percents ? shares : { tickCount: 5, format: "~g" }) };
}

/** From the least to the greatest; a single value gets half a unit on either side. */
function rangeOf(values: readonly number[]): readonly number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

export function lineMark({ color, dash }: SeriesStyle): Record<string, unknown> {
  return { type: "line", color, strokeDash: dash, strokeWidth: 2.5, aria: false };
}

export function baseSpec(layer: readonly object[]): Record<string, unknown> {
  const axis = {
    labelColor: "var(--faint)",
    titleColor: "var(--faint)",
    titleFontWeight: "normal",
    labelFontSize: 14,
    titleFontSize: 14,
    titlePadding: 8,
    labelPadding: 6,
    gridColor: "var(--line)",
    domainColor: "var(--faint)",
    tickColor: "var(--faint)",
    labelFlush: false,
  };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    ...size,
    padding,
    autosize: { type: "none" },
    background: "transparent",
    config: { font, view: { stroke: null }, axis },
    layer,
  };
}
