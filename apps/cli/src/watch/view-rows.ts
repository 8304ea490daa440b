/** What the terminal view knows of each camera: records go in, a row comes out. Pure. */
import type { WatchEvent, WatchRecord, WatchStatus } from "movinet/watch";

/** A camera in the view. */
export interface ViewRow {
  readonly name: string;
  readonly state: WatchStatus["state"];
  /** Why it is in that state; may be empty. */
  readonly message: string;
  /** The likeliest class of the last picture; null: there was none. */
  readonly label: string | null;
  readonly score: number;
  /** Labels of the open events. */
  readonly open: readonly string[];
  /** The latest moments, oldest first: milliseconds, and the score of the likeliest class. */
  readonly moments: readonly (readonly [at: number, score: number])[];
  readonly lagMs: number;
  /** Pictures dropped since the start. */
  readonly dropped: number;
}

/** An event in the list below the cameras. */
export type EndedEvent = WatchEvent & { readonly end: string };

/** Everything that is shown. */
export interface ViewState {
  readonly rows: readonly ViewRow[];
  /** The latest events that ended, newest first. */
  readonly ended: readonly EndedEvent[];
  /** The latest messages about other things, newest first. */
  readonly messages: readonly string[];
}

/** Milliseconds that the view looks back. */
export const rememberedMs = 30_000;
const mostEnded = 20;
const mostMessages = 3;

export function beginView(names: readonly string[]): ViewState {
  return { rows: names.map(newRow), ended: [], messages: [] };
}

/** The view after a record. A camera that is new gets a row. */
export function addRecord(state: ViewState, record: WatchRecord): ViewState {
  const rows = state.rows.some(({ name }) => name === record.source)
    ? state.rows
    : [...state.rows, newRow(record.source)];
  const next = { ...state, rows: rows.map((row) => (row.name === record.source ? rowAfter(row, record) : row)) };
  if (record.type !== "event" || record.end === null) return next;
  return { ...next, ended: [{ ...record, end: record.end }, ...state.ended].slice(0, mostEnded) };
}

export function addMessage(state: ViewState, message: string): ViewState {
  return { ...state, messages: [message, ...state.messages].slice(0, mostMessages) };
}

function newRow(name: string): ViewRow {
  const state = "connecting";
  return { name, state, message: "", label: null, score: 0, open: [], moments: [], lagMs: 0, dropped: 0 };
}

function rowAfter(row: ViewRow, record: WatchRecord): ViewRow {
  if (record.type === "status") {
    const { state, message } = record;
    return { ...row, state, message, ...(state === "live" ? {} : { label: null, score: 0, moments: [] }) };
  }
  if (record.type === "event") {
    const others = row.open.filter((label) => label !== record.label);
    return { ...row, open: record.phase === "start" ? [record.label, ...others] : others };
  }
  const [best] = record.predictions;
  const at = Date.parse(record.at);
  const recent = row.moments.filter(([time]) => time > at - rememberedMs && time <= at);
  return {
    ...row,
    label: best?.label ?? null,
    score: best?.score ?? 0,
    moments: [...recent, [at, best?.score ?? 0]],
    lagMs: record.lagMs,
    dropped: row.dropped + record.dropped,
  };
}

/** Pictures per second over the last five seconds; null: too few to say. */
export function rateOf({ moments }: Pick<ViewRow, "moments">): number | null {
  const last = moments.at(-1)?.[0] ?? 0;
  const recent = moments.filter(([at]) => at >= last - 5000);
  const seconds = (last - (recent[0]?.[0] ?? last)) / 1000;
  return seconds > 0 ? (recent.length - 1) / seconds : null;
}

const bars = "▁▂▃▄▅▆▇█";

/** The highest score of each of the last seconds, newest on the right; blank where there was none. */
export function sparkline({ moments }: Pick<ViewRow, "moments">, cells: number): string {
  const last = Math.floor((moments.at(-1)?.[0] ?? 0) / 1000);
  const highest = new Array<number>(cells).fill(-1);
  for (const [at, score] of moments) {
    const cell = cells - 1 - (last - Math.floor(at / 1000));
    if (cell >= 0) highest[cell] = Math.max(highest[cell] as number, score);
  }
  return highest.map((score) => (score < 0 ? " " : (bars[Math.min(7, Math.floor(score * 8))] as string))).join("");
}
