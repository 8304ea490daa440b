import type { Axis } from "../plot/axes.ts";
import { drawLineChart, type Point, type Series } from "../plot/line-chart.ts";
import { element, renderFile, text } from "../plot/svg.ts";
import { ticksUpTo, ticksWithin } from "../plot/ticks.ts";
import { type FamilyComparison, type FamilyKind, familyNames, type Relation } from "./family.ts";
import { type Chart, countAxis, shareAxis } from "./report-charts.ts";

/** Which colour each has in every chart. */
const indexes: Readonly<Record<FamilyKind, number>> = { stream: 0, whole: 1, averaged: 2, frameByFrame: 3 };

/** Accuracy against the frames seen, and peak memory against the frames of a clip. */
export function familyCharts({ relations, frames: length }: FamilyComparison): readonly Chart[] {
  const accuracy = relations.map((relation) => series(relation.kind, accuracyPoints(relation, length), true));
  const memory = relations.map(({ kind, memory: measured }) =>
    series(
      kind,
      measured.map(({ frames, bytes }) => ({ x: frames, y: bytes / 1e6 })),
      false,
    ),
  );
  const most = Math.max(...memory.flatMap(({ points }) => points.map(({ y }) => y)));
  const longest = Math.max(...memory.flatMap(({ points }) => points.map(({ x }) => x)));
  const ticks = ticksUpTo(most, 5, (value) => `${value} MB`);
  return [
    chart("Accuracy by frames seen", accuracy, {
      x: countAxis(
        accuracy.flatMap(({ points }) => points.map((point) => point.x)),
        "frames of the clip seen",
      ),
      y: shareAxis,
      note: "The base network answers after 1, 2, 4, 8, … frames and at the end; the mean over windows is known only at the end.",
      unit: (y) => `${(100 * y).toFixed(1)} %`,
    }),
    chart("Peak memory", memory, {
      x: { low: 0, high: longest, ticks: ticksWithin(0, longest, 5), title: "frames of the clip" },
      y: { low: 0, high: ticks.at(-1)?.value ?? 1, ticks },
      note: "Peak memory of a process that runs the network, beyond what it used before.",
      unit: (y) => `${y.toFixed(0)} MB`,
    }),
  ];
}

function series(kind: FamilyKind, points: readonly Point[], steps: boolean): Series {
  return { name: familyNames[kind], index: indexes[kind], points, steps };
}

/** The mean over windows is known only at the end. */
function accuracyPoints({ kind, evaluation: { early, top1 } }: Relation, length: number): readonly Point[] {
  if (kind === "averaged" || early === null) return [{ x: length, y: top1.value }];
  return early.curve.map(({ frames, top1: right }) => ({ x: frames, y: right }));
}

interface ChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly note: string;
  readonly unit: (y: number) => string;
}

function chart(title: string, all: readonly Series[], { x, y, note, unit }: ChartOptions): Chart {
  const shown = all.filter(({ points }) => points.length > 0);
  const words = shown.map(({ name, points }) => {
    const [start, end] = [points[0], points.at(-1)] as [Point, Point];
    const from = points.length === 1 ? "" : `${unit(start.y)} at ${start.x} frames, `;
    return `${name}: ${from}${unit(end.y)} at ${end.x}`;
  });
  const description = `${title}. ${words.join("; ")}`;
  return { title, drawing: drawLineChart({ x, y, series: shown, description }), note };
}

const figure = { margin: 24, gap: 28, titleSize: 18 };

/** Both charts below each other as one SVG file, for documents: as wide as a phone. */
export function renderFamilyFigure(comparison: FamilyComparison): string {
  const { margin, gap, titleSize: size } = figure;
  let top = margin;
  const charts = familyCharts(comparison);
  const panels = charts.map(({ title, drawing }) => {
    const heading = text(title, { x: margin, y: top + 0.8 * size, size, bold: true });
    const placed = element("g", { transform: `translate(${margin} ${top + 1.2 * size})` }, drawing.body);
    top += 1.2 * size + drawing.height + gap;
    return heading + placed;
  });
  return renderFile({
    width: Math.max(...charts.map((of) => of.drawing.width)) + 2 * margin,
    height: Math.ceil(top - gap + margin),
    body: panels.join(""),
    description: charts.map((of) => of.drawing.description).join(" "),
  });
}
