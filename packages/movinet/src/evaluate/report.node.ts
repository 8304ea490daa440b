import { cpus, totalmem } from "node:os";
import { requireHere } from "../common/modules.node.ts";
import { encodePng } from "../plot/png.node.ts";
import { buildReport } from "./report.ts";
import type { Facts, RunReport } from "./report-data.ts";

/** A report as one HTML file that needs nothing else. */
export function renderReport(report: RunReport): string {
  const pictures = report.worst.map((clip) =>
    clip.pictures.map((picture) => `data:image/png;base64,${Buffer.from(encodePng(picture)).toString("base64")}`),
  );
  return buildReport(report, pictures);
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
