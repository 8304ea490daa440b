import { basename } from "node:path";
import type { BenchRow } from "../bench/bench.ts";
import { csvLine } from "./csv.ts";
import { tableLines } from "./text.ts";

const columns = [
  "model",
  "machine",
  "device",
  "threads",
  "dtype",
  "peer",
  "p50Ms",
  "p95Ms",
  "framesPerSecond",
  "sessionMs",
  "copiedBytesPerStep",
  "peakRssBytes",
  "fileBytes",
  "ratio",
  "video",
  "decodeMs",
  "preprocessMs",
  "inferMs",
] as const satisfies readonly (keyof BenchRow)[];

const paths: ReadonlySet<string> = new Set(["model", "video"]);

/** Rows as CSV with a header line; what is not known is empty. Files are named without their folders. */
export function renderCsv(rows: readonly BenchRow[]): string {
  const cells = (row: BenchRow) =>
    columns.map((column) => (paths.has(column) ? basename(String(row[column] ?? "")) : row[column]));
  return `${[columns, ...rows.map(cells)].map(csvLine).join("\n")}\n`;
}

/** Rows as a table, of at most `room` cells a line where its numbers allow it. */
export function renderBench(rows: readonly BenchRow[], room: number): string {
  const videos = rows.filter((row) => row.video !== null).map(renderVideo);
  const steps = rows.filter((row) => row.video === null);
  return [...(steps.length > 0 ? [renderSteps(steps, room)] : []), ...videos].join("\n");
}

function renderVideo({
  model,
  video,
  framesPerSecond,
  decodeMs,
  preprocessMs,
  inferMs,
  p50Ms,
  peakRssBytes,
}: BenchRow): string {
  const seconds = (ms: number | null) => `${((ms ?? 0) / 1000).toFixed(2)} s`;
  return [
    `${basename(video ?? "")} with ${basename(model)}: ${framesPerSecond.toFixed(0)} frames/s, ${(peakRssBytes / 1e6).toFixed(0)} MB`,
    `  decode ${seconds(decodeMs)}, preprocess ${seconds(preprocessMs)}, infer ${seconds(inferMs)} (step p50 ${p50Ms} ms)`,
  ].join("\n");
}

function renderSteps(rows: readonly BenchRow[], room: number): string {
  const head = ["model", "by", "p50", "p95", "frames/s", "start", "memory", "vs peer"];
  const table = rows.map((row) => [
    basename(row.model),
    row.peer ?? "movinet",
    `${row.p50Ms} ms`,
    `${row.p95Ms} ms`,
    row.framesPerSecond.toFixed(0),
    `${row.sessionMs.toFixed(0)} ms`,
    `${(row.peakRssBytes / 1e6).toFixed(0)} MB`,
    row.ratio === null ? "" : `${row.ratio.toFixed(2)}×`,
  ]);
  return tableLines(head, table, 2, room).join("\n");
}
