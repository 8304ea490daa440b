/** The classes of a plot: which are shown, in which order, and what is said of each. */
import { percentText } from "../flow/predict.ts";
import { seriesCount } from "./palette.ts";
import { choosePlotClasses, classLine, type LinePoint, type PlotPoint, standingPoints, timeText } from "./plot-data.ts";
import { type Band, classesOfBands } from "./segment-bands.ts";

/** A class with its line over time. */
export interface ClassLine {
  /** Of the model's outputs. */
  readonly class: number;
  readonly label: string;
  readonly line: readonly LinePoint[];
  /** Its probability at the end; null where segments tell more. */
  readonly final: string | null;
  /** When it was likeliest, where the end does not tell. */
  readonly peak: string | null;
}

/** A class that no segment names must reach this to be shown beside those that one does. */
const rivalPeak = 0.25;

/**
 * As many classes as there are colours: those of the segments in order of time and what else came near; without segments those of
 * `choosePlotClasses`, the likeliest at the end first.
 */
export function classLines(
  points: readonly PlotPoint[],
  labels: readonly string[] | null,
  bands: readonly Band[],
): readonly ClassLine[] {
  const end = points.at(-1)?.time ?? 0;
  const named = classesOfBands(bands, seriesCount);
  const standing = standingPoints(points);
  const others = choosePlotClasses(standing, seriesCount).filter(
    (index) =>
      !named.includes(index) && (named.length === 0 || standing.some(({ scores }) => scores[index]! >= rivalPeak)),
  );
  return [...named, ...others].slice(0, seriesCount).map((index) => {
    const line = classLine(points, index);
    const final = line.at(-1) as LinePoint;
    const peak = line.reduce((a, b) => (b.score > a.score ? b : a));
    const told = bands.length > 0 || peak.score - final.score >= 0.1;
    return {
      class: index,
      label: labels?.[index] ?? `class ${index}`,
      line,
      final: bands.length > 0 ? null : percentText(final.score),
      peak: told ? `peak ${percentText(peak.score)} at ${timeText(peak.time, end)}` : null,
    };
  });
}
