import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import type { Facts } from "./report-data.ts";

/** What a run was made with, for its report. `backend` is the name of what computes. */
export function environmentFacts(backend: string): Facts {
  return {
    "computed by": backend,
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
    return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
  } catch {
    return null;
  }
}
