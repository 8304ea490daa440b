import { DatasetError } from "../common/errors.ts";
import { decodeText, linesOf, strangerToText } from "../common/text.ts";
import { type Sample, sameForm, splitOf } from "./dataset.ts";

/** A line of a manifest, checked by itself: whether the file exists is for the caller to say. */
export interface ManifestRow extends Pick<Sample, "file" | "split" | "group" | "start" | "end"> {
  /** Where it stands, from 1. */
  readonly line: number;
  /** At least one, each once, in Unicode NFC. */
  readonly labels: readonly string[];
}

export type ManifestFormat = "csv" | "jsonl";

/**
 * Reads a manifest: CSV (RFC 4180; the first line names the columns) or one JSON object a line. Columns or keys: `file`,
 * `label` (several separated by `;`, in JSON also a list), and, where wanted, `split`, `group`, `start`, `end` (seconds);
 * others are passed over.
 * Throws {@link DatasetError}: `E_DATASET_FORMAT` for what is no such text, `E_DATASET_LINE` for a line that is wrong.
 */
export function readManifest(bytes: Uint8Array, format: ManifestFormat, path: string): readonly ManifestRow[] {
  const stranger = strangerToText(bytes.subarray(0, headBytes));
  if (stranger) throw formatError(path, stranger.what, stranger.remedy);
  const text = decodeText(bytes, (problem, remedy, cause) => formatError(path, problem, remedy, cause));
  return format === "csv" ? csvRows(text, path) : jsonRows(text, path);
}

const headBytes = 4096;

export function lineError(path: string, line: number, problem: string, remedy: string): DatasetError {
  return new DatasetError({ code: "E_DATASET_LINE", subject: path, problem: `line ${line}: ${problem}`, remedy });
}

function formatError(path: string, problem: string, remedy: string, cause?: unknown): DatasetError {
  return new DatasetError({ code: "E_DATASET_FORMAT", subject: path, problem, remedy, cause });
}

const columns = ["file", "label", "split", "group", "start", "end"] as const;

/** `field`: what a line says of one sample; empty where it says nothing. */
function checkRow(
  field: (name: (typeof columns)[number]) => string,
  line: number,
  path: string,
  given: readonly string[] = field("label").split(";"),
): ManifestRow {
  const file = field("file");
  if (file === "") throw lineError(path, line, "the file is missing", "Name a video in it, or remove the line");
  const labels = given.map((label) => sameForm(label.trim()));
  if (labels.length === 0 || labels.includes("")) {
    const problem = labels.some((label) => label !== "") ? "one of its labels is empty" : "the label is missing";
    throw lineError(path, line, problem, "Write the clip's class into it, or remove the line");
  }
  const named = field("split");
  const split = named === "" ? null : splitOf(named);
  if (split === undefined) {
    const problem = `the split ${JSON.stringify(named)} is none of train, validation, test`;
    throw lineError(path, line, problem, "Use one of them, or leave it empty");
  }
  const start = secondsOf("start", field("start"), line, path);
  const end = secondsOf("end", field("end"), line, path);
  if (end !== null && end <= (start ?? 0)) {
    throw lineError(path, line, `it ends at ${end} s, not after it starts at ${start ?? 0} s`, "Correct start and end");
  }
  return { line, file, labels: [...new Set(labels)], split, group: sameForm(field("group")) || null, start, end };
}

function secondsOf(name: string, text: string, line: number, path: string): number | null {
  if (text === "") return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  const problem = `the ${name} ${JSON.stringify(text)} is no number of seconds`;
  throw lineError(path, line, problem, "Write seconds since the video's beginning, such as 12.5");
}

/** Names of columns that somebody will have meant. */
const nearNames = columns.map((name) => `${name}s`);

function csvRows(text: string, path: string): readonly ManifestRow[] {
  const [head, ...records] = parseCsv(text, path);
  const names = head?.fields.map((name) => name.trim().toLowerCase()) ?? [];
  const remedy = "Begin it with a line that names the columns, such as file,label,group";
  for (const name of ["file", "label"]) {
    if (!names.includes(name)) throw formatError(path, `its first line names no column ${name}`, remedy);
  }
  const near = names.find((name) => nearNames.includes(name));
  if (near && !names.includes(near.slice(0, -1))) {
    throw formatError(path, `its column ${near} is none that is read`, `Call it ${near.slice(0, -1)}`);
  }
  const twice = columns.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice) throw formatError(path, `its first line names the column ${twice} twice`, remedy);
  return records.map(({ line, fields }) => {
    if (fields.length > names.length) {
      const problem = `it has ${fields.length} fields, but the first line names ${names.length} columns`;
      throw lineError(path, line, problem, "Put quotes around a field that holds a comma");
    }
    return checkRow((name) => fields[names.indexOf(name)]?.trim() ?? "", line, path);
  });
}

interface CsvRecord {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** RFC 4180: quotes may hold commas, line ends and doubled quotes; lines end in LF, CRLF or CR. Empty lines are left out. */
export function parseCsv(text: string, path: string): readonly CsvRecord[] {
  const token = /"((?:[^"]|"")*)"(?=[,\r\n]|$)|([^",\r\n][^,\r\n]*)?/y;
  const records: CsvRecord[] = [];
  let fields: string[] = [];
  let [line, begins, at] = [1, 1, 0];
  const endRecord = () => {
    if (fields.length > 1 || fields[0] !== "") records.push({ line: begins, fields });
    fields = [];
  };
  while (at < text.length || fields.length > 0) {
    token.lastIndex = at;
    const [all = "", quoted, plain = ""] = token.exec(text) ?? [];
    if (all === "" && text[at] === '"') {
      throw lineError(path, line, "a quote is not closed where its field ends", "Double the quotes inside of a field");
    }
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    line += all.match(/\r\n|\r|\n/g)?.length ?? 0;
    at += all.length;
    if (text[at] === ",") {
      at++;
      continue;
    }
    endRecord();
    at += text.startsWith("\r\n", at) ? 2 : 1;
    begins = ++line;
  }
  return records;
}

function jsonRows(text: string, path: string): readonly ManifestRow[] {
  return linesOf(text).flatMap((content, i) => (content.trim() === "" ? [] : [jsonRow(content, i + 1, path)]));
}

function jsonRow(content: string, line: number, path: string): ManifestRow {
  const remedy = 'Write one object a line, such as {"file":"a.mp4","label":"wave"}';
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw lineError(path, line, `it is no JSON (${(cause as Error).message})`, remedy);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw lineError(path, line, "it is no JSON object", remedy);
  }
  const object = value as Readonly<Record<string, unknown>>;
  const field = (name: (typeof columns)[number]): string => {
    const given = object[name] ?? "";
    if (typeof given === "string" || typeof given === "number") return String(given).trim();
    throw lineError(path, line, `its ${name} is neither text nor a number`, remedy);
  };
  const { label } = object;
  const listed = Array.isArray(label) && label.every((item) => typeof item === "string");
  return checkRow(field, line, path, listed ? (label as readonly string[]) : field("label").split(";"));
}
