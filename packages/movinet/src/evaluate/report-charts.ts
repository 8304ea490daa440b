/** The charts of a report: how a network learned, and whether its answers can be believed. */
import { type Axis, place } from "../plot/axes.ts";
import { chartFont, chartWidth, drawFrame, drawLineChart, type Point, type Series } from "../plot/line-chart.ts";
import { fill, stroke } from "../plot/palette.ts";
import { type Drawing, element, text } from "../plot/svg.ts";
import { pixelWidth } from "../plot/text-width.ts";
import { countTicks, shareTicks, ticksUpTo, ticksWithin } from "../plot/ticks.ts";
import type { Calibration } from "./calibration.ts";
import type { Earliness } from "./early.ts";
import type { EpochRecord } from "./report-data.ts";

export interface Chart {
  readonly title: string;
  readonly drawing: Drawing;
  /** How to read it; may be empty. */
  readonly note: string;
}

export const shareAxis: Axis = { low: 0, high: 1, ticks: shareTicks };

/** Curves over the epochs: loss, validation top-1, learning rate; those of which nothing is known are left out. */
export function trainingCharts(history: readonly EpochRecord[], best: number | null): readonly Chart[] {
  const line = (name: string, index: number, key: Exclude<keyof EpochRecord, "epoch">): Series => ({
    name,
    index,
    points: history.flatMap(({ epoch, [key]: y }) => (y !== null && Number.isFinite(y) ? [{ x: epoch, y }] : [])),
  });
  const loss = [line("training", 0, "loss"), line("validation", 1, "validationLoss")];
  const top1 = [line("", 0, "validationTop1")];
  const rate = [line("", 0, "learningRate")];
  return [
    epochChart("Loss", loss, best, axisUpTo(highest(loss))),
    epochChart("Validation top-1", top1, best, shareAxis),
    epochChart("Learning rate", rate, null, axisUpTo(highest(rate))),
  ].filter((chart) => chart !== null);
}

function highest(series: readonly Series[]): number {
  return Math.max(0, ...series.flatMap(({ points }) => points.map(({ y }) => y)));
}

function axisUpTo(most: number) {
  const ticks = ticksUpTo(most);
  return { low: 0, high: ticks.at(-1)?.value ?? 1, ticks };
}

/** From the first to the last of what is counted; a single one stands in the middle. */
export function countAxis(values: readonly number[], title: string) {
  const [first, last] = [Math.min(...values), Math.max(...values)];
  const around = first < last ? 0 : 0.5;
  return { low: first - around, high: last + around, ticks: countTicks(first, last), title };
}

function epochChart(title: string, all: readonly Series[], best: number | null, y: Axis): Chart | null {
  const filled = all.filter(({ points }) => points.length > 0);
  if (filled.length === 0) return null;
  const series = filled.length === 1 && all.length > 1 ? filled.map((one) => ({ ...one, name: "" })) : filled;
  const epochs = series.flatMap(({ points }) => points.map(({ x }) => x));
  const words = filled.map(({ name, points }) => {
    const [start, end] = [points[0], points.at(-1)].map((point) => (point?.y ?? 0).toPrecision(3));
    return `${name === "" ? "" : `${name}: `}from ${start} to ${end}`;
  });
  const mark = best !== null && epochs.includes(best) ? { x: best, text: `kept: epoch ${best}` } : undefined;
  const description = `${title} by epoch. ${words.join("; ")}`;
  return { title, drawing: drawLineChart({ x: countAxis(epochs, "epoch"), y, series, mark, description }), note: "" };
}

/** How often answers of each confidence are right, beside the line on which they should be. */
export function reliabilityChart({ bins, error, perfect }: Calibration): Chart {
  const filled = bins.filter(({ count }) => count > 0);
  const x = { low: 0, high: 1, ticks: ticksWithin(0, 1, 5).map(percentTick), title: "confidence of the answer" };
  const { plot, drawn, height } = drawFrame(x, shareAxis);
  const across = (share: number) => place(share, x, plot.left, plot.right);
  const up = (share: number) => place(share, shareAxis, plot.bottom, plot.top);
  const bars = filled.map(({ low, high, count, accuracy }) => {
    const inset = 0.08 * (high - low);
    const [left, right, top] = [across(low + inset), across(high - inset), up(accuracy ?? 0)];
    const bar = { x: left, y: top, width: right - left, height: Math.max(0, plot.bottom - top) };
    const written = count < 1000 ? String(count) : `${Math.round(count / 1000)}k`;
    const size = chartFont * Math.min(1, (right - left) / pixelWidth(written, chartFont));
    const number = text(written, {
      x: (left + right) / 2,
      y: top - 0.4 * chartFont,
      size,
      anchor: "middle",
      halo: true,
    });
    return { bar: element("rect", { ...bar, ...fill("tint0"), ...stroke("series0"), class: barClass }), number };
  });
  const ideal = element("path", {
    d: `M${plot.left} ${plot.bottom}L${plot.right} ${plot.top}`,
    ...stroke("ink"),
    "stroke-width": 1.5,
    "stroke-dasharray": "5 4",
  });
  const words = filled.map(
    ({ confidence, accuracy, count }) =>
      `${Math.round((confidence ?? 0) * 100)} % sure: ${Math.round((accuracy ?? 0) * 100)} % of ${count} right`,
  );
  const points = (share: number) => (share * 100).toFixed(1);
  const beside = perfect === null ? "" : `, of a perfectly calibrated model ${points(perfect.mean)} %`;
  return {
    title: "Is it right as often as it is sure?",
    drawing: {
      width: chartWidth,
      height,
      body: drawn + bars.map(({ bar }) => bar).join("") + ideal + bars.map(({ number }) => number).join(""),
      description: `Reliability diagram, expected calibration error ${points(error)} %${beside}. ${words.join("; ")}`,
    },
    note: "Bars: the share of right answers at each confidence, with the number of answers above. Dashed: perfect calibration.",
  };
}

const barClass = `${fill("tint0").class} ${stroke("series0").class}`;

function percentTick({ value }: { readonly value: number }) {
  return { value, text: `${Math.round(value * 100)} %` };
}

/** Share of right answers and confidence against the time of a clip that was seen; null where there is but one moment. */
export function earlinessChart({ curve }: Earliness): Chart | null {
  const last = curve.at(-1);
  if (!last || curve.length < 2) return null;
  const clips = curve[0]?.running ?? 1;
  const line = (name: string, index: number, value: (point: (typeof curve)[number]) => number): Series => ({
    name,
    index,
    points: curve.map((point): Point => ({ x: point.seconds, y: value(point) })),
    steps: true,
  });
  const words = ({ top1, confidence }: typeof last) =>
    `${Math.round(top1 * 100)} % of clips right, ${Math.round(confidence * 100)} % sure`;
  const x = { low: 0, high: last.seconds, ticks: ticksWithin(0, last.seconds), title: "seconds of the clip seen" };
  const series = [
    line("right", 0, ({ top1 }) => top1),
    line("confidence", 1, ({ confidence }) => confidence),
    line("clips still running", 2, ({ running }) => running / clips),
  ];
  const description = `After the first frame ${words(curve[0] ?? last)}; at the end ${words(last)}`;
  return {
    title: "How early is it right?",
    drawing: drawLineChart({ x, y: shareAxis, series, description }),
    note: "Confidence: the mean over all clips. A clip that has ended keeps its last answer.",
  };
}
