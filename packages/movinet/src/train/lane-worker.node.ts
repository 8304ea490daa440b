/** The thread of one lane: started by `lanes.node.ts`, one message at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { MovinetError } from "../common/errors.ts";
import { type ClipInput, loadClip } from "./clip-input.node.ts";
import { Lane, type LaneItem, type LaneSetup } from "./lane.ts";
import type { LaneAnswer } from "./lanes.node.ts";

interface Start {
  readonly setup: LaneSetup;
  readonly weights: SharedArrayBuffer;
  readonly gradients: SharedArrayBuffer;
}
type Request =
  | { readonly items: readonly LaneItem<ClipInput>[]; readonly learn: { readonly total: number } | null }
  | { readonly source: ClipInput; readonly key: string };

const { setup, weights, gradients } = workerData as Start;
const lane = new Lane<ClipInput>(setup, weights, gradients, loadClip);

async function answer(request: Request): Promise<LaneAnswer> {
  try {
    if ("items" in request) return { result: await lane.run(request.items, request.learn) };
    return { features: await lane.features(request.source, request.key) };
  } catch (error) {
    if (!(error instanceof MovinetError)) return { error };
    const { code, subject, problem, remedy } = error;
    return { told: { code, subject, problem, remedy } };
  }
}

parentPort?.on("message", async (request: Request) => parentPort?.postMessage(await answer(request)));
