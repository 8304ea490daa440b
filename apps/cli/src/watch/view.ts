/** The terminal view as lines of text: one per camera, then the latest events and messages. Pure. */
import { percentText } from "movinet/session";
import { counted, fitText, painter, textWidth } from "../tables/text.ts";
import { rateOf, sparkline, type ViewRow, type ViewState } from "./view-rows.ts";

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly isRight: boolean;
  text(row: ViewRow): string;
}

const sparkCells = 10;
/** Cells of a name that is long, where room is scarce, and where it is not. */
const shortName = 12;
const mostName = 20;
const leastLabel = 16;

/** Beside the name and the label, from the most to the least important. */
const byImportance: readonly Column[] = [
  { title: "score", width: 5, isRight: true, text: ({ label, score }) => (label === null ? "" : percentText(score)) },
  { title: "state", width: 5, isRight: false, text: ({ state }) => state },
  { title: "lag", width: 7, isRight: true, text: lagText },
  { title: "fps", width: 4, isRight: true, text: (row) => rateOf(row)?.toFixed(1) ?? "" },
  { title: `last ${sparkCells} s`, width: sparkCells, isRight: false, text: (row) => sparkline(row, sparkCells) },
  { title: "drop", width: 4, isRight: true, text: ({ dropped }) => (dropped < 1e4 ? `${dropped}` : ">9k") },
];
const order = ["score", `last ${sparkCells} s`, "fps", "lag", "drop", "state"];

/** At most `rows` lines, none wider than `columns`. */
export function renderView(state: ViewState, { columns, rows, color }: ViewSize): readonly string[] {
  const paint = painter(color);
  const room = Math.max(1, columns);
  const wanted = Math.min(mostName, Math.max(textWidth("camera"), ...state.rows.map((row) => textWidth(row.name))));
  const least = Math.min(wanted, shortName, Math.max(1, room >> 2));
  let left = room - least - 2 - leastLabel;
  const shown = byImportance.filter(({ width }) => {
    const fits = left >= width + 2;
    if (fits) left -= width + 2;
    return fits;
  });
  const others = shown.toSorted((a, b) => order.indexOf(a.title) - order.indexOf(b.title));
  // What is left over is shared by the name and the label.
  const name = least + Math.max(0, Math.min(wanted - least, left >> 1));
  const label = Math.max(1, room - name - 2 - others.reduce((sum, { width }) => sum + width + 2, 0));
  const line = (row: ViewRow): string => {
    const start = `${nameCell(row.name, name)}  `;
    if (row.state !== "live") {
      const text = row.message === "" ? row.state : `${row.state}: ${row.message}`;
      return start + paint(row.state === "lost" ? "red" : "dim", fitText(text, Math.max(1, room - name - 2)));
    }
    const cells = others.map((column) => padded(column.text(row), column.width, column.isRight));
    return start + [labelCell(row, label, paint), ...cells].join("  ");
  };
  const head = [
    padded("camera", name),
    padded("action", label),
    ...others.map((c) => padded(c.title, c.width, c.isRight)),
  ];
  const most = Math.max(1, rows - 2);
  const cameras = state.rows.length > most ? mostUrgent(state.rows, most - 1) : state.rows;
  const hidden = state.rows.length - cameras.length;
  const lines = [
    paint("dim", fitText(head.join("  "), room)),
    ...cameras.map((row) => line(row)),
    ...(hidden > 0 ? [fitText(`and ${counted(hidden, "more camera")}`, room)] : []),
  ];
  const foot = paint("dim", fitText(footText(state), room));
  const free = rows - lines.length - 1;
  const below = [
    ...state.messages.toReversed().map((message) => paint("yellow", fitText(message, room))),
    ...state.ended
      .slice(0, Math.max(0, free - state.messages.length - 1))
      .map((event) => fitText(endedText(event), room)),
  ].slice(0, Math.max(0, free - 1));
  return [...lines, ...(below.length > 0 ? ["", ...below] : []), foot].slice(0, Math.max(1, rows));
}

/** Cameras that need attention first: lost ones, then those with events, then the rest, in their own order. */
function mostUrgent(rows: readonly ViewRow[], most: number): readonly ViewRow[] {
  const urgency = (row: ViewRow) => (row.state === "lost" ? 0 : row.open.length > 0 ? 1 : 2);
  const kept = new Set(rows.toSorted((a, b) => urgency(a) - urgency(b)).slice(0, Math.max(0, most)));
  return rows.filter((row) => kept.has(row));
}

/** The label of an open event with a dot, else the likeliest class, dimmed. */
function labelCell({ label, open: [event] }: ViewRow, width: number, paint: ReturnType<typeof painter>): string {
  if (event !== undefined) return paint("green", padded(`● ${event}`, width));
  return paint("dim", padded(label === null ? "  waiting for pictures" : `  ${label}`, width));
}

function lagText({ moments, lagMs }: ViewRow): string {
  if (moments.length === 0) return "";
  return lagMs < 10_000 ? `${Math.round(lagMs)} ms` : `${Math.round(lagMs / 1000)} s`;
}

function endedText({ source, label, start, end, peak }: ViewState["ended"][number]): string {
  const seconds = (Date.parse(end) - Date.parse(start)) / 1000;
  return `${clock(start)}  ${source}: ${label} for ${seconds.toFixed(1)} s (${percentText(peak)})`;
}

function footText({ rows }: ViewState): string {
  const lost = rows.filter(({ state }) => state === "lost").length;
  const open = rows.reduce((sum, row) => sum + row.open.length, 0);
  const parts = [counted(rows.length, "camera"), ...(lost > 0 ? [`${lost} lost`] : []), `${open} active`];
  return `${parts.join(", ")}. Ctrl-C ends.`;
}

function clock(at: string): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** A name in as many cells; of a path or URL, the end says more. */
function nameCell(name: string, width: number): string {
  const fitted = fitText(name, width, /[/\\]/.test(name) ? "end" : "start");
  return fitted + " ".repeat(Math.max(0, width - textWidth(fitted)));
}

function padded(text: string, width: number, isRight = false): string {
  const fitted = fitText(text, width);
  const blank = " ".repeat(Math.max(0, width - textWidth(fitted)));
  return isRight ? blank + fitted : fitted + blank;
}
