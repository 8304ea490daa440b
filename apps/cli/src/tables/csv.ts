/** Comma-separated values (RFC 4180, lines ending in LF). */
import { printable } from "movinet/files";

type Cell = string | number | null;

/** A line without its end; null is an empty cell. */
export function csvLine(cells: readonly Cell[]): string {
  return cells.map(cellText).join(",");
}

/**
 * A text keeps to one line, and one that a spreadsheet would run as a formula begins with an apostrophe, as file names and
 * class names come from anybody.
 */
function cellText(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const line = printable(cell);
  const text = /^(?:[=+@]|-.)/u.test(line) ? `'${line}` : line;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
