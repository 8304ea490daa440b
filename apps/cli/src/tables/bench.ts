import { basename } from "node:path";
import type { BenchRow } from "../bench/bench.ts";
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
  const cell = (value: string | number | null) => {
    const text = String(value ?? "");
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) =>
    columns.map((column) => cell(paths.has(column) ? basename(String(row[column] ?? "")) : row[column])).join(","),
  );
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}

/** Rows as a table of at most 80 cells a line. */
export function renderBench(rows: readonly BenchRow[]): string {
  const videos = rows.filter((row) => row.video !== null).map(renderVideo);
  const steps = rows.filter((row) => row.video === null);
  return [...(steps.length > 0 ? [renderSteps(steps)] : []), ...videos].join("\n");
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

function renderSteps(rows: readonly BenchRow[]): string {
  const head = ["model", "by", "p50", "p95", "frames/s", "start", "memory", "us / peer"];
  const table = rows.map((row) => [
    basename(row.model).slice(0, 20),
    row.peer ?? "movinet",
    `${row.p50Ms} ms`,
    `${row.p95Ms} ms`,
    row.framesPerSecond.toFixed(0),
    `${row.sessionMs.toFixed(0)} ms`,
    `${(row.peakRssBytes / 1e6).toFixed(0)} MB`,
    row.ratio === null ? "" : `${row.ratio.toFixed(2)}×`,
  ]);
  return tableLines(head, table, 2).join("\n");
}
