import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGraph } from "../arch/build.ts";
import { Child, type ChildEnded } from "../common/child.node.ts";
import { ownModule } from "../common/modules.node.ts";
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

/**
 * Runs a model on clips of each of `lengths` frames, each in a separate process. Throws what running it throws, and
 * {@link ChildEnded} if a process dies.
 */
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
      const child = new Child<CostJob, CostAnswer>(ownModule("evaluate/cost-child.node"));
      const answer = await child.ask({ file, frames, device, threads }, signal).finally(() => child.end());
      costs.push({ frames, ...answer });
    }
    return costs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Multiply–accumulates of one call with this many frames, convolutions only (spec §1.6). `oneTap`: counts only the
 * newest tap of kernels that look back, as in a frame-by-frame network.
 */
export function callMacs({ spec }: Model, frames: number, oneTap = false): number {
  const graph = buildGraph(spec, { form: spec.mode === "stream" ? "step" : "clip", frames });
  return graph.nodes.reduce((sum, node) => {
    const taps = oneTap && node.op === "depthwise" ? node.time.taps : 1;
    return sum + macsOf(node, graph) / taps;
  }, 0);
}
