import { cpus, totalmem } from "node:os";
import { requireHere } from "../common/modules.node.ts";
import { encodePng, renderSvg } from "../plot/plot.node.ts";
import { buildReport } from "./report.ts";
import { type Chart, earlinessChart, reliabilityChart, trainingCharts } from "./report-charts.ts";
import type { Facts, RunReport } from "./report-data.ts";
import type { DrawnChart } from "./report-page.ts";

/**
 * A report as one HTML file that needs nothing else. Throws a `DependencyError` when vega or vega-lite is not installed.
 */
export async function renderReport(report: RunReport): Promise<string> {
  const { evaluation, history, bestEpoch, worst } = report;
  const early = evaluation?.early && earlinessChart(evaluation.early);
  const pictures = worst.map((clip) =>
    clip.pictures.map((picture) => `data:image/png;base64,${Buffer.from(encodePng(picture)).toString("base64")}`),
  );
  return buildReport(report, {
    training: await draw(history === null ? [] : trainingCharts(history, bestEpoch)),
    answers: await draw([...(evaluation ? [reliabilityChart(evaluation.calibration)] : []), ...(early ? [early] : [])]),
    pictures,
  });
}

/** Draws charts for a page. */
export function draw(charts: readonly Chart[]): Promise<readonly DrawnChart[]> {
  return Promise.all(charts.map(async (chart) => ({ chart, svg: await renderSvg(chart.spec, chart.description) })));
}

/** What a run was made with, for its report. `engine` is the name of what computes. */
export function environmentFacts(engine: string): Facts {
  return {
    engine: engine,
    "ONNX Runtime": versionOf("onnxruntime-node"),
    Node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? null,
    cores: cpus().length,
    memory: `${(totalmem() / 1e9).toFixed(0)} GB`,
  };
}

function versionOf(name: string): string | null {
  try {
    return (requireHere(`${name}/package.json`) as { version: string }).version;
  } catch {
    return null;
  }
}
