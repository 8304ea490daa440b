import { layer, quantitative } from "../plot/plot-spec.ts";
import { type FamilyComparison, type FamilyKind, familyNames, type Relation } from "./family.ts";
import { baseSpec, type Chart, lineMark, type Point, type SeriesStyle, yAxis } from "./report-charts.ts";

const styles: Readonly<Record<FamilyKind, SeriesStyle>> = {
  stream: { color: "var(--blue)", dash: [1, 0] },
  whole: { color: "var(--orange)", dash: [7, 3] },
  averaged: { color: "var(--violet)", dash: [2, 3] },
  frameByFrame: { color: "var(--faint)", dash: [9, 3, 2, 3] },
};

/** Accuracy against the frames seen, and peak memory against the frames of a clip. */
export function familyCharts({ relations, frames: length }: FamilyComparison): readonly Chart[] {
  const accuracy = relations.map((relation) => ({ kind: relation.kind, points: accuracyPoints(relation, length) }));
  const longest = Math.max(...accuracy.flatMap(({ points }) => points.map(({ x }) => x)));
  const memory = relations.map(({ kind, memory: measured }) => ({
    kind,
    points: measured.map(({ frames, bytes }): Point => ({ x: frames, y: bytes / 1e6 })),
  }));
  const most = Math.max(...memory.flatMap(({ points }) => points.map(({ y }) => y)));
  const last = Math.max(...memory.flatMap(({ points }) => points.map(({ x }) => x)));
  return [
    chart("Accuracy by frames seen", accuracy, {
      x: {
        ...quantitative("x", [0, longest]),
        axis: { title: "frames of the clip seen", grid: false, tickMinStep: 1 },
      },
      y: { ...quantitative("y", [0, 1]), axis: yAxis(true) },
      note: "The base network is asked after 1, 2, 4, 8, … frames and at the end; the mean over windows is known at the end only.",
      steps: true,
      unit: (y) => `${(100 * y).toFixed(1)} %`,
    }),
    chart("Peak memory", memory, {
      x: { ...quantitative("x", [0, last]), axis: { title: "frames of the clip", grid: false, tickCount: 5 } },
      y: {
        ...quantitative("y", [0, most * 1.05]),
        axis: { ...yAxis(false), format: "d", labelExpr: "datum.label + ' MB'" },
      },
      note: "Of a process that runs the network, beyond what it had before.",
      steps: false,
      unit: (y) => `${y.toFixed(0)} MB`,
    }),
  ];
}

/** The mean over windows is known at the end only. */
function accuracyPoints({ kind, evaluation: { early, top1 } }: Relation, length: number): readonly Point[] {
  if (kind === "averaged" || early === null) return [{ x: length, y: top1.value }];
  return early.curve.map(({ frames, top1: right }) => ({ x: frames, y: right }));
}

interface ChartOptions {
  readonly x: object;
  readonly y: object;
  readonly note: string;
  /** Whether a value holds until the next one. */
  readonly steps: boolean;
  readonly unit: (y: number) => string;
}

function chart(
  title: string,
  series: readonly { readonly kind: FamilyKind; readonly points: readonly Point[] }[],
  { x, y, note, steps, unit }: ChartOptions,
): Chart {
  const shown = series.filter(({ points }) => points.length > 0);
  const dot = { type: "point", size: 80, filled: true };
  const layers = shown.map(({ kind, points }) => {
    const line = { ...lineMark(styles[kind]), ...(steps ? { interpolate: "step-after" } : {}) };
    return layer(points, points.length === 1 ? { ...dot, color: styles[kind].color } : line, { x, y });
  });
  const words = shown.map(({ kind, points }) => {
    const [start, end] = [points[0], points.at(-1)] as [Point, Point];
    const from = points.length === 1 ? "" : `${unit(start.y)} at ${start.x} frames, `;
    return `${familyNames[kind]}: ${from}${unit(end.y)} at ${end.x}`;
  });
  return {
    spec: baseSpec(layers),
    title,
    description: `${title}. ${words.join("; ")}`,
    legend: shown.map(({ kind }) => ({ text: familyNames[kind], style: styles[kind] })),
    note,
  };
}
