/** The thread of one lane: started by `lanes.node.ts`. */
import { workerData } from "node:worker_threads";
import { answerRequests } from "../common/thread.node.ts";
import { type ClipInput, loadClip } from "./clip-input.node.ts";
import { Lane, type LaneSetup } from "./lane.ts";
import type { LaneRequest } from "./lanes.node.ts";

interface Start {
  readonly setup: LaneSetup;
  readonly weights: SharedArrayBuffer;
  readonly gradients: SharedArrayBuffer;
}

const { setup, weights, gradients } = workerData as Start;
const lane = new Lane<ClipInput>(setup, weights, gradients, loadClip);

answerRequests((request: LaneRequest) =>
  "items" in request ? lane.run(request.items, request.learn) : lane.features(request.source, request.key),
);
