import { formatDuration } from "movinet";
import { ClipCache, checkDataset, openDataset } from "movinet/train";
import { interruptible } from "../interrupt.ts";
import type { Terminal } from "../terminal.ts";
import { renderReport } from "./report.ts";

export interface CheckSettings {
  readonly jobs: number | undefined;
  readonly terminal: Terminal;
}

/** Checks a dataset and returns the exit code: 0 fine, 1 problems were found, 130 interrupted. */
export function runCheck(path: string, { jobs, terminal }: CheckSettings): Promise<number> {
  const told = () => "interrupted. What was decoded stays in the cache.";
  return interruptible(terminal, (signal) => check(path, { jobs, terminal }, signal), told);
}

async function check(path: string, { jobs, terminal }: CheckSettings, signal: AbortSignal): Promise<number> {
  const dataset = await openDataset(path);
  const cache = new ClipCache();
  const progress = terminal.progress();
  const started = performance.now();
  let failed = 0;
  try {
    const report = await checkDataset(dataset, {
      cache,
      jobs,
      signal,
      onClip({ done, total, error }) {
        if (error) failed++;
        const left = ((performance.now() - started) / 1000 / done) * (total - done);
        const failures = failed > 0 ? `  ${failed} failed` : "";
        const detail = `${done}/${total} clips  ETA ${formatDuration(left)}${failures}`;
        progress.update({ done, total, label: "decoding", detail });
      },
    });
    progress.stop();
    const problems = report.findings.filter(({ severity }) => severity === "problem").length;
    if (terminal.json) terminal.result(JSON.stringify({ type: "dataset", ...report, problems }));
    else terminal.result(renderReport(report, { width: Math.min(terminal.width, 80), color: terminal.color }));
    return problems > 0 ? 1 : 0;
  } finally {
    progress.stop();
    await cache[Symbol.asyncDispose]();
  }
}
