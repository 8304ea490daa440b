import { fitText } from "movinet";
import type { Receipt } from "movinet/make";

const mostName = 24;

/** What a comparison found, as lines. */
export function renderChecks({ source, result, clips, frames, scale, tolerance, checks }: Receipt): string[] {
  const head = ["", "on", "", "difference", "same class", ""];
  const rows = checks.map(({ name, runtime, call, difference, sameClass, pass }) => [
    fitText(name, mostName),
    runtime,
    call,
    difference.toExponential(1),
    `${(100 * sameClass).toFixed(0)} %`,
    pass ? "ok" : "TOO FAR",
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i < 3 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join("  ")
      .trimEnd();
  const or = result.dtype === "int8" ? ", or the same class" : "";
  return [
    `Held against ${source.name} on ${source.runtime}, ${source.call}`,
    `(${clips} ${clips === 1 ? "clip" : "clips"}, ${frames} frames; logits up to ${scale.toFixed(1)}, allowed difference ${tolerance.toPrecision(2)}${or}):`,
    line(head),
    ...rows.map(line),
  ];
}
