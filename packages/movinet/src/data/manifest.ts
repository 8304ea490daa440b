import { DatasetError } from "../common/errors.ts";
import { decodeText, linesOf, strangerToText } from "../common/text.ts";
import { type Sample, sameForm, splitOf } from "./dataset.ts";

/** A line of a manifest, checked by itself; the caller checks whether the file exists. */
export interface ManifestRow extends Pick<Sample, "file" | "split" | "group" | "start" | "end"> {
  /** Line number, from 1. */
  readonly line: number;
  /** At least one, without duplicates, in Unicode NFC. */
  readonly labels: readonly string[];
}

export type ManifestFormat = "csv" | "jsonl";

/**
 * Reads a manifest: CSV (RFC 4180, with a header line) or one JSON object per line. Columns or keys: `file`, `label`
 * (several separated by `;`, in JSON also a list), and optionally `split`, `group`, `start`, `end` (seconds); others
 * are ignored. Throws {@link DatasetError}: `E_DATASET_FORMAT` for an invalid text, `E_DATASET_LINE` for an invalid
 * line.
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

/** `field` returns a value of a line; empty if it is missing. */
function checkRow(
  field: (name: (typeof columns)[number]) => string,
  line: number,
  path: string,
  given: readonly string[] = field("label").split(";"),
): ManifestRow {
  const file = field("file");
  if (file === "") throw lineError(path, line, "the file is missing", "Add the path of a video, or remove the line");
  const labels = given.map((label) => sameForm(label.trim()));
  if (labels.length === 0 || labels.includes("")) {
    const problem = labels.some((label) => label !== "") ? "one of its labels is empty" : "the label is missing";
    throw lineError(path, line, problem, "Add the clip's class, or remove the line");
  }
  const named = field("split");
  const split = named === "" ? null : splitOf(named);
  if (split === undefined) {
    const problem = `unknown split ${JSON.stringify(named)}: expected train, validation or test`;
    throw lineError(path, line, problem, "Use one of them, or leave it empty");
  }
  const start = secondsOf("start", field("start"), line, path);
  const end = secondsOf("end", field("end"), line, path);
  if (end !== null && end <= (start ?? 0)) {
    throw lineError(
      path,
      line,
      `the end (${end} s) is not after the start (${start ?? 0} s)`,
      "Correct the start and end",
    );
  }
  return { line, file, labels: [...new Set(labels)], split, group: sameForm(field("group")) || null, start, end };
}

function secondsOf(name: string, text: string, line: number, path: string): number | null {
  if (text === "") return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  const problem = `${name} must be a number of seconds, got ${JSON.stringify(text)}`;
  throw lineError(path, line, problem, "Give seconds from the beginning of the video, such as 12.5");
}

/** Likely misspellings of columns. */
const nearNames = columns.map((name) => `${name}s`);

function csvRows(text: string, path: string): readonly ManifestRow[] {
  const [head, ...records] = parseCsv(text, path);
  const names = head?.fields.map((name) => name.trim().toLowerCase()) ?? [];
  const remedy = "Start the file with a header line, such as file,label,group";
  for (const name of ["file", "label"]) {
    if (!names.includes(name)) throw formatError(path, `the header line has no ${name} column`, remedy);
  }
  const near = names.find((name) => nearNames.includes(name));
  if (near && !names.includes(near.slice(0, -1))) {
    throw formatError(path, `unknown column "${near}"`, `Rename it to ${near.slice(0, -1)}`);
  }
  const twice = columns.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice) throw formatError(path, `the header line has two ${twice} columns`, remedy);
  return records.map(({ line, fields }) => {
    if (fields.length > names.length) {
      const problem = `it has ${fields.length} fields, but the header line has ${names.length} columns`;
      throw lineError(path, line, problem, "Quote fields that contain a comma");
    }
    return checkRow((name) => fields[names.indexOf(name)]?.trim() ?? "", line, path);
  });
}

interface CsvRecord {
  /** Line number of its beginning, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * RFC 4180: quoted fields may contain commas, line breaks and doubled quotes; lines end in LF, CRLF or CR. Empty lines
 * are skipped.
 */
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
      throw lineError(path, line, "unclosed quote", "Double the quotes inside a field");
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
  const remedy = 'Write one object per line, such as {"file":"a.mp4","label":"wave"}';
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw lineError(path, line, `invalid JSON (${(cause as Error).message})`, remedy);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw lineError(path, line, "not a JSON object", remedy);
  }
  const object = value as Readonly<Record<string, unknown>>;
  const field = (name: (typeof columns)[number]): string => {
    const given = object[name] ?? "";
    if (typeof given === "string" || typeof given === "number") return String(given).trim();
    throw lineError(path, line, `${name} must be a string or a number`, remedy);
  };
  const { label } = object;
  const listed = Array.isArray(label) && label.every((item) => typeof item === "string");
  return checkRow(field, line, path, listed ? (label as readonly string[]) : field("label").split(";"));
}
