/** The end of a run over several videos: a line for each. */
import { percentText } from "movinet/session";
import { tableLines } from "./text.ts";

/** A video's likeliest class; null: it failed. */
export interface SummaryRow {
  readonly source: string;
  readonly best: { readonly label: string; readonly score: number } | null;
}

/** The rows as a table whose lines take at most `room` cells where labels allow it. */
export function renderSummary(rows: readonly SummaryRow[], room: number): string {
  const cells = rows.map(({ source, best }) => [
    source,
    best === null ? "failed" : best.label,
    best === null ? "" : percentText(best.score),
  ]);
  return tableLines(["video", "label", "score"], cells, 2, room).join("\n");
}
