import type { ActionEvent } from "./event-log.ts";

const columns = ["label", "start", "end", "peak"] as const;
const rounded = (value: number | null) => (value === null ? null : Math.round(value * 1000) / 1000);
const rowOf = ({ label, start, end, peak }: ActionEvent) => {
  return { label, start: rounded(start), end: rounded(end), peak: rounded(peak) };
};

/** Events as CSV (RFC 4180): `label,start,end,peak`, seconds; `end` is empty while an event lasts. */
export function eventsToCsv(events: readonly ActionEvent[]): string {
  const lines = events.map((event) => {
    const row = rowOf(event);
    return columns.map((column) => field(row[column])).join(",");
  });
  return `${[columns.join(","), ...lines].join("\r\n")}\r\n`;
}

/** Labels come from other people's files, and spreadsheets run whatever looks like a formula. */
function field(value: string | number | null): string {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Events as JSON Lines: one object a line, `end` is null while an event lasts. */
export function eventsToJsonl(events: readonly ActionEvent[]): string {
  return events.map((event) => `${JSON.stringify(rowOf(event))}\n`).join("");
}
