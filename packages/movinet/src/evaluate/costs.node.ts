import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildGraph } from "../arch/build.ts";
import { moduleBeside } from "../common/process.node.ts";
import { writeError, writeWhole } from "../common/write.node.ts";
import { writeModel } from "../formats/model-file.ts";
import { macsOf } from "../graph/shapes.ts";
import type { Model } from "../model/model.ts";
import type { CostAnswer, CostJob } from "./cost-child.node.ts";
import type { Cost } from "./family.ts";

export interface MeasureCostsOptions {
  readonly device: string;
  readonly threads: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a model on clips of each of `lengths` frames, each in a process of its own. Throws an `Error` where one fails. */
export async function measureCosts(
  model: Model,
  lengths: readonly number[],
  { device, threads, signal }: MeasureCostsOptions,
): Promise<readonly Cost[]> {
  const folder = await mkdtemp(join(tmpdir(), "movinet-costs-")).catch((cause: unknown) => {
    throw writeError(tmpdir(), cause);
  });
  const file = join(folder, "model.safetensors");
  try {
    await writeWhole(file, writeModel(model));
    const costs: Cost[] = [];
    for (const frames of lengths) {
      signal?.throwIfAborted();
      const { callMs, peakBytes } = await measure({ file, frames, device, threads: threads ?? null }, signal);
      costs.push({ frames, callMs, peakBytes });
    }
    return costs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(job: CostJob, signal: AbortSignal | undefined): Promise<CostAnswer> {
  const child: ChildProcess = fork(
    fileURLToPath(moduleBeside("cost-child.node", import.meta.url)),
    [JSON.stringify(job)],
    {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: ["--disable-warning=ExperimentalWarning"],
    },
  );
  const end = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", end);
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = text.trim().split("\n").at(-1) || complaint;
  });
  try {
    return await new Promise<CostAnswer>((resolve, reject) => {
      child.once("message", (answer) => resolve(answer as CostAnswer));
      child.once("error", reject);
      child.once("close", (code, by) => reject(new Error(complaint || `measuring ended with ${code ?? by}`)));
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

/**
 * Multiply–accumulates of one call with so many frames, convolutions only (spec §1.6). `oneTap`: kernels that look back
 * are counted as if they had their newest tap only, as in a frame-by-frame network.
 */
export function callMacs({ spec }: Model, frames: number, oneTap = false): number {
  const graph = buildGraph(spec, { call: spec.mode === "stream" ? "step" : "clip", frames });
  return graph.nodes.reduce((sum, node) => {
    const taps = oneTap && node.op === "depthwise" ? node.time.taps : 1;
    return sum + macsOf(node, graph) / taps;
  }, 0);
}
